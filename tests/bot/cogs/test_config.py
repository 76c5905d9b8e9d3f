"""`/config`, as a manager of the server uses it."""

import asyncio
from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.database import Database
from tuxdb.models import GuildConfig

ROOMY = "x" * 3000


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("config",)}


async def config_of(world: World) -> GuildConfig:
    return await world.db.guild_config.effective(world.guild.id)


async def set_key(world: World, key: str, value: str, **more: Any) -> str:
    reply = await world.discord.slash(
        world.manager, "config set", key=key, value=value, **more
    )
    assert reply.ephemeral
    return reply.text


async def test_the_command_is_for_who_manages_the_server(world: World) -> None:
    command = world.discord.command("config")

    assert command["default_member_permissions"] == str(1 << 5)
    assert command["contexts"] == [0]
    assert command["integration_types"] == [0]


async def test_a_key_is_set_and_the_reply_says_what_changed(world: World) -> None:
    text = await set_key(world, "points.daily_send", "500")

    assert "points.daily_send" in text
    assert "— → 500" in text
    assert (await config_of(world)).settings == {"points": {"daily_send": 500}}


async def test_other_keys_stay_as_they_are(world: World) -> None:
    await set_key(world, "prefix", "!")
    await set_key(world, "points.daily_send", "500")
    await set_key(world, "bot.ping_receiver", "on")
    await set_key(world, "points.max_balance", "9000")

    found = await config_of(world)

    assert found.prefix == "!"
    assert found.settings == {
        "points": {"daily_send": 500, "max_balance": 9000},
        "bot": {"ping_receiver": True},
    }


async def test_a_change_is_recorded_with_its_author_and_can_be_undone(
    world: World,
) -> None:
    text = await set_key(world, "prefix", "!")

    (change,) = (await world.db.changes.list()).items
    assert change.command == "/config set"
    assert change.actor == f"discord:{world.manager.id}"
    assert str(change.id) in text


async def test_setting_what_is_so_already_changes_nothing(world: World) -> None:
    await set_key(world, "prefix", "!")

    assert "nothing was changed" in await set_key(world, "prefix", "!")


async def test_the_model_says_what_is_wrong_in_its_own_words(world: World) -> None:
    assert "is not a whole number from 0" in await set_key(
        world, "points.daily_send", "-5"
    )
    assert "is not a known time zone" in await set_key(
        world, "points.timezone", "Europe/Berln"
    )
    assert "is longer than 10 characters" in await set_key(world, "prefix", "!" * 11)
    assert "is not JSON" in await set_key(world, "settings", "{")
    assert (await config_of(world)).settings == {}


async def test_an_unknown_key_is_answered_with_those_that_may_be_meant(
    world: World,
) -> None:
    text = await set_key(world, "points.daly_send", "5", forced=True)

    assert r"points.daily\_send" in text


async def test_a_channel_is_given_as_a_mention_and_must_be_of_this_server(
    world: World,
) -> None:
    here = world.discord.channel(world.guild, "mod-log")
    other = world.discord.guild("Elsewhere", world.founder.user, [])
    there = world.discord.channel(other, "secrets")
    await asyncio.sleep(0.1)

    assert here.mention in await set_key(world, "mod_log_id", here.mention)
    assert "is not a channel of this server" in await set_key(
        world, "mod_log_id", str(there.id)
    )
    assert (await config_of(world)).mod_log_id == here.id
    assert "—" in await set_key(world, "mod_log_id", "none")
    assert (await config_of(world)).mod_log_id is None


async def test_manager_roles_are_roles_of_this_server(world: World) -> None:
    bankers = world.discord.role(world.guild, "Bankers")
    await asyncio.sleep(0.1)

    await set_key(world, "bot.manager_roles", f"{bankers.mention}, {bankers.id}")
    refused = await set_key(world, "bot.manager_roles", f"{world.guild.id}")

    assert "everybody" in refused
    found = await config_of(world)
    assert found.settings == {"bot": {"manager_roles": [str(bankers.id)]}}


