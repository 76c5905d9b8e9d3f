"""What a person sees of a message."""

import time

import pytest

from tuxdb.bot.double import Channel, Message, User
from tuxdb.bot.playground.drawing import drawn, readable

NAMES = {("@", 1): "bob", ("@&", 2): "Managers", ("#", 3): "general"}
BOT = User(9, "tuxdb", bot=True)


def name_of(kind: str, number: int) -> str | None:
    return NAMES.get((kind, number))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@1> <@!1> <@&2> <#3>", "@bob @!bob @&Managers #general"),
        ("<@7>", "<@7>"),
        (r"points.start\_balance \*", "points.start_balance *"),
        ("<t:0:f>", "1970-01-01 00:00 UTC"),
        ("<t:99999999999999:R>", "<t:99999999999999:R>"),
    ],
)
def test_mentions_and_moments_are_readable(text: str, shown: str) -> None:
    assert readable(text, name_of) == shown.replace("@!", "@").replace("@&", "@")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(90_000, "in 1 day"), (-125, "2 minutes ago")]
)
def test_a_moment_is_shown_as_how_far_away_it_is(seconds: int, shown: str) -> None:
    moment = int(time.time()) + seconds

    assert readable(f"<t:{moment}:R>", name_of) == shown


def test_a_message_is_drawn_with_numbers_to_press() -> None:
    message = Message(
        5,
        Channel(4, "general"),
        BOT,
        content="one\ntwo",
        embeds=[
            {
                "title": "Sent",
                "description": "5 points",
                "fields": [{"name": "Balance", "value": "7"}],
                "footer": {"text": "entry 1"},
            }
        ],
        components=[
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": 1, "label": "Yes", "custom_id": "y"},
                    {"type": 2, "style": 2, "label": "No", "disabled": True},
                ],
            },
            {
                "type": 1,
                "components": [
                    {"type": 3, "custom_id": "s", "options": [{"label": "A"}]}
                ],
            },
        ],
        seen_by=User(1, "bob"),
    )

    assert [line.text for line in drawn(message, name_of)] == [
        "tuxdb (bot), only bob sees this",
        "  one",
        "  two",
        "  ┃ Sent",
        "  ┃ 5 points",
        "  ┃ Balance: 7",
        "  ┃ entry 1",
        "  [1: Yes]   (No)",
        "  [3: choose: A]",
    ]
