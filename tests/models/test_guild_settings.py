"""What may stand in the settings of a guild."""

import math
from typing import Any

import pytest

from tuxdb.errors import InvalidValue
from tuxdb.models import MAX_POINTS
from tuxdb.models.guild_settings import (
    BotRules,
    bot_rules,
    check_settings,
    with_rule,
)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"welcome": {"channel": 5, "text": "hi\n🐧"}, "levels": [1, 2.5, None, True]},
        {"points": {}},
        {"points": {"max_balance": 1, "daily_send": 0, "daily_receive": 0}},
        {"points": {"max_balance": MAX_POINTS, "start_balance": MAX_POINTS}},
        {"points": {"timezone": "America/Argentina/Ushuaia"}},
        {"points": {"timezone": "UTC"}},
    ],
)
def test_good_settings_are_taken_as_they_are(settings: dict[str, Any]) -> None:
    assert check_settings(settings) is settings


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        ("daily_send", -1, f"is not a whole number from 0 to {MAX_POINTS}"),
        ("daily_send", "5", f"is not a whole number from 0 to {MAX_POINTS}"),
        ("daily_receive", 5.0, f"is not a whole number from 0 to {MAX_POINTS}"),
        ("daily_receive", True, f"is not a whole number from 0 to {MAX_POINTS}"),
        ("daily_receive", None, f"is not a whole number from 0 to {MAX_POINTS}"),
        ("max_balance", 0, f"is not a whole number from 1 to {MAX_POINTS}"),
        ("max_balance", 2**53, f"is not a whole number from 1 to {MAX_POINTS}"),
        ("start_balance", [5], f"is not a whole number from 0 to {MAX_POINTS}"),
        (
            "timezone",
            "Europe/Berln",
            "is not a known time zone; did you mean 'Europe/Berlin'?",
        ),
        ("timezone", "", "is not a time zone such as Europe/Berlin"),
        ("timezone", 5, "is not a time zone such as Europe/Berlin"),
        ("timezone", "../../etc/passwd", "is not a known time zone such as"),
        ("timezone", "localtime", "is not a known time zone"),
        ("daily_sent", 5, "is no rule; did you mean 'daily_send'?"),
        ("colour", 5, "is no rule of max_balance, daily_send, "),
    ],
)
def test_a_bad_rule_is_named_with_its_place(
    rule: str, value: object, problem: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_settings({"points": {rule: value}})

    assert caught.value.field == f"settings.points.{rule}"
    assert str(caught.value).startswith(f"settings.points.{rule} {problem}")


@pytest.mark.parametrize("points", [5, [], [{}], "x", None, True])
def test_the_rules_are_an_object(points: object) -> None:
    with pytest.raises(InvalidValue, match=r"^settings\.points is not an object"):
        check_settings({"points": points})


def test_a_new_member_cannot_get_more_than_the_highest_balance() -> None:
    with pytest.raises(InvalidValue, match="start_balance is more than max_balance"):
        check_settings({"points": {"max_balance": 10, "start_balance": 11}})


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"a": {"b": "x\0y"}}, "settings.a.b holds a NUL"),
        ({"a": ["x\ud800"]}, "settings.a is not valid Unicode"),
        ({"x\0": 1}, "settings holds a NUL"),
        ({"a": math.nan}, "settings.a holds nan, which is no number"),
        ({"a": [math.inf]}, "settings.a holds inf, which is no number"),
        ({"a": {1: 2}}, "settings.a has a name that is not a text"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused(
    settings: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_settings(settings)

    assert str(caught.value).startswith(place)


def test_a_rule_is_set_beside_others_and_taken_away() -> None:
    settings = {"welcome": True, "points": {"daily_send": 5}}

    more = with_rule(settings, "points", "max_balance", 9)
    fewer = with_rule(more, "points", "daily_send", None)
    none = with_rule(fewer, "points", "max_balance", None)

    assert more["points"] == {"daily_send": 5, "max_balance": 9}
    assert fewer == {"welcome": True, "points": {"max_balance": 9}}
    assert none == with_rule(none, "points", "max_balance", None) == {"welcome": True}


FULL = {
    "manager_roles": ["123", str(2**63 - 1)],
    "confirm_from": MAX_POINTS,
    "ping_receiver": True,
    "locale": "de",
    "cogs_off": ["gallery", "points-admin"],
}


def test_the_rules_for_the_bot_are_read() -> None:
    assert bot_rules(check_settings({"bot": FULL})) == BotRules(
        frozenset({123, 2**63 - 1}),
        MAX_POINTS,
        ping_receiver=True,
        locale="de",
        cogs_off=frozenset({"gallery", "points-admin"}),
    )
    assert bot_rules({}) == bot_rules({"bot": {}}) == BotRules()


BAD_BOT_RULES = [
    ("manager_roles", 5),
    ("manager_roles", [5]),
    ("manager_roles", ["0"]),
    ("manager_roles", ["x"]),
    ("manager_roles", ["1\n"]),
    ("manager_roles", ["٣"]),
    ("manager_roles", None),
    ("confirm_from", 0),
    ("confirm_from", 1.5),
    ("confirm_from", "5"),
    ("confirm_from", MAX_POINTS + 1),
    ("ping_receiver", "on"),
    ("ping_receiver", None),
    ("locale", "fr"),
    ("locale", None),
    ("cogs_off", "points"),
    ("cogs_off", [1]),
    ("cogs_off", ["A"]),
]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        *BAD_BOT_RULES,
        ("manager_roles", [str(2**63)]),
        ("manager_roles", ["1"] * 101),
        ("cogs_off", ["config"]),
        ("nothing", 5),
    ],
)
def test_a_bad_rule_for_the_bot_is_named(rule: str, value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_settings({"bot": {rule: value}})

    assert caught.value.field == f"settings.bot.{rule}"
