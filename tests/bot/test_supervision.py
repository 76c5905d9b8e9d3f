"""What others see of the process: systemd, the log, the other processes of the bot."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.bot.process import running, until
from tuxdb.bot.double import DiscordDouble, Member
from tuxdb.settings import Settings

COGS = ("--cogs", "points,status,activity")
SECRET_WORDS = "between us: \x1b[31mhunter2\u202e"


@pytest.fixture
def alice(discord: DiscordDouble) -> Member:
    """Somebody in a guild."""
    guild = discord.guild("Tuxland", "olga", ["alice", "bob"])
    return next(m for m in guild.members.values() if m.name == "alice")


async def test_systemd_hears_when_it_is_ready_and_when_it_stops(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        environ = {"NOTIFY_SOCKET": str(path)}
        async with running(discord, settings, tmp_path, *COGS, **environ) as bot:
            async with asyncio.timeout(30):
                assert await loop.sock_recv(line, 99) == b"READY=1"
                bot.signal()
                assert await loop.sock_recv(line, 99) == b"STOPPING=1"
            assert await bot.end(10) == 0


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_the_log_has_a_line_for_a_command_and_nothing_of_what_was_typed(
    discord: DiscordDouble,
    settings: Settings,
    tmp_path: Path,
    alice: Member,
    log_format: str,
) -> None:
    bob = next(m for m in alice.guild.members.values() if m.name == "bob")

    async with running(
        discord, settings, tmp_path, "--debug", log_format=log_format
    ) as bot:
        await bot.until("ready: 1 servers")
        await discord.slash(
            alice, "points transfer", member=bob, amount=5, reason=SECRET_WORDS
        )
        discord.say(alice, SECRET_WORDS)
        await bot.until("points transfer insufficient_points")
        await asyncio.sleep(0.3)

        assert "between us" not in bot.text
        assert "hunter2" not in bot.text
        assert discord.token not in bot.text
        assert all(line.isprintable() for line in bot.lines)
    if log_format == "json":
        line = next(e for e in bot.events if e.get("command") == "points transfer")
        assert line["result"] == "insufficient_points"
        assert line["guild"] == str(alice.guild.id)
        assert line["user"] == str(alice.id)
        assert line["ms"] > 0
        assert line["ref"]


async def test_two_processes_share_the_shards(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    discord.gateway.identify_seconds = 5.0
    arguments = ("--shard-count", "2", *COGS)

    async with (
        running(discord, settings, tmp_path, *arguments, "--shards", "0") as one,
        running(discord, settings, tmp_path, *arguments, "--shards", "1") as other,
    ):
        await until(lambda: discord.sessions == 2, 40)
        await one.until("ready: ")
        await other.until("ready: ")

    assert {s.shard for s in discord.gateway.sessions.values()} == {0, 1}
    assert discord.gateway.identifies == 2
    puts = [r for r in discord.requests if r.method == "PUT"]
    assert len(puts) == 1
