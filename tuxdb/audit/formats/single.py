"""One call in full: where it is, what it runs, what is wrong, what could replace it."""

from collections.abc import Iterator

from tuxdb.audit.run import Report, with_uses
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tables


def site_lines(report: Report, line: int, source: bytes = b"") -> list[str]:
    """Return the lines about the calls at a line; with the source, also their uses."""
    found: list[str] = []
    for query in report.queries:
        if query.span.line <= line <= query.span.end_line:
            known = with_uses(query, source) if source else query
            found += [*([""] if found else []), *_about(report, known)]
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
    verdict = report.verdicts.get((query.path, query.span))
    if verdict and verdict.replacement:
        yield f"replacement ({verdict.proof}):"
        yield from (f"  {line}" for line in verdict.replacement.splitlines())
    for one in report.findings:
        if one.query is not None and one.query.span == query.span:
            yield f"{one.rule} {one.severity.word}: {one.message}"
            if one.hint:
                yield f"  → {one.hint}"
    if not any(one.query and one.query.span == query.span for one in report.findings):
        yield "no findings"


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
