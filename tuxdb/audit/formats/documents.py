"""JSON: every site with its classification, and every finding."""

import json
from typing import Any

from tuxdb.audit.findings import Finding, fingerprint
from tuxdb.audit.run import Report
from tuxdb.audit.sites import RawQuery, Span
from tuxdb.audit.sqlside import Answers, FixOffer
from tuxdb.audit.sqltext import tables

SCHEMA = "tuxdb.audit/1"
SQL_SCHEMES = {"numbered": "$1", "format": "%s", "qmark": "?", "named": ":name"}


def json_document(report: Report) -> str:
    """Return one document: summary, sites, findings."""
    data = {
        "summary": summary(report),
        "sites": sites(report),
        "findings": [finding(one) for one in report.findings],
    }
    document = {"schema": SCHEMA, "data": data, "next": None}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def ndjson(report: Report) -> str:
    """Return one line for each site, then one for each finding."""
    rows = [{"kind": "site", **one} for one in sites(report)]
    rows += [{"kind": "finding", **finding(one)} for one in report.findings]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines)


def summary(report: Report) -> dict[str, Any]:
    """Count what was read and found."""
    return {
        "files": len(report.files),
        "lines": report.lines,
        "unreadable": sum(one.problem is not None for one in report.files),
        "sites": len(report.queries),
        "classes": report.by_class(),
        "rules": report.by_rule(),
        "suppressed": report.suppressed,
        "known": len(report.findings) - len(report.new),
        "fixed": report.fixed,
        "checked": report.checked,
        "schema": schema(report.answers),
        "seconds": round(report.seconds, 3),
    }


def sites(report: Report) -> list[dict[str, Any]]:
    """Describe every call that takes SQL."""
    rules: dict[tuple[str, Span], list[Finding]] = {}
    for one in report.findings:
        if one.query is not None:
            rules.setdefault((one.path, one.query.span), []).append(one)
    return [
        site(query, rules.get((query.path, query.span), []), report)
        for query in report.queries
    ]


def site(query: RawQuery, found: list[Finding], report: Report) -> dict[str, Any]:
    """Describe one call."""
    verdict = report.verdicts.get((query.path, query.span))
    return {
        "file": query.path,
        "line": query.span.line,
        "end_line": query.span.end_line,
        "column": query.span.column,
        "end_column": query.span.end_column,
        "api": query.api,
        "method": query.method,
        "receiver": query.receiver,
        "sql_is": query.sql_is,
        "statement": query.statement if query.text is not None else None,
        "class": query.classified,
        "in_loop": query.in_loop,
        "in_transaction": query.in_transaction,
        "function": query.function,
        "awaited": query.awaited,
        "wrapper": query.wrapper,
        "dialect": query.dialect,
        "tables": list(tables(query.text or "")),
        "params": SQL_SCHEMES.get(query.paramstyle),
        "args": list(query.args),
        "starred": query.starred,
        "definition": query.definition,
        "holes": [
            {"source": h.source, "kind": h.kind, "guarded": h.guarded}
            for h in query.holes
        ],
        "uses": [
            {"kind": u.kind, "detail": u.detail, "line": u.span.line}
            for u in query.uses
        ],
        "fingerprint": fingerprint(query.text, f"{query.api} {query.function}"),
        "rules": sorted({one.rule for one in found}),
        "proof": verdict.proof if verdict else None,
        "replacement": verdict.replacement if verdict else None,
        "fix": offer(verdict.fix if verdict else None),
    }


def finding(one: Finding) -> dict[str, Any]:
    """Describe one finding."""
    return {
        "rule": one.rule,
        "severity": one.severity.word,
        "file": one.path,
        "line": one.span.line,
        "column": one.span.column,
        "end_line": one.span.end_line,
        "message": one.message,
        "hint": one.hint,
        "statement": one.query.statement if one.query else None,
        "fingerprint": one.fingerprint,
        "ordinal": one.ordinal,
        "known": one.known,
        "proof": one.proof,
        "replacement": one.replacement,
        "fix": offer(one.fix),
    }


def offer(fix: FixOffer | None) -> dict[str, Any] | None:
    """Describe what --fix would do."""
    if fix is None:
        return None
    reason = fix.reason or None
    return {"state": fix.state, "kind": fix.kind or None, "reason": reason}


def schema(answers: Answers | None) -> dict[str, Any] | None:
    """Describe what the statements were checked against."""
    if answers is None:
        return None
    return {
        "taken": answers.schema or None,
        "why_not": answers.why_not or None,
        "refused": [
            {"file": one.path, "line": one.line, "message": one.message}
            for one in answers.troubles
        ],
        "left_out": list(answers.left_out),
        "lost_proofs": list(answers.lost),
    }
