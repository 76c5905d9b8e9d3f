"""`tuxdb users export`: all that is known of a person, as one document."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tuxdb.cli.escape import escape_json
from tuxdb.cli.invocation import invocation
from tuxdb.cli.render import flush, write
from tuxdb.cli.rows import plain, with_text_ids
from tuxdb.cli.run import run
from tuxdb.errors import UsageError

if TYPE_CHECKING:
    from tuxdb.controllers.people import Rows
    from tuxdb.database import Database

SCHEMA = "tuxdb.users.export/1"
FORMATS = ("json", "ndjson")

Write = Callable[[str], object]


def export_person(
    ctx: typer.Context, user: int, guild: int | None, file: Path | None
) -> None:
    """Write what is known of a person to a new file that only its owner reads.

    JSON is one object with a list for each table; NDJSON a line for each row.
    """
    call = invocation(ctx)
    form = call.format if call.format_given else "json"
    if form not in FORMATS:
        raise UsageError(f"rows of different tables are json or ndjson, not {form}")
    document = _as_json if form == "json" else _as_lines

    async def work(db: "Database") -> None:
        found = db.people.export(user, guild)
        first = await anext(found)  # an unknown person leaves no file behind
        with _output(file) as put:
            async for text in document(_from(first, found), user):
                put(text)
        if file is not None:
            call.say(f"wrote {file}")

    run(ctx, work, known_guild=guild)


async def _from(first: "Rows", others: "AsyncIterator[Rows]") -> "AsyncIterator[Rows]":
    yield first
    async for rows in others:
        yield rows


async def _as_json(found: "AsyncIterator[Rows]", user: int) -> AsyncIterator[str]:
    head = {"schema": SCHEMA}
    yield f'{json.dumps(head, separators=(",", ":"))[:-1]},"data":{{'
    yield f'"discord_id":"{user}"'
    table, between = None, ""
    async for name, rows in found:
        if name != table:
            yield "]" if table else ""
            yield f",\n{json.dumps(name)}:["
            table, between = name, "\n"
        for row in rows:
            yield f"{between}{_row(row)}"
            between = ",\n"
    yield "]}}\n"


async def _as_lines(found: "AsyncIterator[Rows]", _user: int) -> AsyncIterator[str]:
    async for name, rows in found:
        for row in rows:
            yield f'{{"table":{json.dumps(name)},"row":{_row(row)}}}\n'


def _row(row: dict[str, Any]) -> str:
    """One row on one line; in ASCII, so that no encoding of a terminal matters."""
    text = json.dumps(with_text_ids(plain(row)), separators=(",", ":"))
    return escape_json(text)


@contextmanager
def _output(path: Path | None) -> Iterator[Write]:
    """Where it is written to: stdout, or a new file of mode 0600."""
    if path is None:
        yield write
        flush()
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    done = False
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            yield opened.write
        done = True
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if not done:
            with suppress(OSError):
                path.unlink()


def _unwritable(path: Path, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or "not a path"
    return UsageError(f"{path}: cannot be written ({reason.lower()})")
