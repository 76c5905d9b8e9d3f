"""A schema as text, so that two can be compared: what pg_dump would write of it.

Columns are in order of their names, as a revision adds its columns behind the others.
"""

import asyncpg

from tuxdb.urls import DatabaseUrl

OWN = ("alembic_version", "tuxdb_migration")
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           a.attidentity, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> ALL($1)
"""
CONSTRAINTS = """
    SELECT conrelid::regclass, conname, contype, convalidated,
           pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
      AND conrelid::regclass::text <> ALL($1) AND contype <> 'n'
"""
INDEXES = """
    SELECT pg_get_indexdef(indexrelid), indisvalid, indisready
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
      AND indrelid::regclass::text <> ALL($1)
"""
TRIGGERS = """
    SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid::regclass::text <> ALL($1)
"""
FUNCTIONS = """
    SELECT pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname <> ALL($1)
"""
TABLES = (COLUMNS, CONSTRAINTS, INDEXES)
EVERYTHING = (*TABLES, TRIGGERS, FUNCTIONS)


async def catalogue(url: str, queries: tuple[str, ...] = EVERYTHING) -> str:
    """The schema of a database, one object a line."""
    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    try:
        lines: list[str] = []
        for query in queries:
            rows = await connection.fetch(query, OWN)
            lines += sorted(" | ".join(map(str, row)) for row in rows)
        return "\n".join(lines)
    finally:
        await connection.close()
