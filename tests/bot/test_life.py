"""The life of the process: faults of Discord and of the network, and the stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.bot.process import running, until
from tuxdb.bot.double import DiscordDouble, Member
from tuxdb.database import Database
from tuxdb.errors import ExitCode
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

COGS = ("--cogs", "points,status,activity")


@pytest.fixture
def alice(discord: DiscordDouble) -> Member:
    """Somebody in a guild."""
    guild = discord.guild("Tuxland", "olga", ["alice", "bob"])
    return next(m for m in guild.members.values() if m.name == "alice")


def bob_of(member: Member) -> Member:
    """Bob, in the same guild."""
    return next(m for m in member.guild.members.values() if m.name == "bob")


@contextlib.asynccontextmanager
async def rows_locked(settings: Settings) -> AsyncIterator[None]:
    """Hold the rows of all members, as somebody else's transaction would."""
    assert settings.url is not None
    connection = await asyncpg.connect(**settings.url.connect_args())
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM users FOR UPDATE")
            yield
    finally:
        await connection.close()


async def test_the_first_connection_may_be_refused(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    discord.faults.refuse_gateway(1)

    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        assert "Traceback" not in bot.text
        assert any("Retrying" in line for line in bot.lines)


@pytest.mark.parametrize("status", [503, 520])
async def test_a_login_is_tried_again(
    discord: DiscordDouble,
    settings: Settings,
    tmp_path: Path,
    alice: Member,
    status: int,
) -> None:
    discord.faults.login(status, times=2)

    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until(f"cannot log in (HTTP {status})")
        await bot.until("ready: 1 servers")
        assert "Traceback" not in bot.text


async def test_a_refused_token_is_final(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    discord.faults.login(401, times=9)

    async with running(discord, settings, tmp_path, *COGS) as bot:
        assert await bot.end() == ExitCode.CONFIGURATION, bot.text
        assert bot.lines[-2] == "error: Discord refuses the token"
        assert discord.token not in bot.text


async def test_an_intent_that_is_off_is_named_with_its_switch(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    environ = {"TUXDB_BOT_MEMBERS_INTENT": "on"}

    async with running(discord, settings, tmp_path, *COGS, **environ) as bot:
        assert await bot.end() == ExitCode.CONFIGURATION
        assert bot.lines[-1].startswith("error: Discord refuses the Server Members")
        assert "Privileged Gateway Intents" in bot.lines[-1]
        assert "Traceback" not in bot.text


async def test_sockets_that_break_are_resumed(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        for fault in (
            discord.drop_sockets,
            discord.reconnect,
            lambda: discord.invalid_session(resumable=True),
            lambda: discord.invalid_session(resumable=False),
        ):
            fault()
            await asyncio.sleep(0.5)
            await until(lambda: discord.sessions == 1, 30, bot)
            reply = await discord.slash(alice, "points balance")
            assert reply.error is None
        assert bot.process.returncode is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_bot_in_order(
    discord: DiscordDouble,
    settings: Settings,
    tmp_path: Path,
    alice: Member,
    number: int,
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        bot.signal(number)
        assert await bot.end(10) == ExitCode.OK
        assert "Traceback" not in bot.text


@pytest.fixture
async def rich_alice(settings: Settings, alice: Member) -> Member:
    """Alice, whom the database knows, with 100 points."""
    async with Database.open(settings) as db:
        await db.user.refresh(alice.guild.id, alice.id, alice.name)
        await db.points.grant(alice.guild.id, alice.id, 100, actor="a test")
    return alice


async def test_a_command_under_way_comes_to_its_end(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, rich_alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        async with rows_locked(settings):
            reply = discord.start(
                rich_alice, "points transfer", member=bob_of(rich_alice), amount=30
            )
            await asyncio.wait_for(reply.acknowledged.wait(), 5)
            bot.signal()
            await asyncio.sleep(0.5)
            late = await discord.slash(rich_alice, "points balance")
            assert bot.process.returncode is None
        await reply.finished()
        assert await bot.end(15) == ExitCode.OK

    assert late.ephemeral
    assert "restart" in (late.content or "").lower()
    async with Database.open(settings) as db:
        found = await db.points.balance(rich_alice.guild.id, rich_alice.id)
    assert found.points == 70


async def test_a_second_signal_ends_it_at_once(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, rich_alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        async with rows_locked(settings):
            reply = discord.start(
                rich_alice, "points transfer", member=bob_of(rich_alice), amount=30
            )
            await asyncio.wait_for(reply.acknowledged.wait(), 5)
            bot.signal()
            await asyncio.sleep(0.5)
            assert bot.process.returncode is None
            bot.signal()
            assert await bot.end(2) == ExitCode.TERMINATED


async def test_every_message_is_counted_before_the_end(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        for number in range(300):
            discord.say(alice, f"message {number}")
        bot.signal()
        assert await bot.end(15) == ExitCode.OK
    async with Database.open(settings) as db:
        found = await db.activity.member(alice.guild.id, alice.id)
    assert found.message_count == 300


async def test_a_restart_registers_nothing_again(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    for _ in range(2):
        async with running(discord, settings, tmp_path, *COGS) as bot:
            await bot.until("ready: 1 servers")
            bot.signal()
            assert await bot.end(10) == ExitCode.OK

    puts = [r for r in discord.requests if r.method == "PUT" and "commands" in r.path]
    assert len(puts) == 1


async def test_a_schema_that_is_behind_is_refused(
    discord: DiscordDouble, empty_database_url: str, tmp_path: Path
) -> None:
    settings = Settings(url=DatabaseUrl.parse(empty_database_url))

    async with running(discord, settings, tmp_path, *COGS) as bot:
        assert await bot.end() == ExitCode.FOUND
        assert bot.lines[-2].startswith("error: database is ")
    async with running(discord, settings, tmp_path, *COGS, "--migrate") as bot:
        await bot.until("ready: 0 servers")


async def test_a_database_that_does_not_come_is_waited_for(
    discord: DiscordDouble, tmp_path: Path
) -> None:
    nowhere = Settings(url=DatabaseUrl.parse("postgresql://bot@127.0.0.1:9/tux"))

    async with running(discord, nowhere, tmp_path, *COGS, "--wait-db", "1s") as bot:
        assert await bot.end() == ExitCode.UNREACHABLE
        assert any("waiting for the database" in line for line in bot.lines)
        assert "Traceback" not in bot.text


async def test_a_signal_ends_the_waiting_for_discord(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    discord.faults.login(503, times=99)

    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("cannot log in")
        bot.signal()
        assert await bot.end(10) == ExitCode.OK
        assert "Traceback" not in bot.text
