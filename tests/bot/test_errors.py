"""What people are told when something goes wrong, and that only they are."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands

from tests.bot.world import World
from tuxdb.bot.answers import acknowledge, answer
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.declined import (
    BotLacksPermission,
    Cooldown,
    InvalidAmount,
    ListExpired,
    MissingPermission,
    Outranked,
    WouldGoNegative,
)
from tuxdb.bot.double import DiscordDouble, Reply
from tuxdb.bot.interaction import Interaction
from tuxdb.errors import (
    AccountFrozen,
    AlreadyReversed,
    BalanceLimit,
    Busy,
    Conflict,
    DailyLimit,
    DatabaseUnavailable,
    IdempotencyConflict,
    InsufficientPoints,
    InvalidTransfer,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    SchemaBehind,
    SelfTransfer,
    UsageError,
)
from tuxdb.settings import Settings

SOON = datetime(2026, 1, 2, tzinfo=UTC)


def near(error: NotFound, *names: str) -> NotFound:
    error.details["near"] = list(names)
    return error


CASES: list[tuple[BaseException, str]] = [
    (
        InsufficientPoints("alice", 1, 12, 50),
        "You have 12 points; 50 are needed.",
    ),
    (InsufficientPoints("bob", 1, 1, 50), "bob has 1 point; 50 are needed."),
    (
        BalanceLimit("Bob_", 1, 5, 1_000_000),
        r"Bob\_ would go over this server's limit of 1,000,000. Nothing was sent.",
    ),
    (
        DailyLimit("alice", 40, 500, SOON),
        "You can still send 40 points today (limit 500); it renews <t:1767312000:R>.",
    ),
    (AccountFrozen("alice"), "Your points are frozen. Ask a server manager."),
    (AccountFrozen("bob"), "The points of bob are frozen. Ask a server manager."),
    (AlreadyReversed(81, 95), "Entry 81 was reversed by 95."),
    (WouldGoNegative("Bob", 3, 10), "Bob has 3 of the 10 points left; use force."),
    (SelfTransfer(), "You cannot send points to yourself."),
    (InvalidTransfer("receiver", "is gone"), "receiver is gone"),
    (InvalidTransfer("amount", "is 0"), "The amount must be a whole number from 1 to"),
    (InvalidAmount(), "The amount must be a whole number from 1 to"),
    (InvalidValue("settings.bot.x", "is no rule"), "settings.bot.x is no rule"),
    (IdempotencyConflict("k", 7), "as entry 7. Nothing was changed now."),
    (Conflict("a user is gone"), "That cannot be done as things are."),
    (
        near(NotFound("case", 81), "80", "82"),
        "There is no case 81 on this server. Near",
    ),
    (NotFound("case", 81), "There is no case 81 on this server."),
    (near(NotFound("key", "langage"), "language"), "Did you mean language?"),
    (NotFound("ship", "Titanic"), "There is no Titanic."),
    (MissingPermission("manage_guild"), "This needs Manage Server."),
    (MissingPermission("owner"), "This needs ownership of this bot."),
    (MissingPermission("add_reactions"), "This needs Add Reactions."),
    (BotLacksPermission("ban_members"), "I need Ban Members for that."),
    (Cooldown(11.2), "again in 12 s"),
    (Outranked("owner"), "Nobody can do that to the owner of the server."),
    (ListExpired(), "This list has expired."),
    (
        DatabaseUnavailable("no route to db.internal:5432"),
        "The database is not reachable. Nothing was changed. (`ref ",
    ),
    (Busy("waited 10 s"), "The database is busy. Nothing was changed;"),
    (SchemaBehind("lacks 0018"), "Being upgraded; try again in a minute."),
    (OutcomeUnknown("cut", key="k"), "it may have happened, or not"),
    (UsageError("tuxdb has no such flag, --cursor"), "Something broke;"),
    (ZeroDivisionError("secret"), "Something broke; the bot's owner can look up `ref "),
    (app_commands.CheckFailure("no"), "You may not do that."),
]


class Failing(BaseCog):
    """Fails as a test wants it to."""

    error: BaseException = ZeroDivisionError()
    before: str = "private"

    @app_commands.command()
    async def fail(self, interaction: Interaction) -> None:
        """Fail."""
        if self.before in ("private", "public"):
            await acknowledge(interaction, private=self.before == "private")
        elif self.before == "answered":
            await answer(interaction, "All is well.", private=False)
        raise self.error


@pytest.fixture
async def failing(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> AsyncIterator[tuple[World, Failing]]:
    """A bot whose only command fails."""
    options: dict[str, Any] = {"bot_cogs": (), "start": False}
    async with World.open(discord, settings, tmp_path, **options) as world:
        cog = Failing(world.bot)
        await world.bot.add_cog(cog)
        await world.start()
        yield world, cog


async def fail(world: World) -> Reply:
    return await world.discord.slash(world.alice, "fail")


async def test_every_error_is_told_in_a_private_sentence(
    failing: tuple[World, Failing],
) -> None:
    world, cog = failing
    for error, sentence in CASES:
        for before in ("private", "nothing"):
            cog.error, cog.before = error, before

            reply = await fail(world)

            assert sentence in reply.content, (error, reply.content)
            assert reply.ephemeral, error
            for secret in ("secret", "db.internal", "Traceback", "5432"):
                assert secret not in reply.text


async def test_it_is_told_in_german_to_a_german(
    failing: tuple[World, Failing],
) -> None:
    world, cog = failing
    world.alice.user.locale = "de"
    for error, sentence in [
        (InsufficientPoints("alice", 1, 12, 50), "Du hast 12 Punkte; nötig sind 50."),
        (MissingPermission("manage_guild"), "Dafür ist nötig: Server verwalten."),
        (DatabaseUnavailable("x"), "Die Datenbank ist nicht erreichbar."),
    ]:
        cog.error = error

        assert sentence in (await fail(world)).content


async def test_a_public_acknowledgement_is_taken_back(
    failing: tuple[World, Failing],
) -> None:
    world, cog = failing
    cog.before, cog.error = "public", AccountFrozen("bob")

    reply = await fail(world)

    assert reply.original is not None
    assert reply.original.deleted
    assert [m.ephemeral for m in reply.followups] == [True]


async def test_an_answer_that_was_given_stays(
    failing: tuple[World, Failing],
) -> None:
    world, cog = failing
    cog.before, cog.error = "answered", AccountFrozen("bob")

    reply = await fail(world)

    assert reply.original is not None
    assert reply.original.content == "All is well."
    assert [m.ephemeral for m in reply.followups] == [True]


async def test_the_log_has_the_traceback_under_the_reference(
    failing: tuple[World, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    world, cog = failing
    cog.error = ZeroDivisionError("secret")

    reply = await fail(world)

    ref = reply.content.split("`")[1]
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert ref in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_person_who_was_refused_is_no_error_in_the_log(
    failing: tuple[World, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    world, cog = failing
    cog.error = AccountFrozen("alice")

    await fail(world)

    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_an_interaction_that_is_over_makes_no_noise(
    failing: tuple[World, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    world, _ = failing
    world.discord.faults.status(404, on="/callback", code=10062)

    reply = world.discord.start(world.alice, "fail")
    await asyncio.sleep(0.3)

    assert reply.answer is None
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_an_interaction_that_is_delivered_again_makes_no_noise(
    failing: tuple[World, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    world, cog = failing
    cog.error = AccountFrozen("alice")
    reply = await fail(world)

    world.discord.redeliver(reply)
    await asyncio.sleep(0.3)

    assert reply.refused == [40060]
    assert reply.followups == []
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_discord_failing_at_the_sentence_is_one_line_and_no_second_error(
    failing: tuple[World, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    world, cog = failing
    cog.error = AccountFrozen("alice")
    world.discord.faults.status(403, on="PATCH .*/messages/@original", code=50013)

    await fail(world)

    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "answer lost" in record.getMessage()
    assert record.exc_info is None


async def test_one_reference_is_kept_for_an_interaction(
    failing: tuple[World, Failing],
) -> None:
    world, cog = failing
    cog.error = Busy("x")

    first, second = await fail(world), await fail(world)

    assert first.content != second.content
