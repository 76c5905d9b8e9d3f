"""What Discord lets an application command be."""

import re
from collections.abc import Iterator
from enum import IntEnum

from tuxdb.bot.double.forms import REQUIRED, Faulty, Form
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.suggestions import CHOICES, WHOLE, check_value

NAME = re.compile(r"[-_'\w]{1,32}")
_LOCALES = """
    id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs
    el bg ru uk hi th zh-CN ja zh-TW ko
"""
LOCALES = frozenset(re.findall(r"\S+", _LOCALES))
OPTIONS, NAME_LENGTH, DESCRIPTION, CHARACTERS = 25, 32, 100, 8000
STRING_LENGTH = 6000
CHANNEL_TYPES = frozenset({0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16})


class Kind(IntEnum):
    """Types of commands."""

    SLASH = 1
    USER = 2
    MESSAGE = 3


class Option(IntEnum):
    """Types of options."""

    SUB_COMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


NESTED = (Option.SUB_COMMAND, Option.GROUP)
CHOSEN = (Option.STRING, Option.INTEGER, Option.NUMBER)


def check_command(body: object, faulty: Faulty, place: tuple[str, ...] = ()) -> Json:
    """Check a command; returns what Discord keeps of it."""
    form = Form(body, faulty, place)
    kind = form.choice("type", Kind, required=False) or Kind.SLASH
    slash = kind == Kind.SLASH
    name = _check_name(form, slash)
    description = form.text(
        "description", DESCRIPTION if slash else 0, least=int(slash), required=slash
    )
    _check_localizations(form, "description", slash)
    permissions = form.snowflake("default_member_permissions")
    contexts = form.data.get("contexts")
    for integer_list, most in (("contexts", 3), ("integration_types", 2)):
        for value in form.values(integer_list, most):
            if isinstance(value, bool) or value not in range(most):
                form.fault(integer_list, "BASE_TYPE_CHOICES", f"{value} is none.")
    form.boolean("dm_permission")
    guild_only = form.data.get("dm_permission") is False or contexts == [0]
    options = _check_options(form, 0) if slash else []
    if (
        slash
        and not faulty.tree
        and sum(map(len, _texts({**form.data, "options": options}))) > CHARACTERS
    ):
        message = f"Command exceeds maximum size ({CHARACTERS})"
        form.fault("", "APPLICATION_COMMAND_TOO_LARGE", message)
    return {
        "type": int(kind),
        "name": name,
        "name_localizations": form.data.get("name_localizations"),
        "description": description,
        "description_localizations": form.data.get("description_localizations"),
        "options": options,
        "default_member_permissions": None if permissions is None else str(permissions),
        "dm_permission": not guild_only,
        "contexts": contexts or ([0] if guild_only else None),
        "integration_types": form.data.get("integration_types") or [0],
        "nsfw": form.boolean("nsfw"),
    }


def _check_name(form: Form, slash: bool) -> str:
    name = form.text("name", NAME_LENGTH, least=1, required=True)
    if slash and name and (not NAME.fullmatch(name) or name != name.lower()):
        form.fault(
            "name",
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid",
        )
    _check_localizations(form, "name", slash)
    return name


def _check_localizations(form: Form, of: str, slash: bool) -> None:
    name = f"{of}_localizations"
    translations = form.form(name)
    if translations is None:
        return
    most = NAME_LENGTH if of == "name" else DESCRIPTION
    for locale in translations.data:
        text = translations.text(locale, most, least=1, required=True)
        if locale not in LOCALES:
            translations.fault(locale, "ENUM_TYPE_COERCE", f"{locale} is no locale.")
        if (
            of == "name"
            and slash
            and (not NAME.fullmatch(text) or text != text.lower())
        ):
            translations.fault(
                locale, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
            )


def _check_options(form: Form, depth: int) -> list[Json]:
    options = form.forms("options", OPTIONS)
    kept = [_check_option(option, depth) for option in options]
    nested = [item["type"] in NESTED for item in kept]
    names = [item["name"] for item in kept]
    if any(nested) and not all(nested):
        form.fault(
            "options",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-commands and options cannot be mixed",
        )
    if len(set(names)) < len(names):
        form.fault(
            "options",
            "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
            "Option name already exists",
        )
    required = [bool(item.get("required")) for item in kept]
    if required != sorted(required, reverse=True):
        form.fault(
            "options",
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
            "Required options must be placed before non-required options",
        )
    return kept


def _check_option(form: Form, depth: int) -> Json:
    kind = form.choice("type", Option) or Option.STRING
    kept: Json = {"type": int(kind), "name": _check_name(form, slash=True)}
    kept["name_localizations"] = form.data.get("name_localizations")
    kept["description"] = form.text("description", DESCRIPTION, least=1, required=True)
    kept["description_localizations"] = form.data.get("description_localizations")
    _check_localizations(form, "description", slash=True)
    if kind in NESTED:
        if depth > 1 or (depth == 1 and kind == Option.GROUP):
            form.fault("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Too deep.")
        kept["options"] = _check_options(form, depth + (2 if kind == 1 else 1))
        if kind == Option.GROUP and not kept["options"]:
            form.fault("options", REQUIRED, "This field is required")
        return kept
    kept["required"] = form.boolean("required")
    kept |= _check_bounds(form, kind)
    if kind in CHOSEN:
        kept |= _check_offers(form, kind)
    return kept


def _check_bounds(form: Form, kind: int) -> Json:
    kept: Json = {}
    if kind == Option.STRING:
        kept["min_length"] = form.number("min_length", 0, STRING_LENGTH)
        kept["max_length"] = form.number("max_length", 1, STRING_LENGTH)
    elif kind in CHOSEN:
        whole = kind == Option.INTEGER
        for name in ("min_value", "max_value"):
            kept[name] = form.number(name, -WHOLE, WHOLE, whole=whole)
        least, most = kept["min_value"], kept["max_value"]
        if None not in (least, most) and least > most:
            form.fault("min_value", "NUMBER_TYPE_MAX", "It is above max_value.")
    elif kind == Option.CHANNEL:
        kept["channel_types"] = form.values("channel_types", len(CHANNEL_TYPES))
        if any(item not in tuple(CHANNEL_TYPES) for item in kept["channel_types"]):
            form.fault("channel_types", "BASE_TYPE_CHOICES", "A type is none.")
    return {name: value for name, value in kept.items() if value not in (None, [])}


def _check_offers(form: Form, kind: int) -> Json:
    """Choices or autocompletion, not both."""
    choices = form.forms("choices", CHOICES)
    for choice in choices:
        choice.text("name", DESCRIPTION, least=1, required=True)
        _check_localizations(choice, "name", slash=False)
        check_value(choice, kind)
    names = [choice.data.get("name") for choice in choices]
    if any(name in names[:place] for place, name in enumerate(names)):
        form.fault("choices", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME", "Twice.")
    completed = form.boolean("autocomplete")
    if completed and choices:
        form.fault(
            "autocomplete",
            "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
            "Autocomplete with choices is not allowed",
        )
    kept: Json = {"autocomplete": True} if completed else {}
    return {**kept, "choices": [item.data for item in choices]} if choices else kept


def _texts(command: Json) -> Iterator[str]:
    """The texts that count towards the size: of translations, the longest."""
    for name in ("name", "description"):
        translations = command.get(f"{name}_localizations") or {}
        texts = [str(command.get(name) or ""), *map(str, translations.values())]
        yield max(texts, key=len)
    yield str(command.get("value", ""))
    for inner in (*command.get("options", []), *command.get("choices", [])):
        yield from _texts(inner)
