"""Registering commands as Discord takes them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.bot.double.raw import Api
from tuxdb.bot.double import DiscordDouble, Guild


def command(**changes: Any) -> dict[str, Any]:
    return {"name": "points", "description": "Points.", "type": 1, **changes}


def option(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "name": "text", "description": "A text.", **changes}


WRONG = {
    "upper case": (command(name="Points"), "name", "APPLICATION_COMMAND_INVALID_NAME"),
    "blank": (command(name="my points"), "name", "APPLICATION_COMMAND_INVALID_NAME"),
    "description": (command(description=""), "description", "BASE_TYPE_REQUIRED"),
    "long": (command(description="d" * 101), "description", "BASE_TYPE_BAD_LENGTH"),
    "menu with a description": (
        command(type=2, name="Show points"),
        "description",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "26 options": (
        command(options=[option(name=f"o{n}") for n in range(26)]),
        "options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "required last": (
        command(options=[option(name="a"), option(name="b", required=True)]),
        "options",
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    "same option": (
        command(options=[option(), option()]),
        "options",
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
    ),
    "mixed": (
        command(options=[option(), option(type=1, name="sub")]),
        "options",
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
    ),
    "choices and completion": (
        command(
            options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])]
        ),
        "options.0.autocomplete",
        "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
    ),
    "value of another type": (
        command(options=[option(type=4, choices=[{"name": "a", "value": "a"}])]),
        "options.0.choices.0.value",
        "NUMBER_TYPE_COERCE",
    ),
    "locale": (
        command(name_localizations={"xx": "punkte"}),
        "name_localizations.xx",
        "ENUM_TYPE_COERCE",
    ),
    "translated name": (
        command(name_localizations={"de": "Punkte"}),
        "name_localizations.de",
        "APPLICATION_COMMAND_INVALID_NAME",
    ),
    "bounds": (
        command(options=[option(type=4, min_value=5, max_value=1)]),
        "options.0.min_value",
        "NUMBER_TYPE_MAX",
    ),
    "too deep": (
        command(
            options=[
                option(
                    type=2,
                    name="a",
                    options=[option(type=2, name="b", options=[option(type=1)])],
                )
            ]
        ),
        "options.0.options.0.type",
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
    ),
    "too large": (
        command(
            options=[
                option(
                    name=f"o{n}",
                    choices=[
                        {"name": f"{c:>030}", "value": f"{c:>030}"} for c in range(25)
                    ],
                )
                for n in range(6)
            ]
        ),
        "",
        "APPLICATION_COMMAND_TOO_LARGE",
    ),
}


@pytest.fixture
async def api(discord: DiscordDouble) -> AsyncIterator[Api]:
    async with Api(discord) as api:
        yield api


@pytest.fixture
def path(discord: DiscordDouble) -> str:
    return f"/applications/{discord.application_id}/commands"


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_command_is_refused_with_the_place(
    api: Api, path: str, name: str
) -> None:
    body, place, code = WRONG[name]

    answer = await api(f"POST {path}", body)

    assert (answer.status, answer.code) == (400, 50035)
    assert answer.places.get(place) == code


async def test_overwriting_keeps_the_ids_of_names(
    discord: DiscordDouble, api: Api, path: str
) -> None:
    first = await api(f"PUT {path}", [command(), command(name="cases")])
    second = await api(f"PUT {path}", [command(description="Other.")])

    assert second.body[0]["id"] == first.body[0]["id"]
    assert second.body[0]["version"] != first.body[0]["version"]
    assert [item["name"] for item in discord.commands] == ["points"]


async def test_names_are_unique_within_an_overwrite(api: Api, path: str) -> None:
    answer = await api(f"PUT {path}", [command(), command()])

    assert list(answer.places.values()) == ["APPLICATION_COMMANDS_DUPLICATE_NAME"]


async def test_new_commands_are_counted_by_the_day(
    discord: DiscordDouble, api: Api, path: str
) -> None:
    discord.realm.daily_creates = 1

    assert (await api(f"PUT {path}", [command()])).status == 200
    assert (await api(f"PUT {path}", [command(description="Other.")])).status == 200
    answer = await api(f"PUT {path}", [command(name="cases")])

    assert (answer.status, answer.code) == (400, 30034)
    assert [item["name"] for item in discord.commands] == ["points"]


async def test_there_is_a_most_of_each_kind(api: Api, path: str) -> None:
    menus = [{"name": f"Menu {number}", "type": 2} for number in range(6)]

    assert (await api(f"PUT {path}", menus)).code == 30032
    assert (await api(f"PUT {path}", menus[:5])).status == 200


async def test_a_guild_has_commands_of_its_own(
    discord: DiscordDouble, api: Api, path: str, guild: Guild
) -> None:
    own = path.replace("/commands", f"/guilds/{guild.id}/commands")
    await api(f"PUT {path}", [command()])
    await api(f"PUT {own}", [command()])

    cleared = await api(f"PUT {own}", [])

    assert cleared.body == []
    assert len((await api(f"GET {path}")).body) == 1
    assert (await api(f"GET {own}")).body == []


async def test_translations_are_shown_if_asked_for(api: Api, path: str) -> None:
    await api(f"PUT {path}", [command(name_localizations={"de": "punkte"})])

    bare = await api(f"GET {path}")
    whole = await api(f"GET {path}?with_localizations=1")

    assert "name_localizations" not in bare.body[0]
    assert whole.body[0]["name_localizations"] == {"de": "punkte"}


async def test_one_command_is_deleted(api: Api, path: str) -> None:
    (made,) = (await api(f"PUT {path}", [command()])).body

    assert (await api(f"DELETE {path}/{made['id']}")).status == 204
    assert (await api(f"DELETE {path}/{made['id']}")).code == 10063
