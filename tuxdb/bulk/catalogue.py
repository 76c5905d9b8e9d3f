"""A table as the database itself describes it: columns, types, key, triggers.

Columns have their exact type, by the name that PostgreSQL gives it, so that domains,
enums, arrays and the types of extensions are as good as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    MetaData,
    Select,
    SmallInteger,
    Table,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, OID, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import UserDefinedType

from tuxdb.bulk.kinds import Kind, kind_of

CATALOG = "pg_catalog"
SYSTEM_SCHEMAS = (CATALOG, "information_schema", "pg_toast")
ORDINARY, PARTITIONED = "r", "p"
RELATION_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "I": "an index",
    "c": "a composite type",
}
OWN_TRIGGERS = "tuxdb\\_%"
ON_UPDATE = 16
KIND, TRIGGERS = "kind", "triggers"


def _catalog(name: str, *columns: str) -> Any:  # noqa: ANN401
    return table(name, *map(column, columns), schema=CATALOG)


CLASS = _catalog("pg_class", "oid", "relname", "relnamespace", "relkind", "relchecks")
NAMESPACE = _catalog("pg_namespace", "oid", "nspname")
ATTRIBUTE = _catalog(
    "pg_attribute",
    "attrelid",
    "attnum",
    "attname",
    "atttypid",
    "atttypmod",
    "attnotnull",
    "attisdropped",
    "attgenerated",
    "attidentity",
    "attcollation",
)
TYPE = _catalog(
    "pg_type", "oid", "typname", "typtype", "typbasetype", "typtypmod", "typnotnull"
)
BASE = TYPE.alias("base")
ENUM = _catalog("pg_enum", "enumtypid", "enumlabel", "enumsortorder")
COLLATION = _catalog("pg_collation", "oid", "collisdeterministic")
CONSTRAINT = _catalog(
    "pg_constraint",
    "conname",
    "conrelid",
    "contype",
    "conkey",
    "confrelid",
    "confkey",
    "conparentid",
)
TRIGGER = _catalog(
    "pg_trigger", "tgrelid", "tgfoid", "tgtype", "tgenabled", "tgisinternal", "tgattr"
)
PROC = _catalog("pg_proc", "oid", "proname")


class Exact(UserDefinedType[Any]):
    """A type by the name that PostgreSQL has for it: `numeric(10,2)`, `mood[]`."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401
        """Return the name; it comes from the server, quoted where it must be."""
        return self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Trigger:
    """A trigger on UPDATE; without columns it fires for every one of them."""

    columns: frozenset[str]

    def fires(self, changed: Sequence[str]) -> bool:
        """Whether an UPDATE of these columns sets it off."""
        return not self.columns or not self.columns.isdisjoint(changed)


@dataclass(frozen=True)
class Found:
    """Where a name led to."""

    oid: int
    schema: str
    name: str
    relkind: str
    visible: bool


async def look_up(session: AsyncSession, schema: str | None, name: str) -> Found | None:
    """What a name means, along the search path unless a schema is given."""
    visible = func.pg_table_is_visible(CLASS.c.oid)
    where = visible if schema is None else NAMESPACE.c.nspname == schema
    statement = (
        select(
            cast(CLASS.c.oid, OID),
            cast(NAMESPACE.c.nspname, Text),
            cast(CLASS.c.relname, Text),
            cast(CLASS.c.relkind, Text),
            visible,
        )
        .join_from(CLASS, NAMESPACE, NAMESPACE.c.oid == CLASS.c.relnamespace)
        .where(CLASS.c.relname == name, where)
    )
    row = (await session.execute(statement)).first()
    return None if row is None else Found(*row)


async def names_of_tables(session: AsyncSession, schema: str | None) -> list[str]:
    """Tables that can be meant, to suggest one of them."""
    where = (
        func.pg_table_is_visible(CLASS.c.oid)
        if schema is None
        else NAMESPACE.c.nspname == schema
    )
    statement = (
        select(cast(CLASS.c.relname, Text))
        .join_from(CLASS, NAMESPACE, NAMESPACE.c.oid == CLASS.c.relnamespace)
        .where(
            CLASS.c.relkind.in_((ORDINARY, PARTITIONED)),
            NAMESPACE.c.nspname.not_in(SYSTEM_SCHEMAS),
            where,
        )
        .order_by(CLASS.c.relname)
    )
    return list((await session.scalars(statement)).all())


