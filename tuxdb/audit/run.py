"""An audit from its paths to its report.

report = audit([Path(".")], Options())
report.findings     # the worst first
report.queries      # every call that takes SQL
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuxdb.audit.cache import Cache
from tuxdb.audit.discover import discover
from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import (
    INJECTION,
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
from tuxdb.audit.sqlside import Answers, Verdicts

_DEFINES = re.compile(r"\b(?:CREATE|ALTER)\b", re.IGNORECASE)
FIXED = frozenset((*INJECTION, "TUX201", "TUX202", "TUX206"))
WEIGHT = {"TUX106": 0, "TUX101": 1, "TUX107": 2, "TUX103": 3, "TUX900": 9}


@dataclass(frozen=True)
class Report:
    """What an audit found."""

    files: tuple[Facts, ...]
    findings: tuple[Finding, ...]
    suppressed: int = 0
    fixed: int = 0
    seconds: float = 0.0
    answers: Answers | None = None
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The Python files by their path, as they are stored."""

    @property
    def checked(self) -> bool:
        """Whether a schema was there to check against."""
        return self.answers is not None and self.answers.checked

    @property
    def verdicts(self) -> Verdicts:
        """What the SQL side says of each query."""
        return self.answers.verdicts if self.answers is not None else {}

    @property
    def unread(self) -> int:
        """The files that were not read, and the calls whose SQL is not known."""
        calls = sum(q.text is None and not q.wrapper for q in self.queries)
        return calls + sum(file.problem is not None for file in self.files)

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

    def failed(self, limit: Severity | None, *, strict: bool = False) -> bool:
        """Whether this is no clean end; with `strict`, what was not read counts.

        A proof that an earlier run had, and that holds no longer, always counts.
        """
        if limit is not None and self.answers is not None and self.answers.lost:
            return True
        worst = self.worst()
        bad = limit is not None and worst is not None and worst >= limit
        return bad or (strict and self.unread > 0)

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
    scripts: tuple[tuple[str, str], ...] = ()
    """The `.sql` files that define something, and their text."""
    sources: Mapping[str, bytes] = field(default_factory=dict)
    """The Python files by their path, as they are stored."""
    modelled: tuple[str, ...] = ()
    """The tables of models that were imported."""


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
    texts = [(s.path, s.data.decode("utf-8", "replace")) for s in sources if s.sql]
    scripts = tuple(one for one in texts if _DEFINES.search(one[1]))
    python = {s.path: s.data for s in sources if s.python and s.problem is None}
    return Gathered(tuple(facts), begun, scripts, python)


def judge(
    gathered: Gathered, options: Options, answers: Answers | None = None
) -> Report:
    """Apply the rules; `answers` are those of the SQL side, if it was asked."""
    verdicts = answers.verdicts if answers is not None else {}
    checked = answers is not None and answers.checked
    context = Context(
        gathered.facts, verdicts, checked=checked, imported=gathered.modelled
    )
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
        answers=answers,
        sources=gathered.sources,
    )


def audit(paths: Iterable[Path], options: Options) -> Report:
    """Audit files and folders, without a schema."""
    return judge(gather(paths, options), options)


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
    return [_with_fix(one, context) for one in found]


def _with_fix(finding: Finding, context: Context) -> Finding:
    """Add what --fix would do, where the finding is about what it changes."""
    if finding.query is None or finding.rule not in FIXED:
        return finding
    verdict = context.verdict(finding.query)
    return finding if verdict is None else replace(finding, fix=verdict.fix)


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
