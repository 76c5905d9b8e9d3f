"""I002, I003, I004, I007: what to say about the planned fixes of indexes."""

from collections.abc import Collection, Iterator, Sequence

from tuxdb.inspect.facts import Facts, ForeignKey, Index
from tuxdb.inspect.findings import Code, Finding, Severity, Statistics, Thresholds
from tuxdb.inspect.naming import listed, shown
from tuxdb.inspect.planning import Missing, Rebuild, Redundant, plan_indexes
from tuxdb.inspect.statements import Builder, are_safe_online


def index_findings(
    facts: Facts,
    statistics: Statistics,
    codes: Collection[Code],
    thresholds: Thresholds,
) -> Iterator[Finding]:
    """Check indexes; the fixes of the chosen checks are planned together."""
    plan = plan_indexes(facts, statistics, codes, thresholds)
    say = _Wording(facts, statistics, thresholds)
    yield from map(say.missing, plan.missing)
    yield from map(say.invalid, plan.rebuilds)
    yield from map(say.unused, plan.unused)
    yield from map(say.redundant, plan.redundant)


class _Wording:
    """Turns what is planned into findings."""

    def __init__(
        self, facts: Facts, statistics: Statistics, thresholds: Thresholds
    ) -> None:
        self._facts = facts
        self._statistics = statistics
        self._thresholds = thresholds
        self._builder = Builder(facts)

    def missing(self, missing: Missing) -> Finding:
        """I004."""
        key = missing.foreign_key
        lack = "no valid index" if missing.invalid else "no index"
        rows = self._facts.rows(key.table_oid)
        large = rows >= self._thresholds.large_table_rows
        return _finding(
            Code.MISSING_FK_INDEX,
            Severity.ERROR if large else Severity.WARNING,
            shown(f"{self._facts.table(key.table_oid)}.{key.name}"),
            f"{self._arrow(key)} has {lack}",
            {
                "columns": list(key.columns),
                "estimated_rows": rows,
            },
            statements=missing.statements,
        )

    def invalid(self, rebuild: Rebuild) -> Finding:
        """I007."""
        index, cover = rebuild.index, rebuild.covered_by
        if cover:
            problem = f"is invalid, and {self._name(cover)} covers it"
        elif index.is_unique:
            problem = "is invalid: it keeps nothing unique"
        else:
            problem = "is invalid: written to, never read"
        return _finding(
            Code.INVALID_INDEX,
            Severity.ERROR,
            shown(index.sql),
            f"{shown(index.sql)} {problem}",
            self._measures(index),
            statements=rebuild.statements,
        )

    def unused(self, index: Index) -> Finding:
        """I002."""
        since = self._statistics
        return _finding(
            Code.UNUSED_INDEX,
            Severity.WARNING,
            shown(index.sql),
            (
                f"{shown(index.sql)} was scanned {index.scans} times "
                f"in {since.age.days} days"
            ),
            {**self._measures(index), "statistics_since": since.since},
            statements=[self._builder.drop(index)],
        )

    def redundant(self, redundant: Redundant) -> Finding:
        """I003."""
        index, cover = redundant.index, self._name(redundant.covered_by)
        return _finding(
            Code.REDUNDANT_INDEX,
            Severity.WARNING,
            shown(index.sql),
            f"{shown(index.sql)} is covered by {cover}",
            {**self._measures(index), "covered_by": cover},
            statements=[self._builder.drop(index)],
        )

    def _measures(self, index: Index) -> dict[str, object]:
        return {
            "table": shown(self._facts.table(index.table_oid)),
            "bytes": index.bytes,
            "scans": index.scans,
            "last_idx_scan": index.last_scan,
        }

    def _name(self, index: Index) -> str:
        """An index's name; one that a fix will make has none yet."""
        return shown(index.sql) or f"the new index on ({listed(index.keys)})"

    def _arrow(self, key: ForeignKey) -> str:
        """`cases.user_id → users.id`, with brackets where there are several."""
        source, target = (
            _columns(shown(self._facts.table(oid)), columns)
            for oid, columns in (
                (key.table_oid, key.columns),
                (key.target_oid, key.target_columns),
            )
        )
        return f"{source} → {target}"


def _columns(table: str, columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return f"{table}.{columns[0]}"
    return f"{table} ({listed(columns)})"


def _finding(
    code: Code,
    severity: Severity,
    subject: str,
    message: str,
    evidence: dict[str, object],
    *,
    statements: Sequence[str],
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        object=subject,
        message=message,
        evidence=evidence,
        fix="\n".join(statements) or None,
        fix_is_safe_online=bool(statements) and are_safe_online(statements),
    )
