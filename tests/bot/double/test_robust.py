"""Whatever a bot sends, the double has an answer to it: an error of Discord's."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bot.double.raw import Api
from tuxdb.bot.double import DiscordDouble, Member, Reply
from tuxdb.bot.double.replies import Kind

ROUNDS = 150
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    7,
    1.5,
    1 << 70,
    "",
    " ",
    "x",
    "5",
    "x" * 300,
    "\ud800",
    [],
    {},
    [None],
    {"id": []},
)
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go", "disabled": False}
SELECT = {
    "type": 3,
    "custom_id": "pick",
    "options": [{"label": "A", "value": "a", "default": True, "emoji": {"name": "é"}}],
    "min_values": 0,
    "max_values": 1,
}
MESSAGE = {
    "content": "<@1> hello",
    "flags": 64,
    "tts": False,
    "embeds": [
        {
            "title": "t",
            "description": "d",
            "color": 5,
            "timestamp": "2026-01-01T00:00:00+00:00",
            "footer": {"text": "f"},
            "author": {"name": "a", "url": "https://example.org"},
            "image": {"url": "https://example.org/a.png"},
            "fields": [{"name": "n", "value": "v", "inline": True}],
        }
    ],
    "components": [
        {"type": 1, "components": [BUTTON]},
        {"type": 1, "components": [SELECT]},
    ],
    "allowed_mentions": {"parse": ["roles"], "users": ["1"]},
    "attachments": [{"id": "0", "filename": "a"}],
}
FIELD = {"type": 4, "custom_id": "text", "style": 1, "min_length": 1, "max_length": 9}
MODAL = {
    "title": "t",
    "custom_id": "m",
    "components": [
        {"type": 1, "components": [{**FIELD, "label": "Text"}]},
        {"type": 18, "label": "L", "component": {**FIELD, "custom_id": "other"}},
    ],
}
COMMAND = {
    "name": "points",
    "description": "d",
    "type": 1,
    "name_localizations": {"de": "punkte"},
    "default_member_permissions": "32",
    "contexts": [0],
    "options": [
        {
            "type": 1,
            "name": "sub",
            "description": "d",
            "options": [
                {
                    "type": 4,
                    "name": "amount",
                    "description": "d",
                    "required": True,
                    "min_value": 1,
                    "choices": [{"name": "One", "value": 1}],
                },
                {"type": 7, "name": "where", "description": "d", "channel_types": [0]},
                {"type": 3, "name": "why", "description": "d", "max_length": 5},
            ],
        }
    ],
}
CHOICES = {"choices": [{"name": "One", "value": "1"}]}
ANSWERS = [
    (Kind.COMMAND, 4, MESSAGE),
    (Kind.COMMAND, 5, {"flags": 64}),
    (Kind.COMMAND, 9, MODAL),
    (Kind.COMPONENT, 7, MESSAGE),
    (Kind.AUTOCOMPLETE, 8, CHOICES),
]


def spoilt(body: Any, dice: random.Random) -> Any:
    """A body of which one part is otherwise."""
    body = copy.deepcopy(body)
    holder, key = dice.choice(list(_parts({"": body}, {})))
    holder[key] = copy.deepcopy(dice.choice(WRONG))
    return body


def _parts(node: Any, _above: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if key != "":
            yield node, key
        if isinstance(value, dict | list):
            yield from _parts(value, node)


def made(discord: DiscordDouble, kind: Kind, member: Member) -> Reply:
    """An interaction that nobody caused."""
    number = discord.realm.snowflake()
    channel = member.guild.channel
    message = discord.say(member, "hello") if kind is Kind.COMPONENT else None
    payload = {"data": {"type": 1}}
    reply = Reply(number, str(number), kind, member, channel, payload, message)
    discord.realm.replies[reply.token] = reply
    return reply


@pytest.mark.parametrize(("kind", "answer", "data"), ANSWERS)
async def test_any_answer_to_an_interaction_is_taken_or_refused(
    kind: Kind, answer: int, data: dict[str, Any]
) -> None:
    dice = random.Random(kind)
    async with DiscordDouble() as discord, Api(discord) as api:
        guild = discord.guild("Somewhere", "flo")
        for _ in range(ROUNDS):
            reply = made(discord, kind, guild.owner)
            path = f"/interactions/{reply.id}/{reply.token}/callback?with_response=1"
            body = spoilt({"type": answer, "data": data}, dice)

            found = await api(f"POST {path}", body)

            assert found.status in (200, 400), (body, found)


async def test_any_message_of_an_interaction_is_taken_or_refused() -> None:
    dice = random.Random(1)
    async with DiscordDouble() as discord, Api(discord) as api:
        guild = discord.guild("Somewhere", "flo")
        reply = made(discord, Kind.COMMAND, guild.owner)
        callback = f"/interactions/{reply.id}/{reply.token}/callback"
        assert (await api(f"POST {callback}", {"type": 5})).status == 204
        webhook = f"/webhooks/{discord.application_id}/{reply.token}"
        for line in (f"PATCH {webhook}/messages/@original", f"POST {webhook}"):
            for _ in range(ROUNDS):
                body = spoilt(MESSAGE, dice)

                found = await api(line, body)

                assert found.status in (200, 400), (line, body, found)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("POST /channels/{channel}/messages", MESSAGE),
        ("PUT /applications/{me}/commands", [COMMAND, {"name": "M", "type": 2}]),
        ("POST /applications/{me}/commands", COMMAND),
        (
            "PATCH /guilds/{guild}/members/{ann}",
            {"nick": "n", "communication_disabled_until": "2026-01-01T00:00:00Z"},
        ),
        ("PATCH /guilds/{guild}/members/{ann}", {"roles": ["1"]}),
        ("PUT /guilds/{guild}/bans/{ann}", {"delete_message_seconds": 5}),
        ("POST /users/@me/channels", {"recipient_id": "1"}),
    ],
)
async def test_any_request_is_done_or_refused(line: str, body: Any) -> None:
    dice = random.Random(2)
    async with DiscordDouble() as discord, Api(discord) as api:
        guild = discord.guild("Somewhere", "flo", ["ann"])
        line = line.format(
            channel=guild.channel.id,
            me=discord.application_id,
            guild=guild.id,
            ann=max(guild.members),
        )
        for _ in range(ROUNDS):
            wrong = spoilt(body, dice)

            found = await api(line, wrong)

            assert found.status in (200, 204, 400, 403, 404), (wrong, found)
