"""Statements that change rows and write down each row before and after, at once.

Values are kept as PostgreSQL's own text, which every type can be made of again, and a
hash of the whole row after the change tells later whether anybody has touched it.
Common table expressions name columns by position, as names of columns may be anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from tuxdb.bulk.catalogue import KIND, has_triggers, kind
from tuxdb.bulk.tables import is_moment, name_of
from tuxdb.errors import UsageError
from tuxdb.models import Change

CHANGES: Table = Change.__table__  # type: ignore[attr-defined]
RECORDED = ("changeset_id", "part", "row_key", "before", "after", "row_hash")
PAIRS_AT_ONCE = 40
"""A function takes at most 100 arguments, and a pair is two."""
TOUCHED = "updated_at"
WIDEST = 1660
"""PostgreSQL has at most 1,664 columns in a result."""


@dataclass(frozen=True)
class Part:
    """One table in a change set: what identifies a row, and which columns change."""

    table: Table
    changed: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(column.name for column in self.table.primary_key.columns)

    @property
    def touches(self) -> bool:
        """Whether `updated_at` is to move along."""
        column = self.table.c.get(TOUCHED)
        if column is None or TOUCHED in self.changed:
            return False
        return KIND not in column.info or is_moment(column)

    @property
    def recorded(self) -> tuple[str, ...]:
        """The columns that are written down: all of a row that triggers may alter."""
        given = (*self.changed, TOUCHED) if self.touches else self.changed
        if not has_triggers(self.table, given):
            return given
        others = [c.name for c in self.table.c if _is_plain(c) and c.name not in given]
        return (*given, *others)

    def check_width(self) -> None:
        """Raise UsageError for more columns than a statement can hold twice."""
        if len(self.key) + len(self.changed) + len(self.recorded) > WIDEST:
            raise UsageError(
                f"{len(self.changed)} columns are too many to change at once"
            )

    def describe(self, rows: int) -> dict[str, Any]:
        """What `ChangeSet.parts` holds of it."""
        return {
            "table": name_of(self.table),
            "key": list(self.key),
            "changed": list(self.recorded),
            "columns": self.table.c.keys(),
            "rows": rows,
        }


def _is_plain(column: Column[Any]) -> bool:
    info = column.info
    return not (column.primary_key or info.get("generated") or info.get("identity"))


def as_texts(pairs: Sequence[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]:
    """`{"name": "value as text", …}`."""
    objects: list[ColumnElement[Any]] = []
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        arguments: list[Any] = []
        for name, value in pairs[start : start + PAIRS_AT_ONCE]:
            arguments += [literal(name, Text), cast(value, Text)]
        objects.append(func.jsonb_build_object(*arguments, type_=JSONB))
    whole = objects[0] if objects else func.jsonb_build_object(type_=JSONB)
    for other in objects[1:]:
        whole = whole.op("||", return_type=JSONB())(other)
    return whole


def texts_of(table: FromClause, names: Sequence[str]) -> ColumnElement[Any]:
    """Some columns of a table, as texts."""
    return as_texts([(name, table.c[name]) for name in names])


def row_hash(table: FromClause, names: Sequence[str]) -> ColumnElement[int]:
    """64 bits of a whole row's text, its columns in this order."""
    row = func.row(*(table.c[name] for name in names))
    return func.hashtextextended(cast(row, Text), 0, type_=BigInteger)


def value_of(texts: ColumnElement[Any], column: Column[Any]) -> ColumnElement[Any]:
    """A recorded text as a value of its column again."""
    return cast(texts[column.name].astext, column.type)


def differs(
    old: ColumnElement[Any], new: ColumnElement[Any], column: Column[Any]
) -> ColumnElement[bool]:
    """Whether two values of a column look different, be they equal or not."""
    if kind(column).exact:
        return old.is_distinct_from(new)
    return cast(old, Text).is_distinct_from(cast(new, Text))


