"""SARIF 2.1.0; a result is known again by its statement, not by its line."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from tuxdb import __version__
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules import RULES, Rule
from tuxdb.audit.run import Report

VERSION = "2.1.0"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def sarif(report: Report) -> str:
    """Return the report as a SARIF log of one run."""
    codes = sorted({one.rule for one in report.findings})
    driver = {
        "name": "tuxdb",
        "version": __version__,
        "rules": [_rule(RULES[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(one, codes.index(one.rule)) for one in report.findings],
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
    }


def _result(one: Finding, index: int) -> dict[str, Any]:
    named = f"{one.path}\0{one.rule}\0{one.fingerprint}\0{one.ordinal}"
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": LEVELS[one.severity],
        "message": {"text": one.message},
        "locations": [{"physicalLocation": _location(one)}],
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
    return result


def _location(one: Finding) -> dict[str, Any]:
    region = {
        "startLine": max(1, one.span.line),
        "startColumn": one.span.column + 1,
        "endLine": max(1, one.span.end_line),
        "endColumn": one.span.end_column + 1,
    }
    uri = quote(one.path.encode("utf-8", "surrogateescape"))
    return {"artifactLocation": {"uri": uri}, "region": region}
