"""`/livez`, `/readyz`, `/metrics`, and the question that Docker asks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text as sql

from tests.bot.world import World

Get = Callable[[str], Awaitable[tuple[int, str]]]


@pytest.fixture
async def get(world: World) -> AsyncIterator[Get]:
    """Ask the bot's health server."""
    port = await world.life.health.start("127.0.0.1", 0)

    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(path) as answer:
                return answer.status, await answer.text()

        yield ask


async def parts(get: Get) -> dict[str, Any]:
    """What readiness is made of."""
    status, _ = await get("/readyz")
    found: dict[str, Any] = {"status": status}
    body = json.loads((await get("/readyz"))[1])
    return found | {name: part["ok"] for name, part in body["parts"].items()}


async def test_a_bot_that_is_well_is_live_and_ready(get: Get) -> None:
    assert (await get("/livez"))[0] == 200
    assert await parts(get) == {
        "status": 200,
        "gateway": True,
        "database": True,
        "schema": True,
    }


async def test_a_gateway_that_is_gone_is_named(get: Get, world: World) -> None:
    world.discord.faults.refuse_gateway(99)
    world.discord.forget_sessions()
    world.discord.drop_sockets()
    await asyncio.sleep(0.2)

    found = await parts(get)

    assert (found["status"], found["gateway"], found["database"]) == (503, False, True)
    assert (await get("/livez"))[0] == 200


async def test_a_schema_that_is_behind_is_named(get: Get, world: World) -> None:
    async with world.db.transaction() as session:
        await session.execute(sql("UPDATE alembic_version SET version_num = '0001'"))

    found = await parts(get)

    assert (found["status"], found["database"], found["schema"]) == (503, True, False)


async def test_a_bot_that_stops_is_not_ready(get: Get, world: World) -> None:
    world.bot.stopping = True

    assert (await parts(get))["gateway"] is False


async def test_the_figures_tell_what_was_done(get: Get, world: World) -> None:
    await world.give(world.alice, 50)
    await world.transfer(world.alice, world.bob, 20)
    await world.transfer(world.alice, world.bob, 500)
    world.discord.faults.rate_limit(0.01, on="PATCH")
    await world.discord.slash(world.alice, "points balance")

    text = (await get("/metrics"))[1]

    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    transfer = ("command", "points transfer")
    assert found["tuxdb_commands_total", transfer, ("result", "ok")] == 1
    refused = ("result", "insufficient_points")
    assert found["tuxdb_commands_total", transfer, refused] == 1
    moved = ("kind", "transfer"), ("result", "ok")
    assert found["tuxdb_ledger_total", *moved] == 1
    assert found["tuxdb_ledger_total", ("kind", "refused"), refused] == 1
    assert found["tuxdb_acknowledge_seconds_count",] == 3
    assert found["tuxdb_discord_rate_limits_total",] == 1
    assert found["tuxdb_guilds",] == 1
    assert found["tuxdb_counters_pending",] == 0
    assert found["tuxdb_database_up",] == 1
    busy = found["tuxdb_database_connections", ("pool", "writing"), ("state", "idle")]
    assert busy >= 1


async def test_the_shards_that_are_connected_are_counted(get: Get) -> None:
    body = json.loads((await get("/readyz"))[1])

    assert body["parts"]["gateway"]["detail"] == "shards connected: 1"
