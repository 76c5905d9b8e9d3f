"""What is typed: `/points transfer @bob 50 reason: for lunch`."""

import re
import shlex
from dataclasses import dataclass, field

from tuxdb.bot.double import Channel, Guild, Member, NotOffered, Role
from tuxdb.bot.double.command_form import NESTED, Option
from tuxdb.bot.double.places import Json

_NAMED = re.compile(r"([\w-]+):(.*)", re.DOTALL)
_YES, _NO = ("yes", "true", "on", "y"), ("no", "false", "off", "n")


@dataclass
class Typed:
    """A command as far as it is typed."""

    command: Json
    words: list[str]
    """Its name and those of sub-commands."""
    options: list[Json]
    texts: dict[str, str] = field(default_factory=dict)
    last: str | None = None
    """The option that is being typed."""

    @property
    def name(self) -> str:
        """The whole name of the command."""
        return " ".join(self.words)

    @property
    def is_whole(self) -> bool:
        """Whether it is a command that can be used, not only a group of them."""
        return not any(item["type"] in NESTED for item in self.options)

    def values(self, guild: Guild) -> dict[str, object]:
        """The options as what they stand for."""
        described = {option["name"]: option for option in self.options}
        return {
            name: meant(described[name], text, guild)
            for name, text in self.texts.items()
        }

    def next_option(self) -> Json | None:
        """The option that comes next."""
        left = [item for item in self.options if item["name"] not in self.texts]
        return left[0] if left else None


def read_command(commands: list[Json], line: str) -> Typed:
    """Read a line without its slash; raises NotOffered if there is no such command."""
    tokens = split(line)
    named = {command["name"]: command for command in commands if command["type"] == 1}
    if not tokens or tokens[0] not in named:
        raise NotOffered(f"there is no command /{tokens[0] if tokens else ''}")
    command = named[tokens[0]]
    typed = Typed(command, [tokens.pop(0)], command["options"])
    while tokens and not typed.is_whole:
        inner = {item["name"]: item for item in typed.options}
        if tokens[0] not in inner:
            raise NotOffered(f"there is no command /{typed.name} {tokens[0]}")
        typed.options = inner[tokens[0]]["options"]
        typed.words.append(tokens.pop(0))
    _read_options(typed, tokens)
    return typed


def split(line: str) -> list[str]:
    """Words; those in double quotes are one."""
    words = shlex.shlex(line, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters = True, ""
    words.quotes, words.escape = '"', ""
    try:
        return list(words)
    except ValueError:
        raise NotOffered("a quotation mark is missing") from None


def _read_options(typed: Typed, tokens: list[str]) -> None:
    described = {option["name"]: option for option in typed.options}
    open_text = False
    for token in tokens:
        match = _NAMED.fullmatch(token)
        following = typed.next_option()
        if match and match[1] in described:
            typed.last, typed.texts[match[1]] = match[1], match[2]
            open_text = _goes_on(described[match[1]])
        elif typed.last and not typed.texts[typed.last]:
            typed.texts[typed.last] = token
        elif typed.last and open_text:
            typed.texts[typed.last] += f" {token}"
        elif following is not None:
            typed.last = str(following["name"])
            typed.texts[typed.last] = token
            open_text = _goes_on(following) and typed.next_option() is None
        else:
            raise NotOffered(f"/{typed.name} takes no more: {token}")


def _goes_on(option: Json) -> bool:
    """Whether more words may belong to an option, which is free text."""
    chosen = option.get("choices") or option.get("autocomplete")
    return option["type"] == Option.STRING and not chosen


def meant(option: Json, text: str, guild: Guild) -> object:
    """What a text stands for in an option."""
    kind, name = option["type"], option["name"]
    if kind in (Option.INTEGER, Option.NUMBER) and not option.get("choices"):
        try:
            return int(text) if kind == Option.INTEGER else float(text)
        except ValueError:
            raise NotOffered(f"{name} is no number: {text}") from None
    if kind == Option.BOOLEAN:
        if text.lower() not in _YES + _NO:
            raise NotOffered(f"{name} is yes or no")
        return text.lower() in _YES
    if kind in (Option.USER, Option.ROLE, Option.MENTIONABLE, Option.CHANNEL):
        return found(guild, text, kind)
    return text


def found(guild: Guild, text: str, kind: int) -> Member | Role | Channel:
    """Somebody or something of the guild, by name."""
    name = text.removeprefix("#" if kind == Option.CHANNEL else "@")
    things: list[Member | Role | Channel] = []
    if kind in (Option.USER, Option.MENTIONABLE):
        things += guild.members.values()
    if kind in (Option.ROLE, Option.MENTIONABLE):
        things += guild.roles.values()
    if kind == Option.CHANNEL:
        things += guild.channels.values()
    for thing in things:
        known = thing.name.removeprefix("@")
        if name.casefold() == known.casefold() or name == str(thing.id):
            return thing
    what = Option(kind).name.lower()
    raise NotOffered(f"there is no {what} {text}")
