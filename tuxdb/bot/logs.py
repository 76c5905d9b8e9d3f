"""Logs of the bot: one line an event, as text or JSON, without secrets.

What users typed is in no line. Characters that a terminal would act upon are written
as escapes. What discord.py reports of a broken line is a sentence, not a traceback:
it tries again by itself.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import aiohttp
import discord

from tuxdb.urls import MASK, mask

FIELDS = ("ref", "command", "guild", "user", "ms", "result", "shard")
"""What a record may carry besides its message, in the order of the line."""
QUIET = {
    "discord.http": logging.WARNING,
    "discord.gateway": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "sqlalchemy.pool": logging.CRITICAL,  # a lost connection is reported by its user
}
LINE = (
    OSError,
    aiohttp.ClientError,
    discord.ConnectionClosed,
    discord.HTTPException,
    discord.GatewayNotFound,
)


def set_up_logs(
    style: str, *, debug: bool = False, secrets: tuple[str, ...] = ()
) -> logging.Handler:
    """Send every logger's lines to stderr; returns the handler, to be removed."""
    handler = Lines(sys.stderr, style, secrets)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    return handler


class Lines(logging.StreamHandler[TextIO]):
    """Writes each record as one line."""

    def __init__(self, stream: TextIO, style: str, secrets: tuple[str, ...]) -> None:
        super().__init__(stream)
        self._json = style == "json"
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; a secret in it is masked, wherever it came from."""
        text = _as_json(record) if self._json else _as_text(record)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _as_json(record: logging.LogRecord) -> str:
    line: dict[str, Any] = {
        "time": _time(record),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": mask(_message(record)),
        **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
    }
    trace = _trace(record)
    if trace:
        line["trace"] = mask(trace)
    return json.dumps(line, ensure_ascii=True, default=str)


def _as_text(record: logging.LogRecord) -> str:
    given = [
        f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)
    ]
    if given:  # the message of a command is in its fields
        given = [pair for pair in given if not pair.startswith(("command=", "result="))]
    head = " ".join([_time(record), record.levelname.lower(), _message(record), *given])
    trace = _trace(record)
    lines = [head, *(trace.splitlines() if trace else ())]
    return "\n  ".join(printable(mask(line)) for line in lines)


def _message(record: logging.LogRecord) -> str:
    """The message; the error of a line that broke is said at its end."""
    text = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and _is_passing(record, error):
        return f"{text} ({type(error).__name__}: {error})"
    return text


def _trace(record: logging.LogRecord) -> str | None:
    if not record.exc_info or record.exc_info[1] is None:
        return None
    if _is_passing(record, record.exc_info[1]):
        return None
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()


def _is_passing(record: logging.LogRecord, error: BaseException) -> bool:
    """Whether discord.py reports what it is about to try again."""
    return record.name.startswith("discord.") and isinstance(error, LINE)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printable(text: str) -> str:
    r"""Text in which whatever a terminal would act upon is an escape, `\x1b`."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )
