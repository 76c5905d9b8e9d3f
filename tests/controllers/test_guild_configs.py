"""Guild configuration and what is cached of it.

`TTL_ONLY` hears nothing from the server, so that what is not forgotten here stays.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import true

from tests.harness.listening import until
from tests.harness.wire import COMMIT, EXECUTE, Wire, lose_the_answer
from tuxdb.database import Database
from tuxdb.errors import InvalidValue, OutcomeUnknown
from tuxdb.models import GuildConfig
from tuxdb.settings import Settings

GUILD, OTHER = 1, 2


@pytest.fixture
async def deaf(settings: Settings) -> AsyncIterator[Database]:
    """The toolkit without notifications, with two guilds configured and cached."""
    async with Database.open(replace(settings, cache_listen=False)) as database:
        await database.guild_config.bulk_create(
            [{"guild_id": GUILD}, {"guild_id": OTHER}]
        )
        for guild in (GUILD, OTHER):
            await database.guild_config.get_cached_config(guild)
        yield database


async def prefix(db: Database, guild: int = GUILD) -> str | None:
    """The prefix as it is cached."""
    config = await db.guild_config.get_cached_config(guild)
    return config.prefix if config else None


async def test_a_configuration_has_its_defaults(db: Database) -> None:
    config = await db.guild_config.create(guild_id=GUILD)

    assert (config.prefix, config.settings, config.mod_log_id) == ("$", {}, None)
    assert await db.guild_config.get_config_by_guild_id(GUILD) == config
    assert await db.guild_config.get_config_by_guild_id(OTHER) is None


async def test_get_or_create_config_keeps_the_first(db: Database) -> None:
    first = await db.guild_config.get_or_create_config(GUILD, prefix="!")
    second = await db.guild_config.get_or_create_config(GUILD, prefix="?")

    assert (first.prefix, second.prefix) == ("!", "!")


async def test_get_or_create_config_by_many_at_once_makes_one(db: Database) -> None:
    found = await asyncio.gather(
        *(db.guild_config.get_or_create_config(GUILD) for _ in range(20))
    )

    assert len({config.created_at for config in found}) == 1


async def test_an_update_is_seen_at_once_and_by_that_key_only(deaf: Database) -> None:
    others = deaf.cache(GuildConfig)
    assert len(others) == 2

    await deaf.guild_config.update_config(GUILD, prefix="!")

    assert len(others) == 1
    assert (await prefix(deaf), await prefix(deaf, OTHER)) == ("!", "$")


async def test_absence_is_cached_until_the_row_is_made(deaf: Database) -> None:
    assert await prefix(deaf, 3) is None
    await deaf.guild_config.get_or_create_config(3, prefix="!")
    assert await prefix(deaf, 3) == "!"

    assert await prefix(deaf, 4) is None
    await deaf.guild_config.create(guild_id=4, prefix="?")
    assert await prefix(deaf, 4) == "?"


ROW = {"guild_id": GUILD, "prefix": "!"}


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda c: c.update_by_id(GUILD, prefix="!"), "!"),
        (lambda c: c.upsert(**ROW), "!"),
        (lambda c: c.bulk_update([ROW]), "!"),
        (lambda c: c.bulk_upsert([ROW]), "!"),
        (lambda c: c.update_where(GuildConfig.guild_id == GUILD, prefix="!"), "!"),
        (lambda c: c.delete_by_id(GUILD), None),
        (lambda c: c.bulk_delete([GUILD]), None),
        (lambda c: c.delete_where(true()), None),
    ],
)
async def test_every_way_to_change_it_is_seen_at_once(
    deaf: Database, change: Callable[[object], Awaitable[object]], seen: str | None
) -> None:
    assert await prefix(deaf) == "$"

    await change(deaf.guild_config)

    assert await prefix(deaf) == seen


async def test_what_is_not_committed_is_not_cached(deaf: Database) -> None:
    async with deaf.transaction():
        await deaf.guild_config.update_config(GUILD, prefix="!")
        assert await prefix(deaf) == "$"
        async with deaf.transaction():
            await deaf.guild_config.update_config(OTHER, prefix="?")
        assert await prefix(deaf, OTHER) == "$"

    assert (await prefix(deaf), await prefix(deaf, OTHER)) == ("!", "?")


async def test_a_change_by_a_session_that_was_given_is_seen(deaf: Database) -> None:
    async with deaf.session() as session:
        await deaf.guild_config.update_config(GUILD, session=session, prefix="!")
        assert await prefix(deaf) == "$"

    assert await prefix(deaf) == "!"


async def test_a_change_that_was_rolled_back_leaves_what_is_true(
    deaf: Database,
) -> None:
    async def break_off() -> None:
        async with deaf.transaction():
            await deaf.guild_config.update_config(GUILD, prefix="!")
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()

    assert await prefix(deaf) == "$"


@pytest.mark.parametrize("part", [EXECUTE, COMMIT])
async def test_a_change_of_unknown_outcome_is_read_anew(
    wire: Wire, settings: Settings, part: bytes
) -> None:
    far = replace(settings, url=wire.url, cache_listen=False)
    async with Database.open(far) as distant:
        await distant.guild_config.create(guild_id=GUILD)
        assert await prefix(distant) == "$"
        wire.strike_at(part, lose_the_answer)

        async def change() -> None:
            if part is EXECUTE:
                await distant.guild_config.update_config(GUILD, prefix="!")
                return
            async with distant.transaction():
                await distant.guild_config.update_config(GUILD, prefix="!")

        with pytest.raises(OutcomeUnknown):
            await change()

        assert await prefix(distant) == "!"


async def test_another_service_hears_of_a_change(
    db: Database, settings: Settings
) -> None:
    await db.guild_config.create(guild_id=GUILD)
    async with Database.open(settings) as other:
        assert await prefix(other) == "$"
        await db.guild_config.update_config(GUILD, prefix="!")
        cache = other.cache(GuildConfig)
        await until(lambda: len(cache) == 0)

        assert await prefix(other) == "!"


async def test_a_cached_configuration_is_the_callers_own(db: Database) -> None:
    await db.guild_config.create(guild_id=GUILD, settings={"words": ["hi"]})
    first = await db.guild_config.get_cached_config(GUILD)
    assert first is not None
    first.prefix = "!"
    first.settings["words"].append("there")

    second = await db.guild_config.get_cached_config(GUILD)

    assert second is not None
    assert (second.prefix, second.settings) == ("$", {"words": ["hi"]})


async def test_guilds_without_a_configuration_have_the_defaults(db: Database) -> None:
    config = await db.guild_config.effective(GUILD)

    assert (config.guild_id, config.prefix, config.settings) == (GUILD, "$", {})
    assert await db.guild_config.count() == 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"prefix": " "}, "prefix must not be blank"),
        ({"prefix": "x" * 11}, "prefix is longer than 10 characters"),
        ({"settings": []}, "settings is not an object"),
        ({"mod_log_id": 0}, "mod_log_id is less than 1"),
        ({"prefix": None}, "prefix is not a text"),
    ],
)
async def test_bad_values_are_named(
    db: Database, values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        await db.guild_config.create(guild_id=GUILD, **values)

    assert str(error.value) == problem
