"""One call in full: where it is, what it runs, what is wrong, what could replace it."""

import textwrap
from collections.abc import Iterator

from tuxdb.audit.run import Report
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tables


def site_lines(report: Report, path: str, line: int) -> list[str]:
    """Return the lines about the calls at a line of a file."""
    found: list[str] = []
    for query in report.queries:
        here = query.span.line <= line <= query.span.end_line
        if query.path == path and here:
            found += [*([""] if found else []), *_about(report, query)]
    return found


def _about(report: Report, query: RawQuery) -> Iterator[str]:
    where = query.function or "module"
    yield f"{query.path}:{query.span.line}  {query.api}  in {where}"
    yield f"class: {query.classified}; the SQL is {query.sql_is}" + (
        f", from {query.definition}" if query.definition else ""
    )
    yield ""
    if query.text is None:
        yield "  (not known from the source)"
    for number, line in enumerate((query.statement or "").strip().splitlines()):
        yield f"  {line if number else line.lstrip()}"
    for other in query.variants:
        yield f"  or: {' '.join(other.split())}"
    yield ""
    yield from _details(query)
    yield from _offered(report, query)
    found = [
        one
        for one in report.findings
        if one.query is not None
        and (one.path, one.query.span) == (query.path, query.span)
    ]
    for one in found:
        yield f"{one.rule} {one.severity.word}: {one.message}"
        if one.hint:
            yield f"  → {one.hint}"
    if not found:
        yield "no findings"


def _offered(report: Report, query: RawQuery) -> Iterator[str]:
    """The replacement, its proof, and what --fix would do."""
    verdict = report.verdicts.get((query.path, query.span))
    answers = report.answers
    if answers is not None and answers.checked:
        yield f"schema: {answers.schema}"
    if verdict and verdict.replacement:
        yield f"replacement: {verdict.proof}"
        yield from (f"  {line}" for line in verdict.replacement.splitlines())
    elif verdict and verdict.refused:
        yield f"replacement: none, {verdict.refused}"
    elif answers is not None and answers.why_not:
        yield f"replacement: not asked for, {answers.why_not}"
    if verdict and verdict.fix:
        because = f": {verdict.fix.reason}" if verdict.fix.why else ""
        yield f"--fix: {FIXES[verdict.fix.state]}{because}"
        if verdict.fix.code:
            yield from (f"  {line}" for line in dedented(verdict.fix.code))
    if verdict and (verdict.replacement or verdict.fix):
        yield ""


FIXES = {
    "applicable": "would write",
    "unsafe": "only with --unsafe-fixes",
    "refused": "leaves it",
}


def dedented(code: str) -> list[str]:
    """Code without the indentation of its place; its first line may have none."""
    first, _, rest = code.partition("\n")
    if first.startswith(" "):
        return textwrap.dedent(code).splitlines()
    return [first, *textwrap.dedent(rest).splitlines()]


def _details(query: RawQuery) -> Iterator[str]:
    for hole in query.holes:
        checked = ", checked before" if hole.guarded else ""
        yield f"hole: {hole.source} ({hole.kind}{checked})"
    named = tables(query.text or "")
    if named:
        yield f"tables: {', '.join(named)}"
    if query.args:
        yield f"arguments: {', '.join(query.args)}"
    if query.loop:
        yield f"loop: {query.loop}"
    for use in query.uses:
        detail = f" {use.detail}" if use.detail else ""
        yield f"use: {use.kind}{detail} (line {use.span.line})"
