"""What Discord does not let a message be, the double does not, either."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.bot.double.raw import Api
from tuxdb.bot.double import DiscordDouble, Guild


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": list(parts)}]}


def button(**changes: Any) -> dict[str, Any]:
    whole = {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}
    return {name: value for name, value in whole.items() if value is not None}


def select(**changes: Any) -> dict[str, Any]:
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    return {"type": 3, "custom_id": "pick", "options": options, **changes}


def embed(**changes: Any) -> dict[str, Any]:
    return {"embeds": [changes]}


RIGHT = {
    "text": {"content": "x" * 2000},
    "embed": embed(title="t" * 256, description="d" * 4096),
    "only a picture": embed(image={"url": "https://example.org/a.png"}),
    "five buttons": row(*(button(custom_id=str(n)) for n in range(5))),
    "link": row(button(style=5, url="https://example.org", custom_id=None)),
    "select": row(select(min_values=0, max_values=2)),
    "emoji": row(button(label=None, emoji={"name": "\N{WASTEBASKET}"})),
    "nobody": {"content": "@everyone", "allowed_mentions": {"parse": []}},
}
WRONG = {
    "text too long": ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    "text no text": ({"content": 5}, "content", "BASE_TYPE_CONVERT"),
    "title": (embed(title="t" * 257), "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    "empty embed": (embed(), "embeds.0.description", "BASE_TYPE_REQUIRED"),
    "blank value": (
        embed(fields=[{"name": "n", "value": " "}]),
        "embeds.0.fields.0.value",
        "BASE_TYPE_REQUIRED",
    ),
    "26 fields": (
        embed(fields=[{"name": "n", "value": "v"}] * 26),
        "embeds.0.fields",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "value": (
        embed(fields=[{"name": "n", "value": "v" * 1025}]),
        "embeds.0.fields.0.value",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "all characters": (
        {"embeds": [{"description": "d" * 3001}] * 2},
        "embeds",
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    "11 embeds": (
        {"embeds": [{"title": "t"}] * 11},
        "embeds",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "colour": (embed(title="t", color=1 << 24), "embeds.0.color", "NUMBER_TYPE_MAX"),
    "address": (
        embed(title="t", url="ftp://example.org"),
        "embeds.0.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "time": (
        embed(title="t", timestamp="yesterday"),
        "embeds.0.timestamp",
        "DATE_TIME_TYPE_PARSE",
    ),
    "six rows": (
        {
            "components": [
                row(button(custom_id=str(n)))["components"][0] for n in range(6)
            ]
        },
        "components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "six buttons": (
        row(*(button(custom_id=str(n)) for n in range(6))),
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "button outside of a row": (
        {"components": [button()]},
        "components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "custom id": (
        row(button(custom_id="x" * 101)),
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "no custom id": (
        row(button(custom_id=None)),
        "components.0.components.0.custom_id",
        "BASE_TYPE_REQUIRED",
    ),
    "same custom id": (
        row(button(), button()),
        "components.0.components.1.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    "label": (
        row(button(label="l" * 81)),
        "components.0.components.0.label",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "no label": (
        row(button(label=None)),
        "components.0.components.0.label",
        "BASE_TYPE_REQUIRED",
    ),
    "emoji": (
        row(button(emoji={"name": ":trash:"})),
        "components.0.components.0.emoji.name",
        "BUTTON_COMPONENT_INVALID_EMOJI",
    ),
    "select beside a button": (
        row(select(), button()),
        "components.0.components",
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    "no options": (
        row(select(options=[])),
        "components.0.components.0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "same values": (
        row(select(options=[{"label": "A", "value": "a"}] * 2)),
        "components.0.components.0.options",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    "mentions": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions.users",
        "MUTUALLY_EXCLUSIVE",
    ),
    "mentions of whom": (
        {"content": "x", "allowed_mentions": {"parse": ["people"]}},
        "allowed_mentions.parse",
        "BASE_TYPE_CHOICES",
    ),
}


@pytest.fixture
async def api(discord: DiscordDouble) -> AsyncIterator[Api]:
    async with Api(discord) as api:
        yield api


@pytest.fixture
def line(guild: Guild) -> str:
    return f"POST /channels/{guild.channel.id}/messages"


@pytest.mark.parametrize("name", RIGHT)
async def test_a_right_message_is_written(api: Api, line: str, name: str) -> None:
    answer = await api(line, RIGHT[name])

    assert answer.status == 200, answer.body


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_message_is_refused_with_the_place(
    api: Api, line: str, name: str
) -> None:
    body, place, code = WRONG[name]

    answer = await api(line, body)

    assert (answer.status, answer.code) == (400, 50035)
    assert answer.places == {place: code}


@pytest.mark.parametrize("body", [{}, {"content": " \n"}, {"embeds": []}])
async def test_nothing_cannot_be_sent(
    api: Api, line: str, body: dict[str, Any]
) -> None:
    assert (await api(line, body)).code == 50006


async def test_a_channel_knows_nothing_of_ephemeral_messages(
    discord: DiscordDouble, api: Api, guild: Guild
) -> None:
    message = discord.say(guild.owner, "hello")
    path = f"/channels/{guild.channel.id}/messages"
    assert (await api(f"GET {path}/{message.id}")).body["content"] == "hello"

    message.flags |= 64

    assert (await api(f"GET {path}/{message.id}")).code == 10008
    assert (await api(f"GET {path}")).body == []


async def test_only_what_is_ones_own_is_edited(
    discord: DiscordDouble, api: Api, guild: Guild
) -> None:
    message = discord.say(guild.owner, "hello")
    path = f"/channels/{guild.channel.id}/messages"
    own = (await api(f"POST {path}", {"content": "mine"})).body["id"]

    theirs = await api(f"PATCH {path}/{message.id}", {"content": "yours"})
    mine = await api(f"PATCH {path}/{own}", {"content": "still mine"})
    emptied = await api(f"PATCH {path}/{own}", {"content": None})

    assert theirs.code == 50005
    assert mine.body["edited_timestamp"] is not None
    assert emptied.code == 50006
    assert (await api(f"GET {path}/{own}")).body["content"] == "still mine"


async def test_who_takes_no_direct_messages_gets_none(
    discord: DiscordDouble, api: Api, guild: Guild
) -> None:
    user = guild.owner.user
    opened = await api("POST /users/@me/channels", {"recipient_id": str(user.id)})
    line = f"POST /channels/{opened.body['id']}/messages"

    assert (await api(line, {"content": "hello"})).status == 200
    user.takes_direct_messages = False
    assert (await api(line, {"content": "hello"})).code == 50007
    user.takes_direct_messages = True
    del guild.members[user.id]
    assert (await api(line, {"content": "hello"})).code == 50278


async def test_bodies_are_json(api: Api, line: str) -> None:
    broken = await api(line, data=b"{", headers={"Content-Type": "application/json"})
    form = await api(line, data={"content": "x"})

    assert broken.code == 50109
    assert form.code == 50035


async def test_strangers_are_unauthorized(api: Api, line: str) -> None:
    stranger = await api(line, {"content": "x"}, headers={"Authorization": "Bot x"})
    bearer = await api(line, {"content": "x"}, headers={"Authorization": None})
    nameless = await api(line, {"content": "x"}, headers={"User-Agent": "curl/8"})

    assert (stranger.status, stranger.code) == (401, 0)
    assert bearer.status == 401
    assert (nameless.status, nameless.code) == (403, 40333)
    assert stranger.headers["Content-Type"] == "application/json"


async def test_what_does_not_exist_is_not_found(api: Api) -> None:
    assert (await api("GET /nowhere")).body == {"message": "404: Not Found", "code": 0}
    assert (await api("GET /channels/1")).code == 10003
    assert (await api("GET /channels/x")).code == 50035
    assert (await api("GET /guilds/1")).code == 10004
    assert (await api("GET /users/1")).code == 10013
