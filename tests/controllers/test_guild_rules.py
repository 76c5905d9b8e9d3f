"""A guild's rules about points are checked wherever they are written."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.harness.economy import ANN, BOB, GUILD, join
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import InvalidValue

BAD = {"points": {"daily_send": "many"}}


async def write(db: Database, way: str, settings: dict[str, Any]) -> None:
    """Each of the ways in which settings are written."""
    ways: dict[str, Any] = {
        "create": lambda: db.guild_config.create(guild_id=9, settings=settings),
        "update": lambda: db.guild_config.update_config(GUILD, settings=settings),
        "upsert": lambda: db.guild_config.upsert(guild_id=GUILD, settings=settings),
        "get_or_create": lambda: db.guild_config.get_or_create_config(
            9, settings=settings
        ),
        "bulk_create": lambda: db.guild_config.bulk_create(
            [{"guild_id": 9, "settings": settings}]
        ),
        "bulk_update": lambda: db.guild_config.bulk_update(
            [{"guild_id": GUILD, "settings": settings}]
        ),
        "bulk_upsert": lambda: db.guild_config.bulk_upsert(
            [{"guild_id": GUILD, "settings": settings}], ["guild_id"]
        ),
    }
    await ways[way]()


@pytest.fixture
async def _config(db: Database) -> None:
    await db.guild_config.create(guild_id=GUILD, settings={"welcome": "hi"})


@pytest.mark.usefixtures("_config")
@pytest.mark.parametrize(
    "way",
    [
        "create",
        "update",
        "upsert",
        "get_or_create",
        "bulk_create",
        "bulk_update",
        "bulk_upsert",
    ],
)
async def test_a_bad_rule_is_refused_by_name(db: Database, way: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        await write(db, way, BAD)

    assert caught.value.field.removeprefix("row 1: ") == "settings.points.daily_send"
    kept = await db.guild_config.get_config_by_guild_id(GUILD)
    assert kept
    assert kept.settings == {"welcome": "hi"}


@pytest.mark.usefixtures("_config")
@pytest.mark.parametrize(
    "points",
    [
        '"x"',
        "[]",
        "null",
        '{"daily_send": "5"}',
        '{"daily_send": [5]}',
        '{"daily_send": null}',
        '{"daily_receive": -1}',
        '{"daily_receive": 1.5}',
        '{"max_balance": 0}',
        '{"max_balance": 9007199254740992}',
        '{"max_balance": 5, "start_balance": 6}',
        '{"timezone": "Europe/Berln"}',
        '{"timezone": 5}',
    ],
)
async def test_what_is_written_past_us_is_refused_by_the_database(
    db: Database, points: str
) -> None:
    connection = await db.connect()
    try:
        with pytest.raises(
            (
                asyncpg.CheckViolationError,
                asyncpg.InvalidParameterValueError,
            )
        ):
            await connection.execute(
                "UPDATE guild_configs SET settings = "
                f"jsonb_build_object('points', '{points}'::jsonb)"
            )
    finally:
        await connection.close()


@pytest.mark.usefixtures("_config")
async def test_numbers_as_other_programs_write_them_do_not_stop_transfers(
    db: Database,
) -> None:
    await join(db, ANN, 100)
    await join(db, BOB)
    connection = await db.connect()
    await connection.execute(
        "UPDATE guild_configs SET settings = "
        """'{"points": {"daily_send": 5.0, "max_balance": 1e3, "note": "x"}}'"""
    )
    await connection.close()

    moved = await db.points.transfer(GUILD, ANN, BOB, 5)

    assert isinstance(moved, Movement)


@pytest.mark.usefixtures("_config")
async def test_a_rule_is_set_beside_all_other_settings(db: Database) -> None:
    await db.guild_config.set_points_rule(GUILD, "daily_send", 5)
    await db.guild_config.set_points_rule(GUILD, "timezone", "Asia/Tokyo")
    config = await db.guild_config.set_points_rule(GUILD, "daily_send", None)

    assert config.settings == {"welcome": "hi", "points": {"timezone": "Asia/Tokyo"}}
    assert (await db.guild_config.get_cached_config(GUILD)) == config


async def test_a_rule_can_be_the_first_setting_of_a_guild(db: Database) -> None:
    config = await db.guild_config.set_points_rule(GUILD, "max_balance", 5)

    assert config.settings == {"points": {"max_balance": 5}}


@pytest.mark.usefixtures("_config")
async def test_rules_that_are_set_at_once_are_all_kept(db: Database) -> None:
    rules = {"max_balance": 9, "daily_send": 1, "daily_receive": 2, "start_balance": 3}

    await asyncio.gather(
        *(db.guild_config.set_points_rule(GUILD, *rule) for rule in rules.items())
    )

    config = await db.guild_config.get_config_by_guild_id(GUILD)
    assert config
    assert config.settings == {"welcome": "hi", "points": rules}