async def read_table(session: AsyncSession, found: Found) -> Table:
    """The columns and the primary key of a table; what else matters in its `info`."""
    numbers: dict[int, str] = {}
    columns: list[Column[Any]] = []
    rows = (await session.execute(_columns(found.oid))).all()
    key = await session.scalar(_key(found.oid)) or []
    for row in rows:
        numbers[row.number] = row.name
        columns.append(_column(row, in_key=row.number in key))
    triggers = [
        Trigger(frozenset(numbers[n] for n in on) if own else frozenset())
        for on, own in await session.execute(_triggers(found.oid))
    ]
    return Table(
        found.name,
        MetaData(),
        *columns,
        schema=None if found.visible else found.schema,
        info={TRIGGERS: triggers},
    )


def kind(column: Column[Any]) -> Kind:
    """How values of a column are read and compared."""
    found: Kind = column.info[KIND]
    return found


def type_name(column: Column[Any]) -> str:
    """A column's type by the name that PostgreSQL has for it."""
    return str(column.type)


def has_triggers(table_: Table, changed: Sequence[str]) -> bool:
    """Whether triggers of somebody else may alter what an UPDATE writes."""
    return any(trigger.fires(changed) for trigger in table_.info.get(TRIGGERS, ()))


def _column(row: Any, *, in_key: bool) -> Column[Any]:  # noqa: ANN401
    return Column(
        row.name,
        Exact(row.type),
        primary_key=in_key,
        nullable=not row.required,
        autoincrement=False,
        info={
            KIND: kind_of(row),
            "generated": row.generated,
            "identity": row.identity,
        },
    )


def _columns(oid: int) -> Select[Any]:
    """One row for each column, in the order in which the table has them."""
    is_domain = TYPE.c.typtype == "d"
    base = case((is_domain, TYPE.c.typbasetype), else_=TYPE.c.oid)
    modifier = case((is_domain, TYPE.c.typtypmod), else_=ATTRIBUTE.c.atttypmod)
    labels = (
        select(
            func.array_agg(
                aggregate_order_by(cast(ENUM.c.enumlabel, Text), ENUM.c.enumsortorder),
                type_=ARRAY(Text),
            )
        )
        .where(ENUM.c.enumtypid == BASE.c.oid)
        .scalar_subquery()
    )
    collates = (
        select(COLLATION.c.collisdeterministic)
        .where(COLLATION.c.oid == ATTRIBUTE.c.attcollation)
        .scalar_subquery()
    )
    return (
        select(
            ATTRIBUTE.c.attnum.label("number"),
            cast(ATTRIBUTE.c.attname, Text).label("name"),
            func.format_type(ATTRIBUTE.c.atttypid, ATTRIBUTE.c.atttypmod).label("type"),
            or_(ATTRIBUTE.c.attnotnull, TYPE.c.typnotnull).label("required"),
            (cast(ATTRIBUTE.c.attgenerated, Text) != "").label("generated"),
            (cast(ATTRIBUTE.c.attidentity, Text) != "").label("identity"),
            cast(BASE.c.typname, Text).label("base"),
            modifier.label("modifier"),
            is_domain.label("is_domain"),
            labels.label("labels"),
            func.coalesce(collates, literal_column("true")).label("deterministic"),
        )
        .join_from(ATTRIBUTE, TYPE, TYPE.c.oid == ATTRIBUTE.c.atttypid)
        .join(BASE, BASE.c.oid == base)
        .where(_of(oid), ATTRIBUTE.c.attnum > 0, ~ATTRIBUTE.c.attisdropped)
        .order_by(ATTRIBUTE.c.attnum)
    )


def _of(oid: int) -> ColumnElement[bool]:
    is_it: ColumnElement[bool] = ATTRIBUTE.c.attrelid == cast(oid, OID)
    return is_it


def _key(oid: int) -> Select[Any]:
    return select(CONSTRAINT.c.conkey).where(
        CONSTRAINT.c.conrelid == cast(oid, OID), CONSTRAINT.c.contype == "p"
    )


def _triggers(oid: int) -> Select[Any]:
    """Columns of the triggers on UPDATE that others made, on it or on a partition."""
    tree = func.pg_partition_tree(cast(oid, OID)).table_valued("relid")
    own = TRIGGER.c.tgrelid == cast(oid, OID)  # a partition counts its own columns
    return (
        select(cast(TRIGGER.c.tgattr, ARRAY(SmallInteger)), own)
        .join_from(TRIGGER, PROC, PROC.c.oid == TRIGGER.c.tgfoid)
        .where(
            or_(
                own,
                TRIGGER.c.tgrelid.in_(select(tree.c.relid)),
            ),
            and_(~TRIGGER.c.tgisinternal, cast(TRIGGER.c.tgenabled, Text) != "D"),
            TRIGGER.c.tgtype.op("&")(ON_UPDATE) != 0,
            cast(PROC.c.proname, Text).not_like(OWN_TRIGGERS),
        )
    )
