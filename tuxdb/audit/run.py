"""An audit from its paths to its report.

report = audit([Path(".")], Options())
report.findings     # the worst first
report.queries      # every call that takes SQL
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tuxdb.audit.cache import Cache
from tuxdb.audit.discover import discover
from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import (
    Finding,
    Severity,
    Suppression,
    against,
    numbered,
    suppressed,
)
from tuxdb.audit.gather import Gatherer, Told
from tuxdb.audit.options import Options
from tuxdb.audit.rules import RULES, Context
from tuxdb.audit.sites import RawQuery, Span
from tuxdb.audit.sqlside import Verdict

Verdicts = Mapping[tuple[str, Span], Verdict]
WEIGHT = {"TUX106": 0, "TUX101": 1, "TUX107": 2, "TUX103": 3, "TUX900": 9}


@dataclass(frozen=True)
class Report:
    """What an audit found."""

    files: tuple[Facts, ...]
    findings: tuple[Finding, ...]
    suppressed: int = 0
    fixed: int = 0
    seconds: float = 0.0
    checked: bool = False
    verdicts: Verdicts = field(default_factory=dict)

    @property
    def queries(self) -> list[RawQuery]:
        """Every call that takes SQL, in order."""
        return [query for file in self.files for query in file.queries]

    @property
    def lines(self) -> int:
        """The lines of source read."""
        return sum(file.lines for file in self.files)

    @property
    def new(self) -> tuple[Finding, ...]:
        """The findings that no baseline knows."""
        return tuple(finding for finding in self.findings if not finding.known)

    def worst(self) -> Severity | None:
        """The highest severity of a new finding."""
        return max((finding.severity for finding in self.new), default=None)

    def by_rule(self) -> dict[str, int]:
        """How many new findings each rule has, the worst rule first."""
        counted = Counter(finding.rule for finding in self.new)
        order = sorted(counted, key=lambda c: (-RULES[c].severity, c))
        return {code: counted[code] for code in order}

    def by_class(self) -> dict[str, int]:
        """How many queries are safe, unsafe, or of a name put in."""
        return dict(Counter(query.classified for query in self.queries))


@dataclass(frozen=True)
class Gathered:
    """What the files say, before it is judged."""

    facts: tuple[Facts, ...]
    begun: float


def gather(
    paths: Iterable[Path],
    options: Options,
    *,
    told: Told = lambda _stage, _done, _total: None,
) -> Gathered:
    """Read files and folders."""
    begun = time.monotonic()
    given = [Path(path) for path in paths]
    name = "\0".join(str(path.absolute()) for path in given)
    cache = Cache(name, enabled=options.cache)
    sources = list(discover(given, exclude=options.exclude, top=options.top))
    facts = Gatherer(cache, options.sinks, options.jobs, told).gather(sources)
    cache.save()
    return Gathered(tuple(facts), begun)


def judge(
    gathered: Gathered, options: Options, verdicts: Verdicts | None = None
) -> Report:
    """Apply the rules; `verdicts` are the answers of the SQL side, if it was asked."""
    checked = verdicts is not None
    context = Context(gathered.facts, verdicts or {}, checked=checked)
    found = _judge(context, options)
    kept, count = _without_suppressed(found, context, options)
    known = options.baseline or frozenset()
    marked = list(against(numbered(kept), set(known)))
    gone = len(set(known) - {finding.key for finding in marked})
    return Report(
        files=gathered.facts,
        findings=tuple(sorted(marked, key=_order)),
        suppressed=count,
        fixed=gone,
        seconds=time.monotonic() - gathered.begun,
        checked=checked,
        verdicts=verdicts or {},
    )


def audit(paths: Iterable[Path], options: Options) -> Report:
    """Audit files and folders, without a schema."""
    return judge(gather(paths, options), options)


def with_uses(query: RawQuery, source: bytes) -> RawQuery:
    """Return a query with what its function does with the result."""
    from tuxdb.audit.parse import decode, parse  # noqa: PLC0415 - one query only
    from tuxdb.audit.tree import Tree  # noqa: PLC0415 - one query only
    from tuxdb.audit.uses import find_uses  # noqa: PLC0415 - one query only

    return query.with_uses(find_uses(Tree(parse(decode(source))), query))


def _judge(context: Context, options: Options) -> list[Finding]:
    found: list[Finding] = []
    for code, rule in RULES.items():
        if not options.wants(code) or rule.severity < options.severity:
            continue
        if code == "TUX901":
            continue  # once it is known what was suppressed
        for facts in context.files:
            found += rule.check_file(facts, context)
            for query in facts.queries:
                found += rule.check(query, context)
        found += rule.check_tree(context)
    return found


def _without_suppressed(
    found: list[Finding], context: Context, options: Options
) -> tuple[list[Finding], int]:
    comments: dict[str, tuple[Suppression, ...]] = {
        facts.path: tuple(
            one for one in facts.suppressions if options.noqa or not one.foreign
        )
        for facts in context.files
        if facts.suppressions
    }
    kept, count, unused = suppressed(found, comments)
    rule = RULES["TUX901"]
    if options.wants(rule.code) and rule.severity >= options.severity:
        judged = [
            (path, comment)
            for path, comment in unused
            if not comment.foreign
            and (
                not comment.rules or any(options.wants(code) for code in comment.rules)
            )
        ]
        context.unused = judged
        kept += rule.check_tree(context)
    return kept, count


def _order(finding: Finding) -> tuple[int, int, str, str, Span, str]:
    weight = WEIGHT.get(finding.rule, 5)
    return (
        -finding.severity,
        weight,
        finding.rule,
        finding.path,
        finding.span,
        finding.message,
    )
