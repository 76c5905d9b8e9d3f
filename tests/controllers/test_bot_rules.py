"""A guild's rules for the bot, and what the bot knows of its commands."""

import asyncio
import json

import asyncpg
import pytest

from tests.harness.economy import GUILD
from tests.models.test_guild_settings import BAD_BOT_RULES, FULL
from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models.guild_settings import BotRules

INSERT = "INSERT INTO guild_configs (guild_id, settings) VALUES (1, $1)"


async def test_a_rule_is_set_beside_all_others(db: Database) -> None:
    await db.guild_config.upsert(guild_id=GUILD, settings={"welcome": "hi"})

    await db.guild_config.set_points_rule(GUILD, "daily_send", 5)
    await db.guild_config.set_bot_rule(GUILD, "locale", "de")
    config = await db.guild_config.set_bot_rule(GUILD, "ping_receiver", value=True)

    assert config.settings == {
        "welcome": "hi",
        "points": {"daily_send": 5},
        "bot": {"locale": "de", "ping_receiver": True},
    }
    cleared = await db.guild_config.set_bot_rule(GUILD, "locale", None)
    assert cleared.settings["bot"] == {"ping_receiver": True}


async def test_a_guild_without_configuration_gets_one(db: Database) -> None:
    config = await db.guild_config.set_bot_rule(GUILD, "manager_roles", ["123"])

    assert config.settings == {"bot": {"manager_roles": ["123"]}}


async def test_a_bad_rule_changes_nothing(db: Database) -> None:
    with pytest.raises(InvalidValue, match=r"^settings\.bot\.locale is not a language"):
        await db.guild_config.set_bot_rule(GUILD, "locale", "xx")

    assert await db.guild_config.get_config_by_guild_id(GUILD) is None


async def test_rules_are_cached_and_heard_of_when_another_process_sets_one(
    db: Database,
) -> None:
    assert await db.guild_config.bot_rules(GUILD) == BotRules()

    async with Database.open(db.settings) as other:
        await other.guild_config.set_bot_rule(GUILD, "confirm_from", 100)
    async with asyncio.timeout(5):
        while (await db.guild_config.bot_rules(GUILD)).confirm_from is None:  # noqa: ASYNC110 - not our event
            await asyncio.sleep(0.02)

    assert await db.guild_config.bot_rules(GUILD) == BotRules(confirm_from=100)


@pytest.mark.parametrize(("rule", "value"), [*BAD_BOT_RULES, ("", [])])
async def test_plain_sql_cannot_write_a_bad_rule(
    db: Database, rule: str, value: object
) -> None:
    settings = {"bot": {rule: value} if rule else value}
    connection = await db.connect()
    await connection.execute("INSERT INTO guilds (id) VALUES (1)")
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="bot_rules"):
            await connection.execute(INSERT, json.dumps(settings))
    finally:
        await connection.close()


@pytest.mark.parametrize("bot", [FULL, {}])
async def test_plain_sql_can_write_good_ones(
    db: Database, bot: dict[str, object]
) -> None:
    connection = await db.connect()
    await connection.execute("INSERT INTO guilds (id) VALUES (1)")
    await connection.execute(INSERT, json.dumps({"bot": bot}))
    await connection.close()

    assert (await db.guild_config.effective(GUILD)).settings == {"bot": bot}


async def test_commands_are_remembered_by_application(db: Database) -> None:
    assert await db.commands.known(5) is None

    for content_hash in ("aa", "bb"):
        await db.commands.remember(5, content_hash)
    await db.commands.remember(6, "cc")

    assert await db.commands.known(5) == "bb"
    assert await db.commands.known(6) == "cc"
    with pytest.raises(InvalidValue):
        await db.commands.remember(0, "x")
