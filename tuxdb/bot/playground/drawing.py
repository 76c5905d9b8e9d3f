"""What a person sees of a message, line by line.

Lines hold what people wrote as it is: whoever writes them to a terminal escapes them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tuxdb.bot.double import Message, Reply
from tuxdb.bot.double.components import SELECTS, Kind
from tuxdb.bot.double.modals import fields
from tuxdb.bot.double.places import Json

_MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")
_MOMENT = re.compile(r"<t:(-?\d+)(?::([tTdDfFR]))?>")
_BACKSLASH = re.compile(r"\\([^A-Za-z0-9\s])")
Names = Callable[[str, int], str | None]
"""Who or what an id is of, after `@`, `@&` or `#`."""
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Line:
    """A line and how it is meant: plain, `dim`, `bold`, `error`."""

    text: str
    style: str = ""


def drawn(message: Message, names: Names) -> Iterator[Line]:
    """A message, with numbers before what can be pressed."""
    yield Line(_head(message), "dim")
    if message.loading:
        yield Line("  tuxdb is thinking…", "dim")
    for text in _lines(message.content):
        yield Line(f"  {readable(text, names)}")
    for embed in message.embeds:
        yield from _embed(embed, names)
    for upload in message.uploads:
        yield Line(f"  [file] {upload.name}, {len(upload.content)} bytes", "bold")
    number = 1
    for row in message.components:
        shown = []
        for part in row["components"]:
            shown.append(_part(part, number))
            number += 1
        yield Line(f"  {'   '.join(shown)}", "bold")
    if message.pings:
        yield Line(f"  pings {', '.join(_pinged(message, names))}", "dim")


def reply_lines(reply: Reply) -> Iterator[Line]:
    """What else there is of a reply, besides its messages."""
    if reply.error:
        yield Line(f"  {reply.error}", "error")
    if reply.modal:
        yield Line(f"  a form opens: {reply.modal['title']}", "bold")


def form_fields(reply: Reply) -> list[tuple[str, Json]]:
    """The fields of the form that a reply has opened."""
    return fields(reply.modal) if reply.modal else []


def readable(text: str, names: Names) -> str:
    """Mentions and moments as Discord shows them, and no backslashes."""

    def named(match: re.Match[str]) -> str:
        name = names(match[1][:2].rstrip("!"), int(match[2]))
        return match[0] if name is None else match[1][0] + name

    shown = _MENTION.sub(named, text)
    return _BACKSLASH.sub(r"\1", _MOMENT.sub(_moment, shown))


def _head(message: Message) -> str:
    head = f"{message.author.name}{' (bot)' if message.author.bot else ''}"
    if message.seen_by is not None:
        head += f", only {message.seen_by.name} sees this"
    return f"{head}, edited" if message.edited_at else head


def _lines(text: str) -> list[str]:
    """Lines of a text; only the line feed ends one."""
    return text.split("\n") if text else []


def _embed(embed: Json, names: Names) -> Iterator[Line]:
    author = embed.get("author", {}).get("name", "")
    for text in (*_lines(author), *_lines(embed.get("title", ""))):
        yield Line(f"  ┃ {readable(text, names)}", "bold")
    for text in _lines(embed.get("description", "")):
        yield Line(f"  ┃ {readable(text, names)}")
    for item in embed.get("fields", []):
        name, (first, *others) = item["name"], item["value"].split("\n")
        yield Line(f"  ┃ {readable(name, names)}: {readable(first, names)}")
        for text in others:
            yield Line(f"  ┃   {readable(text, names)}")
    footer = embed.get("footer", {}).get("text", "")
    for text in _lines(footer):
        yield Line(f"  ┃ {readable(text, names)}", "dim")


def _part(part: Json, number: int) -> str:
    emoji = (part.get("emoji") or {}).get("name") or ""
    if part["type"] == Kind.BUTTON:
        label = f"{emoji} {part.get('label') or ''}".strip()
        if part.get("url"):
            return f"[{label}: {part['url']}]"
        return f"({label})" if part.get("disabled") else f"[{number}: {label}]"
    if part["type"] in SELECTS:
        options = " | ".join(option["label"] for option in part.get("options", []))
        return f"[{number}: {part.get('placeholder') or 'choose'}: {options or '…'}]"
    return ""


def _pinged(message: Message, names: Names) -> list[str]:
    users = [f"<@{user}>" for user in message.pings.users]
    roles = [f"<@&{role}>" for role in message.pings.roles]
    everyone = ["@everyone"] if message.pings.everyone else []
    return [readable(item, names) for item in users + roles] + everyone


def _moment(match: re.Match[str]) -> str:
    try:
        moment = datetime.fromtimestamp(int(match[1]), UTC)
    except (ValueError, OverflowError, OSError):
        return match[0]
    if match[2] != "R":
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    seconds = (moment - datetime.now(UTC)).total_seconds()
    size, unit = next(
        item for item in _UNITS if abs(seconds) >= item[0] or item[0] == 1
    )
    count = round(abs(seconds) / size)
    amount = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"
