"""Connections that end as discord.py does not expect: the process goes on."""

import asyncio
from pathlib import Path

import pytest

from tests.bot.process import running, until
from tuxdb.bot.double import DiscordDouble, Member
from tuxdb.settings import Settings

COGS = ("--cogs", "points,status,activity")


@pytest.fixture
def alice(discord: DiscordDouble) -> Member:
    """Somebody in a guild."""
    guild = discord.guild("Tuxland", "olga", ["alice"])
    return next(m for m in guild.members.values() if m.name == "alice")


@pytest.mark.parametrize("code", [1000, 4000, 4009])
async def test_a_gateway_that_closes_is_joined_again(
    discord: DiscordDouble,
    settings: Settings,
    tmp_path: Path,
    alice: Member,
    code: int,
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        await discord.close_sockets(code)
        await asyncio.sleep(0.3)
        await until(lambda: discord.sessions == 1, 40, bot)
        reply = await discord.slash(alice, "points balance")
        assert reply.error is None
        assert "Traceback" not in bot.text


async def test_a_gateway_that_closes_before_its_first_word(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        discord.faults.refuse_gateway(3)
        discord.forget_sessions()
        await discord.close_sockets(1000)
        await asyncio.sleep(0.3)
        await until(lambda: discord.sessions == 1, 60, bot)
        reply = await discord.slash(alice, "points balance")
        assert reply.error is None


async def test_noise_on_the_line_is_survived(
    discord: DiscordDouble, settings: Settings, tmp_path: Path, alice: Member
) -> None:
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        for session in discord.gateway.sessions.values():
            assert session.connection is not None
            await session.connection.socket.send_str("{noise")
        await bot.until("the connection ended")
        await asyncio.sleep(0.3)
        await until(lambda: discord.sessions == 1, 40, bot)
        await asyncio.sleep(1)
        reply = await discord.slash(alice, "points balance")
        assert reply.error is None
        bot.signal()
        assert await bot.end(15) == 0
