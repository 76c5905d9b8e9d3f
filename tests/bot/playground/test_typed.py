"""Reading what is typed."""

from typing import Any

import pytest

from tuxdb.bot.double import NotOffered
from tuxdb.bot.double.places import Json
from tuxdb.bot.playground.typed import read_command, split


def option(kind: int, name: str, **more: Any) -> Json:
    return {"type": kind, "name": name, "description": "", **more}


SEND = option(
    1,
    "send",
    options=[
        option(6, "member", required=True),
        option(4, "amount", required=True),
        option(3, "reason"),
        option(3, "kind", choices=[{"name": "a", "value": "a"}]),
    ],
)
COMMANDS: list[Json] = [
    {"type": 1, "name": "points", "options": [SEND]},
    {"type": 1, "name": "note", "options": [option(3, "text", required=True)]},
    {"type": 2, "name": "Show points", "options": []},
]


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("@bob 5", {"member": "@bob", "amount": "5"}),
        ("amount:5 @bob", {"member": "@bob", "amount": "5"}),
        ("amount: 5 member: @bob", {"member": "@bob", "amount": "5"}),
        ("@bob 5 lunch a", {"reason": "lunch", "kind": "a"}),
        ('@bob 5 "for lunch" a', {"reason": "for lunch", "kind": "a"}),
        ("@bob 5 reason:for lunch a", {"reason": "for lunch a"}),
        ("@bob 5 reason: for lunch kind:a", {"reason": "for lunch", "kind": "a"}),
        ("@bob 5 it's", {"reason": "it's"}),
        ("@bob 5 see:that", {"reason": "see:that"}),
    ],
)
def test_options_are_in_order_or_named(line: str, texts: dict[str, str]) -> None:
    typed = read_command(COMMANDS, f"points send {line}")

    assert typed.name == "points send"
    assert texts.items() <= typed.texts.items()


def test_a_text_at_the_end_goes_on() -> None:
    assert read_command(COMMANDS, "note for you all").texts == {"text": "for you all"}


def test_what_is_too_much_is_refused() -> None:
    with pytest.raises(NotOffered, match="takes no more: c"):
        read_command(COMMANDS, "points send @bob 5 a b c")


@pytest.mark.parametrize("line", ["", "Show points", "points take", "nothing"])
def test_there_must_be_such_a_command(line: str) -> None:
    with pytest.raises(NotOffered, match="there is no command"):
        read_command(COMMANDS, line)


def test_a_group_is_not_whole() -> None:
    assert not read_command(COMMANDS, "points").is_whole


def test_words_in_quotes_are_one() -> None:
    assert split('a "b c" d\'e') == ["a", "b c", "d'e"]