async def test_a_role_that_may_manage_points_may_not_change_the_settings(
    world: World,
) -> None:
    bankers = world.discord.role(world.guild, "Bankers")
    await set_key(world, "bot.manager_roles", bankers.mention)
    world.alice.roles.append(bankers)

    reply = await world.discord.slash(
        world.alice, "config set", key="prefix", value="!", forced=True
    )

    assert "Manage Server" in reply.text
    assert (await config_of(world)).prefix == "$"


@pytest.mark.parametrize("verb", ["show", "set", "reset"])
async def test_a_forced_command_of_a_member_is_refused(world: World, verb: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "set": {"key": "prefix", "value": "!"},
        "reset": {"key": "prefix"},
    }

    reply = await world.discord.slash(
        world.mallory, f"config {verb}", forced=True, **options.get(verb, {})
    )

    assert reply.ephemeral
    assert "Manage Server" in reply.text
    assert await world.db.guild_config.get_config_by_guild_id(world.guild.id) is None


async def test_config_itself_cannot_be_switched_off(world: World) -> None:
    assert "cannot hold config" in await set_key(world, "bot.cogs_off", "config")
    assert "cannot hold config" in await set_key(
        world, "settings", '{"bot": {"cogs_off": ["config"]}}'
    )


async def test_reset_puts_a_key_back(world: World) -> None:
    await set_key(world, "prefix", "!")
    await set_key(world, "points.daily_send", "500")

    for key in ("prefix", "points.daily_send"):
        await world.discord.slash(world.manager, "config reset", key=key)

    found = await config_of(world)
    assert (found.prefix, found.settings) == ("$", {})


async def test_show_lists_every_key_and_escapes_what_people_wrote(
    world: World,
) -> None:
    await set_key(world, "prefix", "@everyone"[:10])
    await set_key(world, "bot.locale", "de")

    reply = await world.discord.slash(world.manager, "config show")

    assert "@everyone" not in reply.text
    assert "`bot.locale` de" in reply.text
    assert not reply.pings


async def test_a_block_cannot_be_ended_from_within(world: World) -> None:
    await set_key(world, "settings", '{"motd": "``` **bold** <@1>"}')

    reply = await world.discord.slash(world.manager, "config show", key="settings")

    assert reply.text.count("```") == 2


async def test_long_settings_fit_into_the_reply(world: World) -> None:
    reply = await set_key(world, "settings", f'{{"motd": "{ROOMY}"}}')

    assert "Setting changed" in reply


async def test_keys_are_completed_by_any_part(world: World) -> None:
    found = await world.discord.autocomplete(
        world.manager, "config set", "key", "daily"
    )

    assert [choice["value"] for choice in found] == [
        "points.daily_send",
        "points.daily_receive",
    ]


async def test_another_process_hears_of_a_change(world: World) -> None:
    async with Database.open(world.settings) as other:
        assert await other.guild_config.get_cached_config(world.guild.id) is None
        await asyncio.sleep(0.3)
        await other.guild_config.get_cached_config(world.guild.id)

        await set_key(world, "prefix", "!")

        for _ in range(50):
            found = await other.guild_config.get_cached_config(world.guild.id)
            if found is not None and found.prefix == "!":
                break
            await asyncio.sleep(0.02)
        assert found is not None
        assert found.prefix == "!"


async def test_two_servers_keep_apart(world: World) -> None:
    other = world.discord.guild("Elsewhere", world.founder.user, [])
    await asyncio.sleep(0.1)
    founder = other.members[world.founder.id]

    await set_key(world, "prefix", "!")
    await world.discord.slash(founder, "config set", key="prefix", value="?")

    assert (await config_of(world)).prefix == "!"
    assert (await world.db.guild_config.effective(other.id)).prefix == "?"


async def test_settings_that_are_made_at_once_are_all_kept(world: World) -> None:
    rules = ("max_balance", "daily_send", "daily_receive", "start_balance")

    texts = await asyncio.gather(
        *(set_key(world, f"points.{rule}", "7") for rule in rules),
        set_key(world, "prefix", "!"),
        set_key(world, "bot.locale", "de"),
    )

    found = await config_of(world)
    assert all("changed" in text for text in texts)
    assert found.prefix == "!"
    assert found.settings == {
        "points": dict.fromkeys(rules, 7),
        "bot": {"locale": "de"},
    }
