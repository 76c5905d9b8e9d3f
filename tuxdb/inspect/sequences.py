"""I010: sequences that collide with rows already there, or that run out."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    Select,
    cast,
    column,
    func,
    quoted_name,
    select,
)

from tuxdb.inspect.catalogue import Catalogue, NotAnswered, relation
from tuxdb.inspect.findings import Code, Finding, Severity
from tuxdb.inspect.naming import shown
from tuxdb.inspect.retyping import BIGINT, Columns

WORTH_SAYING, URGENT = 0.5, 0.9
# below any ID that Discord gave away, above any number that was counted up to
SMALLEST_SNOWFLAKE = 10**15
HIGHEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, BIGINT: 2**63 - 1}


@dataclass(frozen=True)
class Sequence:
    """A sequence and the column that it numbers."""

    sql: str
    literal: str
    schema: str
    name: str
    table_oid: int
    table_sql: str
    table_schema: str
    table_name: str
    column_name: str
    column_sql: str
    column_type: str
    type: str
    is_identity: bool
    step: int
    lowest: int
    highest: int
    cycles: bool
    may_read: bool
    grant_sql: str

    @property
    def place(self) -> str:
        """The column, for people."""
        return shown(f"{self.table_sql}.{self.column_sql}")

    @property
    def ceiling(self) -> int:
        """The last number that sequence and column both take."""
        return min(self.highest, HIGHEST.get(self.column_type, self.highest))


@dataclass(frozen=True)
class Position:
    """Where a sequence stands, and the outermost value of its column."""

    last_value: int
    is_called: bool
    outermost: int | None


async def sequence_findings(catalogue: Catalogue, columns: Columns) -> list[Finding]:
    """Check every sequence that numbers a column."""
    sequences = [Sequence(**row) for row in await catalogue.ask("sequences")]
    readable = [sequence for sequence in sequences if sequence.may_read]
    answers = await catalogue.each([_position_of(sequence) for sequence in readable])
    findings = [
        _skipped(sequence, "the role may not read it", sequence.grant_sql)
        for sequence in sequences
        if not sequence.may_read
    ]
    for sequence, answer in zip(readable, answers, strict=True):
        if isinstance(answer, NotAnswered):
            findings.append(_skipped(sequence, str(answer), None))
            continue
        position = Position(
            answer["last_value"], answer["is_called"], answer["outermost"]
        )
        findings += _drifted(sequence, position)
        findings += _running_out(sequence, position, columns)
    return findings


def _position_of(sequence: Sequence) -> Select[int, bool, int]:
    """Read the sequence itself: it knows of a restart before its next number."""
    numbered: ColumnClause[int] = column(quoted_name(sequence.column_name, quote=True))
    outermost = func.max(numbered) if sequence.step > 0 else func.min(numbered)
    table = relation(sequence.table_schema, sequence.table_name)
    return select(
        column("last_value", BigInteger),
        column("is_called", Boolean),
        cast(select(outermost).select_from(table).scalar_subquery(), BigInteger).label(
            "outermost"
        ),
    ).select_from(relation(sequence.schema, sequence.name))


def _drifted(sequence: Sequence, position: Position) -> list[Finding]:
    """Find a next number that is in use; where snowflakes are, it never will be."""
    step, outermost = sequence.step, position.outermost
    following = position.last_value + (step if position.is_called else 0)
    if outermost is None or outermost >= SMALLEST_SNOWFLAKE:
        return []
    if following > outermost if step > 0 else following < outermost:
        return []
    furthest, chosen = ("max", "greatest") if step > 0 else ("min", "least")
    finding = Finding(
        code=Code.SEQUENCE,
        severity=Severity.ERROR,
        object=shown(sequence.sql),
        message=(
            f"{shown(sequence.sql)} gives {following} next, "
            f"but {sequence.place} has {outermost} already"
        ),
        evidence={"next": following, furthest: outermost},
        fix=(
            f"SELECT setval({sequence.literal}, {chosen}("  # noqa: S608 - shown
            f"(SELECT {furthest}({sequence.column_sql}) FROM {sequence.table_sql}), "
            f"(SELECT last_value FROM {sequence.sql})));"
        ),
        fix_is_safe_online=True,
    )
    return [finding]


def _running_out(
    sequence: Sequence, position: Position, columns: Columns
) -> list[Finding]:
    last = position.last_value
    if position.outermost and position.outermost < SMALLEST_SNOWFLAKE:
        last = max(last, position.outermost)
    used = last / sequence.ceiling
    if sequence.cycles or sequence.step < 0 or used <= WORTH_SAYING:
        return []
    fix, is_safe = _wider(sequence, columns)
    finding = Finding(
        code=Code.SEQUENCE,
        severity=Severity.ERROR if used > URGENT else Severity.WARNING,
        object=shown(sequence.sql),
        message=(
            f"{shown(sequence.sql)} has used {used:.0%} of the numbers "
            f"that {sequence.place} can take"
        ),
        evidence={"last_value": last, "ceiling": sequence.ceiling},
        fix=fix,
        fix_is_safe_online=is_safe,
    )
    return [finding]


def _wider(sequence: Sequence, columns: Columns) -> tuple[str | None, bool]:
    """How to go on with BIGINT, and whether that can be done while others write."""
    widen = f"ALTER SEQUENCE {sequence.sql} AS {BIGINT};"
    if sequence.column_type == BIGINT:
        return (None, False) if sequence.type == BIGINT else (widen, True)
    narrow = columns.all.get((sequence.table_oid, sequence.column_sql))
    if narrow is None or columns.obstacle(narrow):
        return None, False
    more = () if sequence.is_identity else (widen,)
    return "\n".join(columns.to_bigint(narrow, *more)), False


def _skipped(sequence: Sequence, reason: str, grant: str | None) -> Finding:
    return Finding(
        code=Code.SEQUENCE,
        severity=Severity.SKIPPED,
        object=shown(sequence.sql),
        message=f"{shown(sequence.sql)} was not checked: {reason}",
        fix=grant,
    )
