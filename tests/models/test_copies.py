"""Copies of model objects: nothing shared with the original, usable like it."""

import gc
import weakref
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload

from tuxdb.models import Guild, GuildConfig
from tuxdb.models.copies import copy_json, model_copier, model_template
from tuxdb.urls import DatabaseUrl

SETTINGS = {"welcome": {"channel": 5, "words": ["hi", ["you"]]}, "on": True}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=DatabaseUrl.parse(database_url).connect_args(),
    )
    yield engine
    await engine.dispose()


@pytest.fixture
async def original(engine: AsyncEngine) -> GuildConfig:
    """A row as a closed session leaves it, its guild loaded as well."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        session.add(Guild(id=1, name="Tux"))
        await session.flush()
        session.add(GuildConfig(guild_id=1, settings=SETTINGS))
        await session.commit()
        session.expunge_all()
        statement = select(GuildConfig).options(selectinload(GuildConfig.guild))  # type: ignore[arg-type]
        return (await session.scalars(statement)).one()


async def test_a_copy_has_the_values_and_the_identity(original: GuildConfig) -> None:
    twin = model_copier(GuildConfig)(original)

    assert twin.model_dump() == original.model_dump()
    assert twin is not original
    assert inspect(twin).detached
    assert inspect(twin).identity == (1,)
    assert not inspect(twin).modified


async def test_a_change_of_the_copy_does_not_touch_the_original(
    original: GuildConfig,
) -> None:
    twin = model_copier(GuildConfig)(original)

    twin.prefix = "?"
    twin.settings["welcome"]["words"][1].append("there")
    twin.settings["new"] = 1

    assert original.prefix == "$"
    assert original.settings == SETTINGS
    assert inspect(twin).modified
    assert not inspect(original).modified
    assert "prefix" not in original.model_fields_set


async def test_an_empty_settings_is_not_shared_either(original: GuildConfig) -> None:
    original.__dict__["settings"] = {}
    twin = model_copier(GuildConfig)(original)

    twin.settings["new"] = 1

    assert original.settings == {}


async def test_related_objects_are_left_out(original: GuildConfig) -> None:
    twin = model_copier(GuildConfig)(original)

    assert original.guild.name == "Tux"
    assert "guild" in inspect(twin).unloaded


async def test_an_added_copy_writes_what_was_changed(
    engine: AsyncEngine, original: GuildConfig
) -> None:
    twin = model_copier(GuildConfig)(original)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        session.add(twin)
        twin.prefix = "?"
        await session.commit()

    async with AsyncSession(engine) as session:
        stored = await session.get_one(GuildConfig, 1)
        assert (stored.prefix, stored.settings) == ("?", SETTINGS)
    assert twin.updated_at > original.updated_at


async def test_a_merged_copy_writes_what_was_changed_while_detached(
    engine: AsyncEngine, original: GuildConfig
) -> None:
    twin = model_copier(GuildConfig)(original)
    twin.prefix = "?"

    async with AsyncSession(engine) as session:
        await session.merge(twin)
        await session.commit()

    async with AsyncSession(engine) as session:
        assert (await session.get_one(GuildConfig, 1)).prefix == "?"


async def test_two_copies_can_be_in_two_sessions_at_once(
    engine: AsyncEngine, original: GuildConfig
) -> None:
    copy = model_copier(GuildConfig)
    one, other = copy(original), copy(original)

    async with AsyncSession(engine) as first, AsyncSession(engine) as second:
        first.add(one)
        second.add(other)

        assert one in first
        assert other in second
        assert inspect(original).detached


async def test_a_copy_can_be_deleted(
    engine: AsyncEngine, original: GuildConfig
) -> None:
    async with AsyncSession(engine) as session:
        await session.delete(model_copier(GuildConfig)(original))
        await session.commit()

        assert await session.get(GuildConfig, 1) is None


async def test_copies_of_copies_are_collected(original: GuildConfig) -> None:
    copy = model_copier(GuildConfig)
    twin = copy(copy(original))
    watched = weakref.ref(twin)

    del twin
    gc.collect()

    assert watched() is None


def test_json_is_copied_to_the_bottom() -> None:
    value = {"a": [{"b": [1]}, 2.5, None, "x"], "c": {"d": {}}, "e": []}

    twin = copy_json(value)
    twin["a"][0]["b"].append(2)
    twin["c"]["d"]["new"] = 1
    twin["e"].append(1)

    assert value == {"a": [{"b": [1]}, 2.5, None, "x"], "c": {"d": {}}, "e": []}
    assert copy_json((1, [2])) == (1, [2])


def test_copies_made_by_one_template_share_nothing() -> None:
    original = GuildConfig(guild_id=1, settings=SETTINGS)
    copied = model_template(GuildConfig)(original)
    one, two = copied(), copied()

    one.settings["welcome"]["words"][1].append("there")
    original.settings["on"] = False

    assert two.settings == {
        "welcome": {"channel": 5, "words": ["hi", ["you"]]},
        "on": True,
    }
    assert copied().settings == two.settings
