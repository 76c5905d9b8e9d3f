"""What a report consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """The checks of the report."""

    UNUSED_INDEX = "I002"
    REDUNDANT_INDEX = "I003"
    MISSING_FK_INDEX = "I004"
    INVALID_INDEX = "I007"
    NOT_VALID_CONSTRAINT = "I008"
    SNOWFLAKE_TYPE = "I009"
    SEQUENCE = "I010"

    @property
    def label(self) -> str:
        """The name of the check, as its command has it."""
        return CHECKS[self].label


class Check(NamedTuple):
    """A check's name, what it finds, and that at length."""

    label: str
    title: str
    purpose: str


CHECKS = {
    Code.UNUSED_INDEX: Check(
        "unused-indexes",
        "unused indexes",
        "Nobody scans them, no constraint and no foreign key needs them; what is "
        "scanned on replicas only is not seen.",
    ),
    Code.REDUNDANT_INDEX: Check(
        "redundant-indexes",
        "redundant indexes",
        "Duplicates, and indexes whose columns lead another index.",
    ),
    Code.MISSING_FK_INDEX: Check(
        "missing-fk-indexes",
        "foreign keys without an index",
        "Without one, every deleted parent reads the whole table of its children.",
    ),
    Code.INVALID_INDEX: Check(
        "invalid-indexes",
        "invalid indexes",
        "What failed CREATE INDEX CONCURRENTLY left behind; none being built.",
    ),
    Code.NOT_VALID_CONSTRAINT: Check(
        "constraints",
        "constraints that were never validated",
        "They bind new rows; old ones were never checked.",
    ),
    Code.SNOWFLAKE_TYPE: Check(
        "snowflake-types",
        "Discord IDs in columns of an unfit type",
        "Too small, not exact, or text; by the column's name, and some of its values.",
    ),
    Code.SEQUENCE: Check(
        "sequences",
        "sequences that are behind or run out",
        "Those that will give numbers in use, or have given more than half of all.",
    ),
}


class Severity(StrEnum):
    """How bad it is, worst first; `skipped` is a check that could not be made."""

    ERROR = "error"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One thing to put right; a check that was skipped names the GRANT it needs."""

    code: Code
    severity: Severity
    object: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str | None = None
    fix_is_safe_online: bool = False


@dataclass(frozen=True)
class Statistics:
    """Since when the server counts what is used."""

    since: datetime
    now: datetime

    @property
    def age(self) -> timedelta:
        """How long it has been counting."""
        return self.now - self.since


@dataclass(frozen=True)
class Thresholds:
    """From where on something is worth a finding.

    An index counts as unused where it is not too small, was scanned less than
    `max_scans` times and not of late, and has had the time: the statistics are old
    enough, and so many transactions have written since the index was made.
    """

    max_scans: int = 50
    min_bytes: int = 1 << 20
    min_age: timedelta = timedelta(days=7)
    min_transactions: int = 10_000
    large_table_rows: int = 10_000


@dataclass(frozen=True)
class Report:
    """Findings, worst first."""

    findings: tuple[Finding, ...]
    statistics: Statistics
