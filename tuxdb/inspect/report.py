"""The report: every check at once, worst first, its fixes planned together."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace

from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.catalogue import Catalogue, NotAnswered
from tuxdb.inspect.constraints import constraint_findings
from tuxdb.inspect.facts import Facts
from tuxdb.inspect.findings import Code, Finding, Severity, Statistics, Thresholds
from tuxdb.inspect.index_checks import index_findings
from tuxdb.inspect.naming import printable
from tuxdb.inspect.retyping import Columns, load_columns
from tuxdb.inspect.sequences import sequence_findings
from tuxdb.inspect.snowflakes import snowflake_findings

ALL = frozenset(Code)
INDEX_CODES = frozenset(
    {
        Code.UNUSED_INDEX,
        Code.REDUNDANT_INDEX,
        Code.MISSING_FK_INDEX,
        Code.INVALID_INDEX,
    }
)
# what is built comes before what is dropped on its account
ORDER_OF_FIXES = (
    Code.SNOWFLAKE_TYPE,
    Code.INVALID_INDEX,
    Code.MISSING_FK_INDEX,
    Code.REDUNDANT_INDEX,
    Code.UNUSED_INDEX,
    Code.NOT_VALID_CONSTRAINT,
    Code.SEQUENCE,
)


@dataclass(frozen=True)
class Report:
    """Findings, worst first; those of the severity SKIPPED are checks not made."""

    items: list[Finding]
    statistics: Statistics

    def at_least(self, severity: Severity) -> bool:
        """Whether anything is as bad as that; what was skipped is not known to be."""
        bad = [Severity.ERROR]
        if severity is not Severity.ERROR:
            bad.append(Severity.WARNING)
        return any(finding.severity in bad for finding in self.items)

    @property
    def fixes(self) -> list[str]:
        """Each fix once, in an order in which all of them can be run."""
        found = sorted(
            (f for f in self.items if f.fix and f.severity is not Severity.SKIPPED),
            key=lambda finding: ORDER_OF_FIXES.index(finding.code),
        )
        return list(dict.fromkeys(finding.fix for finding in found if finding.fix))


async def inspect_database(
    service: DatabaseService,
    *,
    codes: Collection[Code] = ALL,
    thresholds: Thresholds | None = None,
) -> Report:
    """Run the chosen checks."""
    catalogue = Catalogue(service)
    statistics = Statistics(**(await catalogue.ask("statistics"))[0])
    look = _Look(catalogue, statistics, thresholds or Thresholds())
    findings = [_printable(finding) async for finding in look.findings(codes)]
    return Report(sorted(findings, key=_worst_first), statistics)


class _Look:
    """One look at the database, from which every check takes what it needs."""

    def __init__(
        self, catalogue: Catalogue, statistics: Statistics, limits: Thresholds
    ) -> None:
        self._catalogue = catalogue
        self._statistics = statistics
        self._limits = limits
        self._known_facts: Facts | None = None

    async def findings(self, codes: Collection[Code]) -> AsyncIterator[Finding]:
        """Run the checks of these codes; one that is refused leaves the others."""
        checks = (
            (INDEX_CODES, self._indexes),
            ({Code.NOT_VALID_CONSTRAINT}, self._constraints),
            ({Code.SNOWFLAKE_TYPE}, self._snowflakes),
            ({Code.SEQUENCE}, self._sequences),
        )
        for answers, check in checks:
            chosen = frozenset(codes) & answers
            if not chosen:
                continue
            try:
                for finding in await check(chosen):
                    yield finding
            except NotAnswered as refusal:
                for code in sorted(chosen):
                    yield _skipped(code, refusal)

    async def _indexes(self, codes: Collection[Code]) -> list[Finding]:
        facts = await self._facts()
        return list(index_findings(facts, self._statistics, codes, self._limits))

    async def _constraints(self, _: Collection[Code]) -> list[Finding]:
        return await constraint_findings(self._catalogue)

    async def _snowflakes(self, _: Collection[Code]) -> list[Finding]:
        columns = await self._columns()
        return await snowflake_findings(self._catalogue, columns)

    async def _sequences(self, _: Collection[Code]) -> list[Finding]:
        columns = await self._columns()
        return await sequence_findings(self._catalogue, columns)

    async def _facts(self) -> Facts:
        if self._known_facts is None:
            self._known_facts = await Facts.load(self._catalogue)
        return self._known_facts

    async def _columns(self) -> Columns:
        return Columns(await load_columns(self._catalogue), await self._facts())


def _skipped(code: Code, refusal: NotAnswered) -> Finding:
    return Finding(
        code=code,
        severity=Severity.SKIPPED,
        object=code.label,
        message=f"{code.label} was not checked: {refusal}",
    )


def _printable(finding: Finding) -> Finding:
    return replace(finding, fix=finding.fix and printable(finding.fix))


def _worst_first(finding: Finding) -> tuple[int, str, float, str]:
    evidence = finding.evidence
    weight = evidence.get("estimated_rows") or evidence.get("bytes") or 0
    rank = list(Severity).index(finding.severity)
    return rank, finding.code, -weight, finding.object
