"""Faults to order, met by the real client."""

import asyncio
import time

import aiohttp
import discord as dpy
import pytest

from tests.bot.double.raw import Api
from tests.bot.double.sample import Sample
from tuxdb.bot.double import DiscordDouble, Guild, Member


async def test_a_rate_limit_is_waited_for(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.rate_limit(0.3, on="/callback")

    reply = await discord.slash(ann, "slow")

    assert reply.content == "and more"
    assert reply.deferred_after is not None
    assert reply.deferred_after > 0.3


async def test_without_via_a_rate_limit_looks_like_a_ban(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.rate_limit(0.1, on="/callback", via=False)

    discord.start(ann, "slow")
    await client.until(lambda: client.errors)

    assert isinstance(client.errors[0], dpy.HTTPException)
    assert client.errors[0].status == 429


async def test_a_bad_gateway_is_tried_again(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.bad_gateway(on="/callback")

    reply = await discord.slash(ann, "slow")

    assert reply.content == "and more"


async def test_a_lost_answer_leaves_the_deed_done(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.lose_answer(on="/callback")

    reply = discord.start(ann, "slow")
    await client.until(lambda: client.errors)

    assert reply.deferred_after is not None
    assert isinstance(client.errors[0], aiohttp.ServerDisconnectedError)


@pytest.mark.usefixtures("_addresses")
async def test_a_token_may_be_refused(discord: DiscordDouble) -> None:
    discord.faults.login(401)

    async with Sample(discord) as bot:
        with pytest.raises(dpy.LoginFailure):
            await bot.begin()


@pytest.mark.usefixtures("_addresses")
async def test_a_login_may_meet_a_bad_day(discord: DiscordDouble) -> None:
    discord.faults.login(503)

    async with Sample(discord) as bot:
        with pytest.raises(dpy.DiscordServerError):
            await bot.begin()


async def test_limits_are_enforced_and_told(
    discord: DiscordDouble, guild: Guild
) -> None:
    discord.limits.add("POST /channels/", 2, 0.5)
    line = f"POST /channels/{guild.channel.id}/messages"

    async with Api(discord) as api:
        first, second, third = [await api(line, {"content": "x"}) for _ in range(3)]
        assert first.headers["X-RateLimit-Remaining"] == "1"
        assert second.headers["X-RateLimit-Remaining"] == "0"
        assert (third.status, third.body["global"]) == (429, False)
        assert third.headers["Via"]
        await asyncio.sleep(third.body["retry_after"])
        assert (await api(line, {"content": "x"})).status == 200


async def test_the_client_keeps_to_limits_by_itself(
    discord: DiscordDouble, client: Sample, guild: Guild
) -> None:
    discord.limits.add("POST /channels/", 5, 1.0)
    channel = client.get_partial_messageable(guild.channel.id, guild_id=guild.id)
    began = time.monotonic()

    for number in range(7):
        await channel.send(str(number))

    sent = [item.status for item in discord.requests if "POST /channels" in str(item)]
    assert sent == [200] * 7
    assert time.monotonic() - began > 0.9
