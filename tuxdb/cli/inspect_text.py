"""What `tuxdb inspect` shows to people: units, and the report as lines."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from tuxdb.cli.escape import escape

if TYPE_CHECKING:
    from tuxdb.inspect.activity import Blocking, Sessions
    from tuxdb.inspect.findings import Finding
    from tuxdb.inspect.report import Report
    from tuxdb.inspect.sizes import IndexSize

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
STEP = 1024
ONE_DECIMAL_BELOW = 10
FIX = "   fix: "
NEEDS = "   needs: "
GAP = "  "


class Bytes(int):
    """A size that shows itself as people read it: `4.3 MB`."""

    def __str__(self) -> str:
        size, units = float(self), iter(UNITS)
        unit = next(units)
        while size >= STEP and (larger := next(units, None)):
            size, unit = size / STEP, larger
        decimals = 1 if unit != UNITS[0] and size < ONE_DECIMAL_BELOW else 0
        return f"{size:.{decimals}f} {unit}"


def for_people(row: object) -> dict[str, Any]:
    """A dataclass's fields: sizes in units, times to the second, queries in a line."""
    shown: dict[str, Any] = {}
    for field in fields(row):  # type: ignore[arg-type]
        value = getattr(row, field.name)
        if isinstance(value, int) and field.name.endswith("bytes"):
            value = Bytes(value)
        elif isinstance(value, datetime):
            value = value.replace(microsecond=0)
        elif isinstance(value, str) and field.name.endswith("query"):
            value = " ".join(value.split())
        shown[field.name] = value
    return shown


def index_for_people(row: "IndexSize") -> dict[str, Any]:
    """The same for an index, with as much of the definition as is news."""
    made = f"CREATE {'UNIQUE ' if row.unique else ''}INDEX {row.index} ON "
    definition = row.definition.removeprefix(made).removeprefix("public.")
    return {**for_people(row), "definition": definition.replace(" USING btree", "", 1)}


def blocking_lines(found: "Sessions[Blocking]") -> list[str]:
    """Trees of sessions: below each blocker those that wait for it."""
    waiting: dict[int, list[Blocking]] = defaultdict(list)
    for pair in found.items:
        waiting[pair.blocking_pid].append(pair)
    lines: list[str] = []
    seen: set[int] = set()

    def descend(pid: int, depth: int) -> None:
        seen.add(pid)
        for pair in waiting.get(pid, []):
            told = pair.waiting_pid in seen
            lines.append(_one_line(f"└ {_waiter(pair)}", "  " * depth))
            if not told:
                descend(pair.waiting_pid, depth + 1)

    for pair in [*(p for p in found.items if p.is_root), *found.items]:
        if pair.blocking_pid not in seen:
            lines.append(_one_line(_blocker(pair)))
            lines += [FIX + pair.fix] if pair.fix else []
            descend(pair.blocking_pid, 0)
    return lines or ["nobody waits for anybody"]


def _blocker(pair: "Blocking") -> str:
    since = pair.blocking_transaction_seconds
    age = "" if since is None else f" for {since:.0f} s"
    who = f"{pair.blocking_pid} {pair.blocking_app or ''}".rstrip()
    return f"{who}, {pair.blocking_state}{age}: {pair.blocking_query or ''}"


def _waiter(pair: "Blocking") -> str:
    since = pair.waiting_seconds
    age = "" if since is None else f" for {since:.0f} s"
    return f"{pair.waiting_pid} {pair.waiting_app}, waiting{age}: {pair.waiting_query}"


def _one_line(text: str, indent: str = "") -> str:
    shown = indent + escape(" ".join(text.split()))
    width = shutil.get_terminal_size().columns
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1) + "…"


def report_lines(report: "Report") -> list[str]:
    """The findings as lines, each with its fix, and a summary."""
    return [*_findings(report.items), summary(report)]


def fix_lines(report: "Report") -> list[str]:
    """The fixes as a script for psql."""
    lines = [line for fix in report.fixes for line in fix.splitlines()]
    return lines or ["-- nothing to fix"]


def summary(report: "Report") -> str:
    """`2 findings (1 error), statistics since 2026-11-01 (22 days)`."""
    severities = [str(finding.severity) for finding in report.items]
    skipped, errors = severities.count("skipped"), severities.count("error")
    found = len(severities) - skipped
    parts = [
        _many(found, "finding") + (f" ({_many(errors, 'error')})" if errors else "")
    ]
    if skipped:
        parts.append(f"{_many(skipped, 'check')} skipped")
    statistics = report.statistics
    since = statistics.since.date().isoformat()
    parts.append(f"statistics since {since} ({_many(statistics.age.days, 'day')})")
    return ", ".join(parts)


def _findings(findings: "list[Finding]") -> Iterator[str]:
    heads = [
        f"{finding.severity[0].upper()}  {finding.code} {escape(finding.message)}"
        for finding in findings
    ]
    measures = [_measure(finding) for finding in findings]
    lengths = [cell_len(head) for head in heads]
    needed = [n + len(GAP) + len(m) for n, m in zip(lengths, measures, strict=True)]
    width = min(max(needed, default=0), shutil.get_terminal_size().columns)
    first: dict[str, str] = {}
    for at, finding in enumerate(findings):
        space = " " * (width - lengths[at] - len(measures[at]))
        yield f"{heads[at]}{space or GAP}{measures[at]}".rstrip()
        if finding.fix:
            above = first.setdefault(finding.fix, finding.object)
            sql = finding.fix if above == finding.object else f"-- as for {above}"
            yield from _fix(NEEDS if finding.severity == "skipped" else FIX, sql)


def _fix(label: str, sql: str) -> Iterator[str]:
    for at, line in enumerate(sql.splitlines()):
        yield f"{' ' * len(label) if at else label}{escape(line)}"


def _measure(finding: "Finding") -> str:
    """How much is at stake, if that is known."""
    if size := finding.evidence.get("bytes"):
        return str(Bytes(size))
    if rows := finding.evidence.get("estimated_rows"):
        return f"{_spaced(rows)} rows"
    return ""


def _many(number: int, what: str) -> str:
    return f"{_spaced(number)} {what}{'' if number == 1 else 's'}"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