def locked_rows(
    part: Part, new: dict[str, ColumnElement[Any]], source: Select[Any]
) -> CTE:
    """Rows to change, locked in key order, each with the values it is to get.

    `source` selects from the table, joined and filtered as the change asks for. The
    columns are k0…, the key; o0…, what is recorded; n0…, the new values.
    """
    table = part.table
    columns = [
        *(table.c[name].label(f"k{i}") for i, name in enumerate(part.key)),
        *(table.c[name].label(f"o{i}") for i, name in enumerate(part.recorded)),
        *(new[name].label(f"n{i}") for i, name in enumerate(part.changed)),
    ]
    rows = source.with_only_columns(*columns, maintain_column_froms=True)
    rows = rows.order_by(*(table.c[name] for name in part.key))
    return rows.with_for_update(key_share=True, of=table).cte("locked")


def tracked_update(
    part: Part, locked: CTE, changeset: UUID, number: int, most: int | None = None
) -> Select[int, int, int]:
    """Change those of the locked rows that differ, unless they are more than `most`.

    Counts: the rows that matched, that differ, and that were changed.
    """
    table = part.table
    different = or_(
        *(
            differs(locked.c[f"o{i}"], locked.c[f"n{i}"], table.c[name])
            for i, name in enumerate(part.changed)
        )
    )
    wanted = select(locked).where(different).cte("wanted")
    values: dict[str, Any] = {
        name: wanted.c[f"n{i}"] for i, name in enumerate(part.changed)
    }
    if part.touches:
        values[TOUCHED] = func.now()
    conditions = [table.c[n] == wanted.c[f"k{i}"] for i, n in enumerate(part.key)]
    if most is not None:
        conditions.append(count_of(wanted) <= most)
    before = [(name, wanted.c[f"o{i}"]) for i, name in enumerate(part.recorded)]
    changed = (
        update(table)
        .where(*conditions)
        .values(values)
        .returning(
            texts_of(table, part.key).label("row_key"),
            as_texts(before).label("before"),
            texts_of(table, part.recorded).label("after"),
            row_hash(table, table.c.keys()).label("row_hash"),
            *(wanted.c[f"k{i}"] for i in range(len(part.key))),
        )
        .cte("changed")
    )
    counts = select(
        count_of(locked).label("matched"),
        count_of(wanted).label("wanted"),
        count_of(changed).label("changed"),
    )
    return counts.add_cte(record(changed, changeset, number).cte("recorded"))


def count_of(rows: FromClause) -> ColumnElement[int]:
    """How many rows there are, as a value."""
    return select(func.count()).select_from(rows).scalar_subquery()


def counted(changed: CTE, changeset: UUID, number: int) -> Select[Any]:
    """How many rows a statement has returned; they are written down on the way."""
    count = select(func.count()).select_from(changed)
    return count.add_cte(record(changed, changeset, number).cte("recorded"))


def record(changed: CTE, changeset: UUID, number: int) -> Insert:
    """Write down the rows that a statement has returned, by its further columns."""
    rows = select(
        literal(changeset, Uuid),
        literal(number, BigInteger),
        changed.c.row_key,
        changed.c.before,
        changed.c.after,
        changed.c.row_hash,
    ).order_by(*(column for column in changed.c if column.name not in RECORDED))
    return insert(CHANGES).from_select(RECORDED, rows, include_defaults=False)


def same_row(table: Table, key: Sequence[str]) -> ColumnElement[bool]:
    """A recorded row is this row of the table, by its key."""
    texts = CHANGES.c.row_key
    return and_(*(table.c[n] == value_of(texts, table.c[n]) for n in key))


def recorded_as_left(part: Part, changeset: UUID, number: int) -> Any:  # noqa: ANN401
    """Record again what rows have become once the triggers after a change are done."""
    table = part.table
    return (
        update(CHANGES)
        .where(
            CHANGES.c.changeset_id == changeset,
            CHANGES.c.part == number,
            CHANGES.c.after.is_not(None),
            same_row(table, part.key),
        )
        .values(
            after=texts_of(table, part.recorded),
            row_hash=row_hash(table, table.c.keys()),
        )
    )
