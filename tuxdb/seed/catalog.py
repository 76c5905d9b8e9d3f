"""What PostgreSQL's catalogue knows of the tables that are loaded, and DDL on them.

The statements are text: SQLAlchemy has no expressions for them. Names come from the
catalogue, quoted by the server.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.errors import Refused

GUARDS = (
    "users_points_guard_insert",
    "users_points_guard_update",
    "points_transactions_apply",
)
"""The triggers by which the ledger and the balances keep each other."""

_OWNED = text("""
    SELECT c.oid::regclass::text FROM pg_class c
    WHERE c.oid = ANY (CAST(:tables AS regclass[]))
      AND NOT pg_has_role(c.relowner, 'USAGE')
""")

_TRIGGERS = text("""
    SELECT t.tgrelid::regclass::text AS "table", quote_ident(t.tgname) AS name,
           CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
           ELSE 'ENABLE' END AS enable
    FROM pg_trigger t
    WHERE t.tgname IN :names AND t.tgenabled <> 'D' AND NOT t.tgisinternal
      AND t.tgrelid = ANY (CAST(:tables AS regclass[]))
    ORDER BY 1, 2
""").bindparams(bindparam("names", expanding=True))

_SEQUENCE = text("SELECT pg_get_serial_sequence(:table, 'id')")
_NEXT = text("SELECT nextval(CAST(:sequence AS regclass))")
_SET = text("SELECT setval(CAST(:sequence AS regclass), :value)")

_INDEXES = text("""
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS ddl
    FROM pg_index i
    WHERE i.indrelid = CAST(:table AS regclass)
      AND i.indisvalid AND NOT i.indisreplident AND NOT i.indisclustered
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    ORDER BY i.indexrelid
""")

_CONSTRAINTS = text("""
    SELECT quote_ident(c.conname) AS name, pg_get_constraintdef(c.oid) AS ddl
    FROM pg_constraint c
    WHERE c.conrelid = CAST(:table AS regclass)
      AND c.contype IN ('u', 'f') AND c.convalidated
      AND (c.contype = 'f' OR NOT EXISTS (
        SELECT FROM pg_constraint r WHERE r.contype = 'f' AND r.conindid = c.conindid
      ))
      AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indexrelid = c.conindid AND i.indrelid = c.conrelid
          AND (i.indisreplident OR i.indisclustered)
      )
    ORDER BY c.oid
""")


async def require_owner(session: AsyncSession, tables: Sequence[str]) -> None:
    """Refuse where this role may not switch triggers and indexes of the tables."""
    foreign = (await session.scalars(_OWNED, {"tables": list(tables)})).all()
    if foreign:
        raise Refused(
            f"this role does not own {', '.join(foreign)}; fake data needs the owner",
            hint="connect as the role that ran the migrations",
        )


async def disable_guards(session: AsyncSession, tables: Sequence[str]) -> list[str]:
    """Switch the ledger's triggers off; returns what switches them on again.

    Other writers of the tables wait until this transaction ends.
    """
    found = await session.execute(_TRIGGERS, {"tables": list(tables), "names": GUARDS})
    undo = []
    for table, name, enable in found.all():
        await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {name}"))
        undo.append(f"ALTER TABLE {table} {enable} TRIGGER {name}")
    return undo


async def take_down(session: AsyncSession, table: str) -> list[str]:
    """Drop what costs time with each row and little at the end; returns its DDL.

    Those are indexes, except of keys that others refer to, and foreign keys: to check
    a million of them at once takes a fraction of the time of one by one.
    """
    undo = []
    for name, ddl in (await session.execute(_INDEXES, {"table": table})).all():
        await session.execute(text(f"DROP INDEX {name}"))
        undo.append(ddl)
    for name, ddl in (await session.execute(_CONSTRAINTS, {"table": table})).all():
        await session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        undo.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {ddl}")
    return undo


async def reserve_ids(session: AsyncSession, table: str, count: int) -> int:
    """Take `count` ids in a row from a table's identity column; returns the first.

    ALTER SEQUENCE changes nothing here but locks the sequence against others, until
    the end of this transaction: setval would hand out what they take meanwhile.
    A million calls of nextval would take seconds.
    """
    sequence = await session.scalar(_SEQUENCE, {"table": table})
    await session.execute(text(f"ALTER SEQUENCE {sequence} AS bigint"))
    first = int(await session.scalar(_NEXT, {"sequence": sequence}) or 1)
    last = {"sequence": sequence, "value": first + count - 1}
    await session.execute(_SET, last)
    return first


async def run_ddl(session: AsyncSession, statements: Sequence[str]) -> None:
    """Run what the functions here returned."""
    for statement in statements:
        await session.execute(text(statement.replace(":", r"\:")))


async def analyze(session: AsyncSession, tables: Sequence[str]) -> None:
    """Have the planner's statistics follow the rows."""
    await session.execute(text(f"ANALYZE {', '.join(tables)}"))
