"""Statements that change rows and write down each row before and after, at once.

Values are kept as PostgreSQL's own text, which every type can be made of again, and a
hash of the whole row after the change tells later whether anybody has touched it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    JSON,
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

from tuxdb.models import Change

CHANGES: Table = Change.__table__  # type: ignore[attr-defined]
PAIRS_AT_ONCE = 40
"""A function takes at most 100 arguments, and a pair is two."""
TOUCHED = "updated_at"


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
    def recorded(self) -> tuple[str, ...]:
        """The columns whose values are written down: `updated_at` moves as well."""
        moves = TOUCHED in self.table.c and TOUCHED not in self.changed
        return (*self.changed, TOUCHED) if moves else self.changed

    def describe(self, rows: int) -> dict[str, Any]:
        """What `ChangeSet.parts` holds of it."""
        return {
            "table": self.table.fullname,
            "key": list(self.key),
            "changed": list(self.recorded),
            "columns": self.table.c.keys(),
            "rows": rows,
        }


def as_texts(source: FromClause, names: Sequence[str]) -> ColumnElement[Any]:
    """`{"name": "value as text", …}` of some columns."""
    objects: list[ColumnElement[Any]] = []
    for start in range(0, len(names), PAIRS_AT_ONCE):
        pairs: list[Any] = []
        for name in names[start : start + PAIRS_AT_ONCE]:
            pairs += [literal(name, Text), cast(source.c[name], Text)]
        objects.append(func.jsonb_build_object(*pairs, type_=JSONB))
    whole = objects[0]
    for other in objects[1:]:
        whole = whole.op("||", return_type=JSONB())(other)
    return whole


def row_hash(source: FromClause, names: Sequence[str]) -> ColumnElement[int]:
    """64 bits of a whole row's text."""
    row = func.row(*(source.c[name] for name in names))
    return func.hashtextextended(cast(row, Text), 0, type_=BigInteger)


def differs(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[bool]:
    """IS DISTINCT FROM, also for `json`, which has no equality."""
    if isinstance(old.type, JSON) and not isinstance(old.type, JSONB):
        return cast(old, Text).is_distinct_from(cast(new, Text))
    return old.is_distinct_from(new)


def locked_rows(
    part: Part, new: dict[str, ColumnElement[Any]], source: Select[Any]
) -> CTE:
    """Rows to change, locked in key order, each with the values it is to get.

    `source` selects from the table, joined and filtered as the change asks for.
    """
    table = part.table
    columns = [table.c[name] for name in (*part.key, *part.recorded)]
    wanted = [value.label(f"new_{name}") for name, value in new.items()]
    rows = source.with_only_columns(*columns, *wanted, maintain_column_froms=True)
    rows = rows.order_by(*(table.c[name] for name in part.key))
    return rows.with_for_update(key_share=True, of=table).cte("locked")


def tracked_update(
    part: Part, locked: CTE, changeset: UUID, number: int
) -> Select[Any]:
    """Change the locked rows that differ; counts of matched and of changed rows."""
    table = part.table
    values: dict[str, Any] = {n: locked.c[f"new_{n}"] for n in part.changed}
    different = or_(*(differs(table.c[n], value) for n, value in values.items()))
    if TOUCHED in part.recorded and TOUCHED not in part.changed:
        values[TOUCHED] = func.now()
    changed = (
        update(table)
        .where(same_key(part, table, locked), different)
        .values(values)
        .returning(
            as_texts(table, part.key).label("row_key"),
            as_texts(locked, part.recorded).label("before"),
            as_texts(table, part.recorded).label("after"),
            row_hash(table, table.c.keys()).label("row_hash"),
        )
        .cte("changed")
    )
    counts = select(
        select(func.count()).select_from(locked).scalar_subquery().label("matched"),
        select(func.count()).select_from(changed).scalar_subquery().label("changed"),
    )
    return counts.add_cte(record(changed, changeset, number).cte("recorded"))


def same_key(part: Part, left: FromClause, right: FromClause) -> ColumnElement[bool]:
    """Both rows have the same primary key."""
    return and_(*(left.c[name] == right.c[name] for name in part.key))


def counted(changed: CTE, changeset: UUID, number: int) -> Select[Any]:
    """How many rows a statement has returned; they are written down on the way."""
    count = select(func.count()).select_from(changed)
    return count.add_cte(record(changed, changeset, number).cte("recorded"))


def record(changed: CTE, changeset: UUID, number: int) -> Insert:
    """Write down the rows that a statement has returned."""
    names = ["changeset_id", "part", "row_key", "before", "after", "row_hash"]
    rows = select(
        literal(changeset, Uuid),
        literal(number, BigInteger),
        changed.c.row_key,
        changed.c.before,
        changed.c.after,
        changed.c.row_hash,
    )
    return insert(CHANGES).from_select(names, rows, include_defaults=False)


def value_of(texts: ColumnElement[Any], column: Column[Any]) -> ColumnElement[Any]:
    """A recorded text as a value of its column again."""
    return cast(texts[column.name].astext, column.type)
