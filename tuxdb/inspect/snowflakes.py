"""I009: Discord IDs in columns that are too small, not exact, or text."""

import re
from collections.abc import AsyncIterator

from sqlalchemy import ColumnClause, column, quoted_name, select

from tuxdb.inspect.catalogue import Catalogue, NotAnswered, relation
from tuxdb.inspect.findings import Code, Finding, Severity
from tuxdb.inspect.naming import shown
from tuxdb.inspect.retyping import WHOLE_NUMBERS, Column, Columns

SAMPLE_ROWS = 200
TEXTS = ("text", "character varying", "character")
INEXACT = ("real", "double precision")
_ID = re.compile(r"[0-9]{1,20}\s*")


async def snowflake_findings(
    catalogue: Catalogue, columns: Columns
) -> AsyncIterator[Finding]:
    """Judge columns by name, type, and for text by some of their values.

    A column that the database numbers, or that refers to one, holds no Discord ID.
    """
    for one in columns.all.values():
        tied, _ = columns.tied(one)
        if not one.sounds_like_discord or any(c.is_numbered for c in tied):
            continue
        if one.base_type in TEXTS and not await _holds_numbers(catalogue, one):
            continue
        yield _finding(one, columns)


def _finding(one: Column, columns: Columns) -> Finding:
    problem, severity = "which only BIGINT holds well", Severity.WARNING
    if one.base_type in WHOLE_NUMBERS:
        problem, severity = "too small for a Discord ID", Severity.ERROR
    elif one.base_type in INEXACT:
        problem, severity = "which rounds Discord IDs", Severity.ERROR
    name = shown(f"{one.table_sql}.{one.sql}")
    obstacle = columns.obstacle(one)
    return Finding(
        code=Code.SNOWFLAKE_TYPE,
        severity=severity,
        object=name,
        message=f"{name} is {one.type}, {problem}",
        evidence={"type": one.type, "obstacle": obstacle},
        fix=None if obstacle else "\n".join(columns.to_bigint(one)),
    )


async def _holds_numbers(catalogue: Catalogue, one: Column) -> bool:
    """Whether some values look like IDs; nothing to see counts as yes."""
    value: ColumnClause[object] = column(quoted_name(one.name, quote=True))
    sample = (
        select(value.label("value"))
        .select_from(relation(one.schema, one.table_name))
        .where(value.is_not(None))
        .limit(SAMPLE_ROWS)
    )
    try:
        rows = await catalogue.run(sample)
    except NotAnswered:
        return True
    values = [row["value"] for row in rows]
    texts = [t for v in values for t in (v if isinstance(v, list) else [v])]
    return all(_ID.fullmatch(text) for text in texts if text is not None)
