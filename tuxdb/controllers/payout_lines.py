"""The lines of a batch of grants or deductions, read from a file."""

import difflib
import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial

from tuxdb.bulk.inputs import Input, in_thread, open_input
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import Rows, read_rows
from tuxdb.controllers.movements import check_text
from tuxdb.models import MAX_POINTS, MAX_SNOWFLAKE, EntryKind

USER, AMOUNT = "discord_id", "amount"
HIGHEST = (MAX_SNOWFLAKE, MAX_POINTS)
WHOLE = re.compile(r"[0-9]{1,19}")
LONGEST_SHOWN = 20
LONGEST_KEY = 80
"""The number of the line follows it in the key of an entry."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a batch: who gets, or loses, how much."""

    number: int
    discord_id: int
    amount: int
    key: str

    def request_hash(self, kind: EntryKind) -> str:
        """What ties the key to what the line says."""
        parts = [kind.value, self.discord_id, self.amount]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


async def read_lines(
    name: str, amount: int | None, key: str | None = None
) -> list[Line]:
    """Lines of a file with a column `discord_id`, and `amount` unless one is given.

    Each line's key is made of `key`, or else of the SHA-256 of the file, so that the
    same file never pays twice. Raises BadFile with all that is wrong.
    """
    with open_input(name) as source:
        return await in_thread(source, partial(_read, source, amount, key))


def _read(source: Input, amount: int | None, key: str | None) -> list[Line]:
    problems = Problems(source.path)
    digest = source.digest = hashlib.sha256()
    rows = read_rows(source, problems)
    places = _places(rows, problems, amount)
    found = [
        _line(number, [cells[at] for at in places], problems)
        for number, cells in rows.rows
    ]
    problems.finish()
    mark = key or digest.hexdigest()
    check_text("key", mark, LONGEST_KEY)
    return [
        Line(number, user, amount or much, f"f:{mark}:{number}")
        for number, user, much in found
    ]


def _places(rows: Rows, problems: Problems, amount: int | None) -> list[int]:
    """Where the columns are that matter; further ones are a person's own notes."""
    if amount is not None and AMOUNT in rows.names:
        raise problems.fail(rows.line, "the file says amounts, and so does --amount")
    wanted = [USER] if amount is not None else [USER, AMOUNT]
    for column in wanted:
        if column not in rows.names:
            near = difflib.get_close_matches(column, rows.names, 1)
            also = f"; is it {near[0]!r}?" if near else ""
            raise problems.fail(rows.line, f"there is no column {column!r}{also}")
    return [rows.names.index(column) for column in wanted]


def _line(number: int, cells: list[object], problems: Problems) -> tuple[int, int, int]:
    """A line's number, user and amount, 0 where none is in the file."""
    values = [0, 0]
    for at, cell in enumerate(cells):
        text = "" if cell is None else str(cell)
        highest = HIGHEST[at]
        value = int(text) if WHOLE.fullmatch(text) else 0
        if not 1 <= value <= highest:
            what = "empty" if not text else f"{text[:LONGEST_SHOWN]!r}"
            reason = f"{what} is not a whole number from 1 to {highest}"
            problems.add(number, (USER, AMOUNT)[at], reason)
        values[at] = value
    return number, values[0], values[1]
