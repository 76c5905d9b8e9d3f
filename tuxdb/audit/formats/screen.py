"""One screen for a person: the worst first, then what there is, then how to go on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules import RULES
from tuxdb.audit.run import Report
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import DDL, first_word

WIDTH = 100
SHOWN = 8
NARROWEST = 40
MOST_TROUBLES = 2
MARKS = {Severity.ERROR: "error", Severity.WARNING: "warn ", Severity.INFO: "info "}
COLORS = {
    Severity.ERROR: "\x1b[31m",
    Severity.WARNING: "\x1b[33m",
    Severity.INFO: "\x1b[2m",
}
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Screen:
    """How wide, how many findings, in colour or not; all of them with `everything`."""

    width: int = WIDTH
    shown: int = SHOWN
    colored: bool = False
    everything: bool = False

    def painted(self, text: str, color: str) -> str:
        """Colour a text, if wanted."""
        return f"{color}{text}{PLAIN}" if self.colored else text


def table(report: Report, screen: Screen | None = None) -> str:
    """Return the report as lines no wider than the screen."""
    screen = screen or Screen()
    lines = [*_findings(report, screen), *_overview(report, screen)]
    return "".join(f"{line}\n" for line in lines)


def _findings(report: Report, screen: Screen) -> Iterator[str]:
    shown = [one for one in report.new if one.severity > Severity.INFO]
    if screen.everything or not shown:
        shown = list(report.new)
    most = len(shown) if screen.everything else screen.shown
    for one in shown[:most]:
        yield from _finding(one, screen)
    rest = len(shown) - most
    if rest > 0:
        yield f"… {rest} more like these: --all, or --format concise"
    if shown:
        yield ""


def _finding(one: Finding, screen: Screen) -> Iterator[str]:
    """Write a finding in two lines: what and where; the statement, or what to do."""
    mark = screen.painted(MARKS[one.severity], COLORS[one.severity])
    place = screen.painted(safe(one.place), BOLD)
    room = screen.width - len(f"{MARKS[one.severity]} {one.rule} {safe(one.place)}  ")
    message = safe(one.message)
    indent = " " * 6
    if room >= len(message):
        yield f"{mark} {one.rule} {place}  {message}"
    else:
        yield f"{mark} {one.rule} {place}"
        yield f"{indent}{_cut(message, screen.width - len(indent))}"
    if one.query is not None and one.query.text is not None:
        sql = safe(" ".join(one.query.statement.split()))
        yield f"{indent}{_cut(sql, screen.width - len(indent))}"
    elif one.hint:
        yield f"{indent}{_cut(f'→ {safe(one.hint)}', screen.width - len(indent))}"


def _overview(report: Report, screen: Screen) -> Iterator[str]:
    queries = report.queries
    files = len({query.path for query in queries})
    if not queries:
        yield f"no SQL calls in {len(report.files)} files ({report.lines} lines)"
    else:
        yield screen.painted(
            f"{len(queries)} SQL calls in {files} of {len(report.files)} files", BOLD
        )
        about = [_classes(report), _convertible(report), *_fixes(report)]
        about += _schema(report, screen)
        yield from (_cut(f"  {line}", screen.width) for line in about)
    yield from _rules(report, screen)
    yield from _more(report)


def _rules(report: Report, screen: Screen) -> Iterator[str]:
    """Write how often each rule was broken; those for information in one line."""
    counted = report.by_rule()
    if counted:
        yield ""
    minor = []
    for code, count in counted.items():
        rule = RULES[code]
        if rule.severity is Severity.INFO and not screen.everything:
            minor.append(f"{count} {rule.name}")
            continue
        text = f"{count:>5} {code} {rule.severity.word:<7} {rule.title}"
        yield _cut(text, screen.width)
    if minor:
        yield _cut(f"      also {', '.join(minor)}", screen.width)


def _classes(report: Report) -> str:
    classes = report.by_class()
    parts = [
        f"{classes.get('unsafe', 0)} unsafe",
        f"{classes.get('dynamic-identifier', 0)} with a name put in",
        f"{classes.get('safe', 0)} safe",
    ]
    return ", ".join(parts)


def _convertible(report: Report) -> str:
    """Say what can become SQLAlchemy; without a proof only what may."""
    queries = report.queries
    answers = report.answers
    if answers is not None and answers.checked and answers.proving:
        proofs = [verdict for verdict in report.verdicts.values() if verdict.holds]
        return f"{len(proofs)} of {len(queries)} have an equal in SQLAlchemy, proved"
    fixed = sum(_is_candidate(query) for query in queries)
    ddl = sum(first_word(query.text or "") in DDL for query in queries)
    unknown = sum(query.text is None for query in queries)
    parts = [f"{fixed} of fixed text, which --prove converts and proves equal"]
    parts += [f"{ddl} DDL"] if ddl else []
    parts += [f"{unknown} not known from the source"] if unknown else []
    return ", ".join(parts)


def _fixes(report: Report) -> Iterator[str]:
    """Say what --fix would do."""
    if report.answers is None or not report.answers.proving:
        return
    states = Counter(v.fix.state for v in report.verdicts.values() if v.fix)
    yield (
        f"--fix rewrites {states['applicable']} of them, "
        f"--unsafe-fixes {states['unsafe']} more, {states['refused']} are left"
    )


def _schema(report: Report, screen: Screen) -> Iterator[str]:
    """Say what the statements were checked against, and what of it did not work."""
    answers = report.answers
    if answers is None:
        return
    if answers.why_not:
        yield f"schema: {safe(answers.why_not)}"
        return
    if not answers.schema:
        return
    yield f"schema: {safe(answers.schema)}"
    refused = [
        f"{one.path}:{one.line}: {' '.join(one.message.split())}"
        for one in answers.troubles
    ]
    for name, several in (("refused", refused), ("left out", answers.left_out)):
        most = len(several) if screen.everything else MOST_TROUBLES
        yield from (f"  {name}: {safe(one)}" for one in several[:most])
        if len(several) > most:
            yield f"  {name}: {len(several) - most} more, see --all"
    yield from (f"a proof holds no longer: {safe(place)}" for place in answers.lost)


def _is_candidate(query: RawQuery) -> bool:
    return query.constant and first_word(query.text or "") not in DDL


def _more(report: Report) -> Iterator[str]:
    notes = []
    if report.suppressed:
        notes.append(f"{report.suppressed} suppressed by comments")
    known = len(report.findings) - len(report.new)
    if known:
        notes.append(f"{known} known from the baseline")
    if report.fixed:
        notes.append(f"{report.fixed} of the baseline fixed")
    if notes:
        yield f"({', '.join(notes)})"
    if report.new:
        first = report.new[0]
        yield ""
        yield f"one site:   tuxdb audit show {safe(first.place)}"
        yield f"one rule:   tuxdb audit --explain {first.rule}"
        if any(one.fix and one.fix.state == "applicable" for one in report.new):
            yield "the fixes:  tuxdb audit --diff"
        yield "everything: --all, --format concise|json|sarif|markdown"


def safe(text: str) -> str:
    """Text in which every character can be seen."""
    return "".join(c if c.isprintable() else _as_python(c) for c in text)


def _as_python(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _cut(text: str, width: int) -> str:
    width = max(width, NARROWEST)
    return text if len(text) <= width else text[: width - 1] + "…"
