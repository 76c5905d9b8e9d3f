"""What a bulk update is asked for, what it comes to, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select

from tuxdb.bulk.changesets import SAMPLE, Author, RowChange
from tuxdb.bulk.tracking import Part
from tuxdb.errors import UsageError

Report = Callable[[str, int, int | None], None]
"""Takes the stage, and how many rows of how many are done; None is unknown."""

MOST_ROWS = 1000


@dataclass(frozen=True)
class UpdateRequest:
    """What `tuxdb bulk-update` was asked for.

    Either `assignments` with one of `where` and `all_rows`, or `file` with `key`, or
    `plan`, a file that says all of it. `max_rows` None is no limit.
    """

    table: str
    author: Author
    assignments: tuple[str, ...] = ()
    where: str | None = None
    all_rows: bool = False
    file: str | None = None
    file_kind: str | None = None
    key: tuple[str, ...] = ()
    skip_missing: bool = False
    plan: str | None = None
    max_rows: int | None = MOST_ROWS
    sample: int = SAMPLE

    def check(self) -> None:
        """Raise UsageError for options that do not go together."""
        conditions = self.where is not None or self.all_rows
        if self.plan is not None:
            if self.table or self.assignments or conditions or self.file or self.key:
                raise UsageError("--apply goes with no other way to say what changes")
            return
        if not self.table:
            raise UsageError("which table?", hint="tuxdb bulk-update TABLE --set …")
        if self.file is not None and (self.assignments or conditions):
            raise UsageError("--from goes with --key only, not with --set or --where")
        if self.file is not None and not self.key:
            raise UsageError("--from needs --key: the columns that tell which row")
        if self.file is None and self.key:
            raise UsageError("--key goes with --from only")
        if self.file is None and not self.assignments:
            raise UsageError("nothing to change: --set column=value, or --from FILE")
        if self.file is None and (self.where is None) is not self.all_rows:
            raise UsageError("one of --where and --all-rows is needed")


@dataclass(frozen=True)
class Prepared:
    """A change that can be carried out: its rows, and their new values.

    `missing` rows of a file are in no row of the table; `digest` is of its contents;
    `reason` is what a plan gives.
    """

    part: Part
    source: Select[Any]
    new: dict[str, ColumnElement[Any]] = field(default_factory=dict)
    missing: int = 0
    digest: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Counts:
    """Rows that matched, that differed from what is wanted, and that were changed."""

    matched: int
    wanted: int
    changed: int


@dataclass(frozen=True)
class Preview:
    """What a change does, as done and not yet committed.

    `unchanged` rows had the wanted values already; `withheld` ones a trigger kept as
    they were; `missing` rows of a file are in no row of the table.
    """

    table: str
    matched: int
    changed: int
    unchanged: int
    withheld: int
    missing: int
    changeset: UUID
    sample: list[RowChange]
