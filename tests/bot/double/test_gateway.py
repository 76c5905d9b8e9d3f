"""The gateway: sessions that are lost, resumed and refused."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import discord as dpy
import pytest

from tests.bot.double.sample import Sample
from tuxdb.bot.double import DiscordDouble, Member


async def test_a_cut_session_is_resumed_and_hears_what_it_missed(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.drop_sockets()
    for number in range(5):
        discord.say(ann, f"{discord.realm.bot.mention} {number}")

    await client.until(lambda: len(client.heard) >= 5)

    assert [message.content[-1] for message in client.heard] == list("01234")
    assert (discord.gateway.resumes, discord.gateway.identifies) == (1, 1)


async def test_an_interaction_is_not_lost_with_a_socket(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.drop_sockets()

    reply = await discord.slash(ann, "slow")

    assert reply.text == "at last\nand more"


async def test_discord_asks_for_a_reconnect(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.reconnect()

    await client.until(lambda: client.resumes)

    assert (await discord.slash(ann, "slow")).content == "and more"


async def test_an_invalid_session_that_is_resumable_is_resumed(
    discord: DiscordDouble, client: Sample
) -> None:
    discord.invalid_session(resumable=True)

    await client.until(lambda: client.resumes)

    assert discord.gateway.identifies == 1


async def test_an_invalid_session_begins_anew(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.invalid_session()

    await client.until(lambda: client.connects > 1)

    assert (discord.gateway.resumes, discord.gateway.identifies) == (0, 2)
    assert (await discord.slash(ann, "slow")).content == "and more"


async def test_a_session_that_is_not_known_any_more_begins_anew(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.forget_sessions()
    discord.drop_sockets()

    await client.until(lambda: client.connects > 1)

    assert (await discord.slash(ann, "slow")).content == "and more"


async def test_the_first_connections_may_be_refused(
    discord: DiscordDouble, starting: Sample
) -> None:
    await starting.until(starting.is_ready)
    await starting.close()
    discord.faults.refuse_gateway(1)

    async with Sample(discord) as again:
        await again.begin()
        again.running = asyncio.create_task(again.connect())
        began = time.monotonic()
        await again.until(again.is_ready)
        await again.close()
        await asyncio.wait([again.running])

    assert time.monotonic() - began > 4  # discord.py waits for five seconds
    assert discord.faults.gateway_refusals == 0


@pytest.mark.usefixtures("_addresses")
async def test_privileged_intents_are_switched_on_in_the_portal(
    discord: DiscordDouble,
) -> None:
    intents = dpy.Intents(guilds=True, members=True)

    async def connects() -> Sample:
        async with Sample(discord, intents=intents) as bot:
            await bot.begin()
            bot.running = asyncio.create_task(bot.connect())
            await bot.until(bot.is_ready)
            return bot

    with pytest.raises(dpy.PrivilegedIntentsRequired):
        await connects()
    discord.allow_intents("guild_members")
    assert (await connects()).application_flags.gateway_guild_members_limited


async def test_packets_may_come_in_pieces(
    discord: DiscordDouble, client: Sample, ann: Member
) -> None:
    discord.faults.fragments = True

    assert (await discord.slash(ann, "slow")).content == "and more"


@pytest.mark.usefixtures("_addresses")
async def test_guilds_are_on_their_shards(discord: DiscordDouble) -> None:
    discord.realm.shard_count = 2
    guilds = [discord.guild(f"Number {number}") for number in range(2)]
    guilds[1].id = guilds[0].id + (1 << 22)
    discord.realm.guilds = {guild.id: guild for guild in guilds}

    async with Sample(discord) as bot:
        bot.shard_count = 2
        bot.shard_ids = [guilds[0].shard(2)]
        await bot.begin()
        bot.running = asyncio.create_task(bot.connect())
        await bot.until(bot.is_ready)
        found = [guild.id for guild in bot.guilds]
        await bot.close()

    assert found == [guilds[0].id]


async def test_a_client_that_misbehaves_is_closed_with_a_code(
    discord: DiscordDouble,
) -> None:
    token = {"token": discord.token, "properties": {"os": "x", "browser": "x"}}
    right = {**token, "intents": 1}

    assert await closed(discord, "not json") == 4002
    assert await closed(discord, {"op": 99, "d": None}) == 4001
    assert await closed(discord, {"op": 3, "d": {}}) == 4003
    assert await closed(discord, {"op": 2, "d": {**right, "token": "x"}}) == 4004
    identify = {"op": 2, "d": right}
    assert await closed(discord, identify, identify) == 4005
    assert await closed(discord, {"op": 2, "d": {**right, "shard": [2, 2]}}) == 4010
    assert await closed(discord, {"op": 2, "d": token}) == 4013
    assert await closed(discord, {"op": 2, "d": {**right, "intents": 1 << 30}}) == 4013
    assert await closed(discord, {"op": 2, "d": {**right, "intents": 2}}) == 4014
    assert await closed(discord, *[{"op": 1, "d": None}] * 121) == 4008
    assert await closed(discord, version="9") == 4012
    wordy: dict[str, Any] = {"status": "online", "afk": False, "since": 0}
    wordy["activities"] = [{"name": "x" * 129, "type": 0}]
    assert await closed(discord, identify, {"op": 3, "d": wordy}) == 4002


async def closed(discord: DiscordDouble, *packets: Any, version: str = "10") -> int:
    """The code with which the gateway closes after some packets."""
    url = f"{discord.gateway.url}?v={version}&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        for packet in packets:
            text = packet if isinstance(packet, str) else json.dumps(packet)
            await socket.send_str(text)
        async with asyncio.timeout(5):
            async for _ in socket:
                pass
        return socket.close_code or 0


async def test_identifies_may_have_to_be_apart(discord: DiscordDouble) -> None:
    discord.gateway.identify_seconds = 5
    properties = {"os": "x", "browser": "x"}
    right = {"token": discord.token, "properties": properties, "intents": 1}
    url = f"{discord.gateway.url}?v=10&encoding=json"

    async with aiohttp.ClientSession() as session:
        answers = []
        for _ in range(2):
            async with session.ws_connect(url) as socket:
                await socket.receive_json()
                await socket.send_json({"op": 2, "d": right})
                answers.append(await socket.receive_json())

    assert answers[0]["t"] == "READY"
    assert (answers[1]["op"], answers[1]["d"]) == (9, False)
