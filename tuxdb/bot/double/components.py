"""What Discord lets buttons, selects and modals be."""

from collections.abc import Iterator
from enum import IntEnum

from tuxdb.bot.double.forms import CHOICES, REQUIRED, Form
from tuxdb.bot.double.places import Json


class Kind(IntEnum):
    """Types of components."""

    ROW = 1
    BUTTON = 2
    SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    TEXT_DISPLAY = 10
    LABEL = 18


SELECTS = (
    Kind.SELECT,
    Kind.USER_SELECT,
    Kind.ROLE_SELECT,
    Kind.MENTIONABLE_SELECT,
    Kind.CHANNEL_SELECT,
)
BUTTON_STYLES = range(1, 7)
LINK, PREMIUM = 5, 6
ROWS, BUTTONS, OPTIONS, INPUTS = 5, 5, 25, 5
CUSTOM_ID, LABEL, MODAL_TITLE, INPUT_LABEL = 100, 80, 45, 45
OPTION_TEXT, SELECT_PLACEHOLDER, INPUT_PLACEHOLDER = 100, 150, 100
INPUT_VALUE, URL, DISPLAY = 4000, 512, 4000
LAST_ASCII = 127


def check_rows(body: Form) -> None:
    """The rows of buttons and selects below a message."""
    used: set[str] = set()
    for row in body.forms("components", ROWS):
        if row.choice("type", (Kind.ROW,)) is None:
            continue
        parts = row.forms("components", BUTTONS, least=1, required=True)
        kinds = [
            part.choice("type", (Kind.BUTTON, *SELECTS), required=True)
            for part in parts
        ]
        if len(parts) > 1 and any(kind in SELECTS for kind in kinds):
            row.fault(
                "components",
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        for part, kind in zip(parts, kinds, strict=True):
            if kind == Kind.BUTTON:
                _check_button(part, used)
            elif kind is not None:
                _check_select(part, kind, used)


def check_modal(body: Form) -> None:
    """A modal: its title and the inputs in it, each in a row or under a label."""
    body.text("title", MODAL_TITLE, least=1, required=True)
    body.text("custom_id", CUSTOM_ID, least=1, required=True)
    used: set[str] = set()
    kinds = (Kind.ROW, Kind.LABEL, Kind.TEXT_DISPLAY)
    for part in body.forms("components", INPUTS, least=1, required=True):
        kind = part.choice("type", kinds)
        if kind == Kind.ROW:
            for text_input in part.forms("components", 1, least=1, required=True):
                text_input.choice("type", (Kind.TEXT_INPUT,))
                text_input.text("label", INPUT_LABEL, least=1, required=True)
                _check_input(text_input, used)
        elif kind == Kind.LABEL:
            _check_label(part, used)
        elif kind == Kind.TEXT_DISPLAY:
            part.text("content", DISPLAY, least=1, required=True)


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component with those within it."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if inner := component.get("component"):
            yield from walk([inner])


def _check_label(label: Form, used: set[str]) -> None:
    label.text("label", INPUT_LABEL, least=1, required=True)
    label.text("description", OPTION_TEXT)
    part = label.form("component", required=True)
    if part is None:
        return
    kind = part.choice("type", (Kind.TEXT_INPUT, *SELECTS))
    if kind == Kind.TEXT_INPUT:
        _check_input(part, used)
    elif kind is not None:
        _check_select(part, kind, used)


def _check_input(part: Form, used: set[str]) -> None:
    _check_custom_id(part, used)
    part.choice("style", (1, 2))
    least = part.number("min_length", 0, INPUT_VALUE)
    most = part.number("max_length", 1, INPUT_VALUE)
    part.boolean("required")
    part.text("placeholder", INPUT_PLACEHOLDER)
    part.text("value", int(most or INPUT_VALUE))
    if least is not None and most is not None and least > most:
        part.fault("min_length", "TEXT_INPUT_LENGTH_RANGE", "It is above max_length.")


def _check_button(button: Form, used: set[str]) -> None:
    style = button.choice("style", BUTTON_STYLES)
    label = button.text("label", LABEL)
    button.boolean("disabled")
    _check_emoji(button)
    if style == LINK:
        button.text("url", URL, least=1, required=True)
        if "custom_id" in button:
            button.fault(
                "custom_id",
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "A custom id and url cannot both be specified",
            )
        return
    if "url" in button:
        button.fault("url", "BUTTON_COMPONENT_INVALID_URL", "Only a link has one.")
    if style != PREMIUM:
        _check_custom_id(button, used)
    if not label.strip() and "emoji" not in button:
        button.fault("label", REQUIRED, "This field is required")


def _check_select(select: Form, kind: int, used: set[str]) -> None:
    _check_custom_id(select, used)
    select.text("placeholder", SELECT_PLACEHOLDER)
    select.boolean("disabled")
    least = select.number("min_values", 0, OPTIONS)
    most = select.number("max_values", 1, OPTIONS)
    least, most = 1 if least is None else least, 1 if most is None else most
    if least > most:
        select.fault("min_values", "NUMBER_TYPE_MAX", "It is above max_values.")
    if kind == Kind.SELECT:
        _check_options(select, least, most)


def _check_options(select: Form, least: float, most: float) -> None:
    options = select.forms("options", OPTIONS, least=1, required=True)
    values = [
        option.text("value", OPTION_TEXT, least=1, required=True) for option in options
    ]
    for option in options:
        option.text("label", OPTION_TEXT, least=1, required=True)
        option.text("description", OPTION_TEXT)
        option.boolean("default")
        _check_emoji(option)
    if len(set(values)) < len(values):
        select.fault(
            "options",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
            "The specified option value is already used",
        )
    defaults = sum(bool(option.data.get("default")) for option in options)
    if most > len(options) or least > len(options) or defaults > most:
        select.fault(
            "options", "BASE_TYPE_BAD_LENGTH", "Fewer options than can be chosen."
        )


def _check_custom_id(part: Form, used: set[str]) -> None:
    custom_id = part.text("custom_id", CUSTOM_ID, least=1, required=True)
    if custom_id and custom_id in used:
        part.fault(
            "custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )
    used.add(custom_id)


def _check_emoji(part: Form) -> None:
    emoji = part.form("emoji")
    if emoji is None:
        return
    name = emoji.text("name", OPTION_TEXT)
    if emoji.snowflake("id") is None and not _looks_like_an_emoji(name):
        emoji.fault("name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _looks_like_an_emoji(name: str) -> bool:
    keycap = name.endswith("\u20e3")
    return bool(name) and (keycap or all(ord(sign) > LAST_ASCII for sign in name))


__all__ = ["CHOICES", "SELECTS", "Kind", "check_modal", "check_rows", "walk"]
