"""Trying the bot in a terminal."""

import pytest

from tests.bot.playground.conftest import Typing


async def test_points_are_transferred(typing: Typing) -> None:
    shown = await typing(
        """
        /points transfer @bob 50 for lunch
        as bob
        /points balance
        """
    )

    assert "tuxdb (bot), only alice sees this" in shown
    assert "You sent 50 points to @bob." in shown
    assert "Reason: for lunch" in shown
    assert "@bob has 150 points." in shown


async def test_a_refusal_is_shown(typing: Typing) -> None:
    shown = await typing("/points transfer @bob 5000")

    assert "You have 100 points; 5,000 are needed." in shown


async def test_a_button_is_pressed(typing: Typing) -> None:
    shown = await typing(
        """
        as carol
        /points-admin grant role:@Moderators amount:5 reason:weekly
        press 1
        press 1
        """
    )

    assert "[1: Confirm]   [2: Cancel]" in shown
    assert "1 member got 5 points each" in shown
    assert "there is nothing to press under 1" in shown


async def test_a_form_is_filled_in(typing: Typing) -> None:
    shown = await typing(
        """
        as carol
        /config set key:prefix
        !
        """
    )

    assert "a form opens" in shown
    assert "only carol sees this" in shown


async def test_an_option_is_completed(typing: Typing) -> None:
    shown = await typing(
        """
        as carol
        /points-admin reverse ?
        /points-admin reverse zzz?
        """
    )

    assert "grant 100" in shown
    assert "nothing is offered for entry" in shown


async def test_commands_and_options_are_listed(typing: Typing) -> None:
    shown = await typing(
        """
        ?
        /points ?
        /points transfer ?
        /points
        help
        people
        """
    )

    assert "menu Show points" in shown
    assert shown.count("/points leaderboard") == 3
    assert "amount: number  " in shown
    assert "reason: text, optional" in shown
    assert "press a button" in shown
    assert "@carol  may manage the server" in shown
    assert "/points-admin" not in shown


async def test_what_discord_would_not_let_through_is_said(typing: Typing) -> None:
    shown = await typing(
        """
        /points transfer @bob -5
        /points transfer @nobody 5
        /points transfer @bob five
        /points transfer @bob
        /points steal
        /ban @bob
        /points transfer "@bob
        transfer
        press
        again
        """
    )

    for sentence in (
        "amount is at least 1",
        "there is no user @nobody",
        "amount is no number: five",
        "amount is required",
        "there is no command /points steal",
        "there is no command /ban",
        "a quotation mark is missing",
        "commands begin with a slash; help shows the others",
        "there is nothing to press under no number",
        "nothing was done yet",
    ):
        assert sentence in shown


async def test_a_second_delivery_changes_nothing(typing: Typing) -> None:
    shown = await typing(
        """
        /points transfer @bob 5
        again
        /points balance
        """
    )

    assert "refused by Discord with: 40060" in shown
    assert "@alice has 95 points." in shown


async def test_members_leave_and_return(typing: Typing) -> None:
    shown = await typing(
        """
        leave @bob
        /points balance @bob
        join bob
        /points balance @bob
        in #random
        say hello
        menu Show points @bob
        """
    )

    assert "there is no user @bob" in shown
    assert shown.count("@bob has 100 points.") == 2
    assert "alice #random> say hello" in shown


async def test_a_member_is_moderated(typing: Typing) -> None:
    shown = await typing(
        """
        as mike
        /warn @alice spam and more
        /timeout @alice 1h spam
        people
        as otto
        /tuxdb status
        """
    )

    assert "@alice  a member, timed out" in shown
    assert "there is no command" not in shown


async def test_the_people_are_the_same_at_the_next_start(typing: Typing) -> None:
    await typing("/points transfer @bob 50")

    shown = await typing("/points balance")

    assert "@alice has 50 points." in shown


@pytest.mark.parametrize("text", ["\x1b[31mred", "\u202eleft", "a\rb"])
async def test_hostile_text_does_not_stop_it(typing: Typing, text: str) -> None:
    shown = await typing(f"/points transfer @bob 1 {text}x")

    assert "You sent 1 point to @bob." in shown
