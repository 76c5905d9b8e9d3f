"""Many rows at once: COPY for new ones, one UPDATE from arrays for changed ones."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    FromClause,
    MetaData,
    String,
    Table,
    Text,
    Update,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import inspect as mapping_of
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.types import TypeEngine

from tuxdb.engine.copying import copy_rows
from tuxdb.errors import InvalidValue
from tuxdb.models import Guild, Model
from tuxdb.models.validation import plain_columns, validated_records

FEW = 50
"""Below so many rows one INSERT is as fast as COPY."""

Rows = Sequence[Mapping[str, Any]]
Records = list[tuple[Any, ...]]
Group = tuple[tuple[str, ...], Records]
"""Rows that have the same columns."""


def grouped(model: type[Model], rows: Rows, *, new: bool) -> Iterator[Group]:
    """Rows checked and turned into tuples, together where they have the same keys."""
    if not rows:
        return
    names = tuple(rows[0])
    if all(row.keys() == rows[0].keys() for row in rows):
        yield _checked(model, names, rows, list(range(1, len(rows) + 1)), new=new)
        return
    groups: dict[frozenset[str], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(frozenset(row), []).append(number)
    for keys, numbers in groups.items():
        names = tuple(sorted(keys))
        some = [rows[number] for number in numbers]
        yield _checked(model, names, some, [n + 1 for n in numbers], new=new)


def refuse_twice(groups: Sequence[Group], names: Sequence[str]) -> None:
    """Refuse rows without these columns, and two with the same values in them.

    Which of the two would win is for nobody to know.
    """
    seen: set[Any] = set()
    for columns, records in groups:
        for name in names:
            if name not in columns:
                raise InvalidValue(name, "is required in every row")
        places = map(columns.index, names)
        keys = zip(*([record[at] for record in records] for at in places), strict=True)
        known = [key for key in keys if None not in key]  # NULL is like no other
        before = len(seen)
        seen.update(known)
        if len(seen) != before + len(known):
            raise InvalidValue(", ".join(names), "stands in more than one row")


async def bulk_insert(
    session: AsyncSession,
    model: type[Model],
    columns: Sequence[str],
    records: Records,
) -> int:
    """Insert checked rows, and the guilds that are unseen; the server's count."""
    table = mapping_of(model).local_table
    await ensure_guilds(session, model, columns, records)
    if len(records) >= FEW:
        return await copy_rows(session, table, columns, records)
    values = [dict(zip(columns, record, strict=True)) for record in records]
    result = await session.execute(insert(table).values(values))
    return int(result.rowcount)  # type: ignore[attr-defined]


async def bulk_upsert(
    session: AsyncSession,
    model: type[Model],
    columns: Sequence[str],
    records: Records,
    conflict: Sequence[str],
) -> int:
    """Insert checked rows, or change those with the same `conflict` columns.

    COPY into a temporary table first, so that the number of rows has no limit.
    """
    table = mapping_of(model).local_table
    await ensure_guilds(session, model, columns, records)
    given = Table(
        "tuxdb_given",
        MetaData(),
        *(Column(name, _plain(table.c[name].type)) for name in columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    await session.execute(CreateTable(given))
    await copy_rows(session, given, columns, records)
    merge = insert_or(table).from_select(
        list(columns), select(given), include_defaults=False
    )
    changed: dict[str, Any] = {
        name: merge.excluded[name] for name in columns if name not in conflict
    }
    if "updated_at" in table.c and changed:
        changed["updated_at"] = func.now()
    result = await session.execute(
        merge.on_conflict_do_update(index_elements=conflict, set_=changed)
        if changed
        else merge.on_conflict_do_nothing(index_elements=conflict)
    )
    await session.execute(DropTable(given))
    return int(result.rowcount)  # type: ignore[attr-defined]


async def bulk_update(
    session: AsyncSession,
    model: type[Model],
    columns: Sequence[str],
    records: Records,
) -> int:
    """Change rows by primary key in one statement, whatever their number.

    Each record is a row of `columns`, the primary key among them. The count is the
    server's: keys that are not there change nothing and do not count. Rows are sent in
    the order of their keys, so that two at once seldom lock them crosswise.
    """
    key = mapping_of(model).primary_key[0].name
    statement = _update_from_arrays(model, tuple(columns))
    in_order = sorted(records, key=itemgetter(columns.index(key)))
    arrays = {
        f"all_{name}": list(values)
        for name, values in zip(columns, zip(*in_order, strict=True), strict=True)
    }
    connection = await session.connection()
    result = await connection.execute(statement, arrays)
    return int(result.rowcount)


async def ensure_guilds(
    session: AsyncSession,
    model: type[Model],
    columns: Sequence[str],
    records: Records,
) -> None:
    """Insert the guilds that the records name and that are not there yet."""
    table = mapping_of(model).local_table
    if "guild_id" not in columns or not table.c["guild_id"].foreign_keys:
        return
    place = list(columns).index("guild_id")
    ids = sorted({record[place] for record in records})
    given = func.unnest(bindparam("ids", ids, ARRAY(BigInteger))).column_valued("id")
    missing = insert_or(Guild).from_select(
        ["id"], select(given), include_defaults=False
    )
    await session.execute(missing.on_conflict_do_nothing())


def unnested(table: FromClause, columns: Sequence[str]) -> FromClause:
    """`unnest($1::bigint[], …) AS given(id, …)`: an array `all_<name>` per column.

    Texts are bound without a length: a cast to varchar(n) would cut them silently.
    """
    types = {name: _plain(table.c[name].type) for name in columns}
    arrays = (bindparam(f"all_{name}", type_=ARRAY(types[name])) for name in columns)
    names = (column(name, type_) for name, type_ in types.items())
    return func.unnest(*arrays).table_valued(*names).render_derived(name="given")


@cache
def _update_from_arrays(model: type[Model], columns: tuple[str, ...]) -> Update:
    table = mapping_of(model).local_table
    key = mapping_of(model).primary_key[0].name
    given = unnested(table, columns)
    changed: dict[str, Any] = {n: given.c[n] for n in columns if n != key}
    if not (changed or "updated_at" in table.c):
        raise InvalidValue(key, "stands alone: there is nothing to change")
    if "updated_at" in table.c:
        changed["updated_at"] = func.now()
    same_row = table.c[key] == given.c[key]
    return update(table).where(same_row).values(changed)


def _checked(
    model: type[Model],
    names: tuple[str, ...],
    rows: Rows,
    numbers: Sequence[int],
    *,
    new: bool,
) -> tuple[tuple[str, ...], Records]:
    columns = plain_columns(model, names, new=new)
    take = itemgetter(*names)
    if len(names) == 1:
        records = [(row[names[0]],) for row in rows]
    else:
        records = list(map(take, rows))
    return columns, validated_records(model, columns, records, numbers=numbers)


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(getattr(kind, "impl", kind), String) else kind
