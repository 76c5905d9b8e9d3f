"""The schema of a live database as a script; nothing but its catalogue is read."""

import asyncpg

from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.urls import DatabaseUrl

READ_ONLY = {
    "application_name": "tuxdb audit",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
}
_OWN = """n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"""
_NOT_OF_EXTENSION = """NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"""
_T = _NOT_OF_EXTENSION.format(oid="t.oid")
_C = _NOT_OF_EXTENSION.format(oid="c.oid")
_P = _NOT_OF_EXTENSION.format(oid="p.oid")
DEFINITIONS = (
    """
SELECT format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) AS text
  FROM pg_namespace n WHERE {own} AND n.nspname <> 'public'
""",
    """
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', extname) AS text
  FROM pg_extension WHERE extname <> 'plpgsql'
""",
    """
SELECT format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
              string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder))
       AS text
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE {own} AND {t} GROUP BY n.nspname, t.typname
""",
    """
SELECT format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname,
              format_type(t.typbasetype, t.typtypmod)) AS text
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'd' AND {own} AND {t}
""",
    """
SELECT format('CREATE TYPE %I.%I AS (%s)', n.nspname, c.relname,
              string_agg(format('%I %s', a.attname,
                         format_type(a.atttypid, a.atttypmod)), ', '
                         ORDER BY a.attnum)) AS text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'c' AND {own} AND {c} GROUP BY n.nspname, c.relname
""",
    """
SELECT format('CREATE SEQUENCE %I.%I', n.nspname, c.relname) AS text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND {own} AND {c}
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND d.deptype = 'i')
""",
    """
SELECT pg_get_functiondef(p.oid) AS text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p') AND {own} AND {p}
""",
    """
SELECT format('CREATE TABLE %I.%I (%s)', n.nspname, c.relname,
              string_agg(format('%I %s%s%s', a.attname,
                format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attgenerated <> ''
                     THEN format(' GENERATED ALWAYS AS (%s) STORED',
                                 pg_get_expr(f.adbin, f.adrelid))
                     WHEN a.attidentity <> ''
                     THEN ' GENERATED ' || CASE a.attidentity WHEN 'a' THEN 'ALWAYS'
                          ELSE 'BY DEFAULT' END || ' AS IDENTITY'
                     WHEN f.adbin IS NOT NULL
                     THEN ' DEFAULT ' || pg_get_expr(f.adbin, f.adrelid)
                     ELSE '' END,
                CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), ', '
                ORDER BY a.attnum)) AS text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND {own} AND {c}
 GROUP BY n.nspname, c.relname
""",
    """
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname,
              k.conname, pg_get_constraintdef(k.oid)) AS text
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype IN ('p', 'u', 'c', 'f', 'x') AND NOT c.relispartition AND {own}
   AND {c} ORDER BY k.contype = 'f'
""",
    """
SELECT pg_get_indexdef(i.indexrelid) AS text
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {own} AND {c} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
""",
    """
SELECT format('CREATE VIEW %I.%I AS %s', n.nspname, c.relname,
              pg_get_viewdef(c.oid)) AS text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND {own} AND {c}
""",
)


async def schema_of_database(url: DatabaseUrl) -> SchemaSource:
    """Read a database's schema; raises the driver's own errors."""
    connection = await asyncpg.connect(**url.connect_args(), server_settings=READ_ONLY)
    try:
        found = [
            row["text"]
            for query in DEFINITIONS
            for row in await connection.fetch(query.format(own=_OWN, t=_T, c=_C, p=_P))
        ]
    finally:
        await connection.close(timeout=5)
    text = "".join(f"{one.rstrip().rstrip(';')};\n" for one in found if one)
    return SchemaSource(url.display(), text)
