"""I009: Discord IDs in columns that are too small, not exact, or text."""

from sqlalchemy import (
    Boolean,
    ColumnClause,
    Select,
    Text,
    cast,
    column,
    func,
    quoted_name,
    select,
)

from tuxdb.inspect.catalogue import Catalogue, NotAnswered, relation
from tuxdb.inspect.findings import Code, Finding, Severity
from tuxdb.inspect.naming import shown
from tuxdb.inspect.retyping import WHOLE_NUMBERS, Column, Columns

SAMPLE_ROWS = 200
TEXTS = ("text", "character varying", "character")
INEXACT = ("real", "double precision")
IDS = r"^([0-9]{1,20}\s*|\{[0-9,\s]*\})$"  # one, or an array of them


async def snowflake_findings(catalogue: Catalogue, columns: Columns) -> list[Finding]:
    """Judge columns by name, type, and for text by some of their values.

    A column that the database numbers, or that refers to one, holds no Discord ID.
    """
    suspects = [
        one
        for one in columns.all.values()
        if one.sounds_like_discord
        and not any(tied.is_numbered for tied in columns.tied(one)[0])
    ]
    texts = [one for one in suspects if one.base_type in TEXTS and one.may_read]
    answers = await catalogue.each([_holds_numbers(one) for one in texts])
    others = {
        one.place
        for one, answer in zip(texts, answers, strict=True)
        if not isinstance(answer, NotAnswered) and answer["holds_numbers"] is False
    }
    return [_finding(one, columns) for one in suspects if one.place not in others]


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


def _holds_numbers(one: Column) -> Select[bool | None]:
    """Whether some of its values look like IDs; None where there are no values."""
    value: ColumnClause[object] = column(quoted_name(one.name, quote=True))
    sample = (
        select(cast(value, Text).label("value"))
        .select_from(relation(one.schema, one.table_name))
        .where(value.is_not(None))
        .limit(SAMPLE_ROWS)
        .subquery()
    )
    looks_so = sample.c.value.regexp_match(IDS)
    return select(func.bool_and(looks_so, type_=Boolean).label("holds_numbers"))
