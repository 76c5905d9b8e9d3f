"""The real discord.py in conversation with people at the double."""

import discord as dpy
import pytest

from tests.bot.double.sample import Sample
from tuxdb.bot.double import DiscordDouble, Member, NotOffered


async def test_a_command_is_answered(
    discord: DiscordDouble, client: Sample, ann: Member, ben: Member
) -> None:
    reply = await discord.slash(ann, "hello", member=ben)

    assert reply.content == f"hello {ben.mention}"
    assert reply.embeds[0]["title"] == "Hello"
    assert reply.labels == ["Yes", "No"]
    assert not reply.ephemeral
    assert not reply.pings


async def test_a_deferred_command_is_edited_and_followed_up(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "slow")

    assert reply.text == "at last\nand more"
    assert reply.ephemeral
    assert [edit["flags"] for edit in reply.edits] == [64 | 128]


async def test_a_first_follow_up_takes_the_place_of_a_deferral(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "paper")

    (upload,) = reply.shown.uploads if reply.shown else []
    assert (upload.name, upload.content) == ("table.csv", b"a,b\n1,2\n")
    assert reply.followups == []
    assert reply.ephemeral


async def test_a_second_acknowledgement_is_refused(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "twice")

    assert reply.refused == [40060]
    assert reply.thinking
    assert isinstance(client.errors[0], dpy.HTTPException)
    assert client.errors[0].code == 40060


async def test_the_same_interaction_delivered_twice_is_acknowledged_once(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "slow")

    discord.redeliver(reply)
    await client.until(lambda: reply.refused)

    assert reply.refused == [40060]


async def test_who_never_answers_did_not_respond(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "late")

    assert reply.error == "The application did not respond"
    assert reply.deferred_after is None


async def test_an_answer_after_three_seconds_is_for_an_unknown_interaction(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.delay(3.1, on="/callback")

    reply = await discord.slash(ann, "slow")

    assert reply.error == "The application did not respond"
    await client.until(lambda: client.errors)
    assert isinstance(client.errors[0], dpy.NotFound)
    assert client.errors[0].code == 10062


async def test_a_token_lasts_for_a_quarter_of_an_hour(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    await discord.slash(ann, "slow")
    assert client.last is not None
    discord.replies[-1].began -= 900

    with pytest.raises(dpy.HTTPException) as caught:
        await client.last.edit_original_response(content="too late")

    assert (caught.value.status, caught.value.code) == (401, 50027)


async def test_a_button_changes_its_message(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    shown = await discord.slash(ann, "hello")

    pressed = await discord.press(ann, shown, "Yes")

    assert shown.content == pressed.content == "done"
    assert shown.buttons == []
    with pytest.raises(NotOffered):
        await discord.press(ann, shown, "Yes")


async def test_another_may_press_what_all_see(
    discord: DiscordDouble, client: Sample, ann: Member, ben: Member
) -> None:
    shown = await discord.slash(ann, "hello")

    pressed = await discord.press(ben, shown, "no")

    assert pressed.content == "no then"
    assert pressed.ephemeral
    assert shown.labels == ["Yes", "No"]


async def test_nobody_else_sees_an_ephemeral_message(
    discord: DiscordDouble, client: Sample, ann: Member, ben: Member
) -> None:
    shown = await discord.slash(ann, "slow")

    with pytest.raises(NotOffered, match="ben does not see that message"):
        await discord.press(ben, shown, "Yes", forced=False)


async def test_a_select_is_chosen_from(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    shown = await discord.slash(ann, "hello")

    await discord.select(ann, shown, "B")

    assert shown.content == "picked B"
    with pytest.raises(NotOffered):
        await discord.select(ann, shown, "C")


async def test_a_modal_is_filled_in(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    shown = await discord.slash(ann, "ask")

    sent = await discord.submit(ann, shown, Text="some words")

    assert shown.modal is not None
    assert shown.modal["title"] == "A form"
    assert sent.content == "wrote some words"
    with pytest.raises(NotOffered, match="from 0 to 20 characters"):
        await discord.submit(ann, shown, Text="x" * 21)


async def test_an_option_is_completed(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    choices = await discord.autocomplete(ann, "count", "number", "7")

    assert choices[0] == {"name": "7 0", "value": 0}


async def test_a_context_menu_is_used_on_a_member(
    discord: DiscordDouble, client: Sample, ann: Member, ben: Member
) -> None:
    reply = await discord.menu(ann, "Greet", ben)

    assert reply.content == "hi ben"


async def test_what_the_client_of_a_person_refuses_can_be_forced(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    with pytest.raises(NotOffered, match="number is at least 1"):
        await discord.slash(ann, "count", number=-5)

    reply = await discord.slash(ann, "count", number=-5, forced=True)

    assert reply.content == "counted -5"


async def test_choices_are_known_by_their_names(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "colour", which="Red")

    assert reply.content == "r"
    with pytest.raises(NotOffered, match="which is one of Red, Blue"):
        await discord.slash(ann, "colour", which="Green")


async def test_a_command_for_managers_is_hidden_from_others(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    with pytest.raises(NotOffered, match="admin is not shown to ann"):
        await discord.slash(ann, "admin reset")

    founder = ann.guild.owner
    assert (await discord.slash(founder, "admin reset")).content == "reset"
    assert (await discord.slash(ann, "admin reset", forced=True)).content == "reset"


async def test_permissions_of_a_sub_command_are_dropped(
    discord: DiscordDouble, client: Sample
) -> None:
    registered = discord.command("admin")

    assert registered["default_member_permissions"] == "32"
    assert registered["contexts"] == [0]
    assert "default_member_permissions" not in registered["options"][0]


async def test_a_text_that_is_too_long_is_refused_with_its_place(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = discord.start(ann, "boom")

    await client.until(lambda: client.errors)

    assert reply.deferred_after is None
    assert str(client.errors[0]) == (
        "400 Bad Request (error code: 50035): Invalid Form Body\n"
        "In data.content: Must be 2000 or fewer in length."
    )


async def test_messages_of_people_are_heard_without_their_content(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.say(ann, "secret")
    discord.say(ann, f"{discord.realm.bot.mention} hello")

    await client.until(lambda: len(client.heard) > 1)

    assert [message.content for message in client.heard] == [
        "",
        f"{discord.realm.bot.mention} hello",
    ]
    assert client.heard[0].author.id == ann.id


async def test_a_command_is_used_where_the_bot_and_a_person_are_alone(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    alone = discord.direct(ann.user)

    reply = await discord.slash(ann, "slow", where=alone)

    assert reply.content == "and more"
    assert client.last is not None
    assert client.last.guild_id is None
    with pytest.raises(NotOffered):
        await discord.slash(ann.guild.owner, "admin reset", where=alone)


async def test_a_follow_up_after_a_deleted_answer_is_a_new_message(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    reply = await discord.slash(ann, "withdraw")

    assert reply.original is not None
    assert reply.original.deleted
    assert not reply.original.ephemeral
    assert reply.ephemeral
    assert reply.text == "only for you"


async def test_a_reason_pings_nobody_unless_it_may(
    discord: DiscordDouble, client: Sample, ann: Member, ben: Member
) -> None:
    quiet = await discord.slash(ann, "hello", member=ben)
    loud = await discord.slash(ann, "shout", member=ben)

    assert quiet.pings == set()
    assert loud.pings == {ben.id}
