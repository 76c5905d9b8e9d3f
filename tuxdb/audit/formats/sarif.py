"""SARIF 2.1.0; a result is known again by its statement, not by its line."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from tuxdb import __version__
from tuxdb.audit.columns import Columns
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules import RULES, Rule
from tuxdb.audit.run import Report
from tuxdb.audit.sqlside import FixOffer

VERSION = "2.1.0"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
# what there is to read about the subject of a rule, by the beginning of its code
HELP = (
    ("TUX1", "https://cwe.mitre.org/data/definitions/89.html"),
    ("TUX2", "https://docs.sqlalchemy.org/en/21/tutorial/data.html"),
    ("TUX304", "https://www.postgresql.org/docs/18/protocol-flow.html"),
    ("TUX306", "https://www.postgresql.org/docs/18/contrib.html"),
    ("TUX3", "https://www.postgresql.org/docs/18/sql-commands.html"),
    ("TUX403", "https://www.postgresql.org/docs/18/explicit-locking.html"),
    ("TUX4", "https://www.postgresql.org/docs/18/performance-tips.html"),
    ("TUX", "https://docs.python.org/3/reference/lexical_analysis.html"),
)


def sarif(report: Report) -> str:
    """Return the report as a SARIF log of one run."""
    codes = sorted({one.rule for one in report.findings})
    columns = Columns(report.sources)
    driver = {
        "name": "tuxdb",
        "version": __version__,
        "rules": [_rule(RULES[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [
            _result(one, codes.index(one.rule), columns) for one in report.findings
        ],
    }
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": f"{rule.title}."},
        "help": {"text": rule.text},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "helpUri": next(uri for code, uri in HELP if rule.code.startswith(code)),
    }


def _result(one: Finding, index: int, columns: Columns) -> dict[str, Any]:
    named = f"{one.path}\0{one.rule}\0{one.fingerprint}\0{one.ordinal}"
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": LEVELS[one.severity],
        "message": {"text": one.message},
        "locations": [{"physicalLocation": _location(one, columns)}],
        "partialFingerprints": {
            "sqlFingerprint/v1": one.fingerprint,
            "primaryLocationLineHash": hashlib.sha256(
                named.encode("utf-8", "surrogatepass")
            ).hexdigest()[:32],
        },
        "baselineState": "unchanged" if one.known else "new",
    }
    if one.replacement or one.proof:
        properties = {"proof": one.proof, "replacement": one.replacement}
        result["properties"] = properties
    if one.fix and one.fix.state == "applicable" and one.fix.regions:
        result["fixes"] = [_fix(one, one.fix)]
    return result


def _fix(one: Finding, fix: FixOffer) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": {
                "startLine": part.line,
                "startColumn": part.column + 1,
                "endLine": part.end_line,
                "endColumn": part.end_column + 1,
            },
            "insertedContent": {"text": part.text},
        }
        for part in fix.regions
    ]
    change = {"artifactLocation": _artifact(one.path), "replacements": replacements}
    what = "Bind the values" if fix.kind == "bind" else "Write it in SQLAlchemy"
    return {"description": {"text": f"{what}."}, "artifactChanges": [change]}


def _location(one: Finding, columns: Columns) -> dict[str, Any]:
    span = one.span
    region = {
        "startLine": max(1, span.line),
        "startColumn": columns.of(one.path, span.line, span.column) + 1,
        "endLine": max(1, span.end_line),
        "endColumn": columns.of(one.path, span.end_line, span.end_column) + 1,
    }
    return {"artifactLocation": _artifact(one.path), "region": region}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path.encode("utf-8", "surrogateescape"))}
