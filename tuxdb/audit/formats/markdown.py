"""Markdown: for a pull request or a wiki."""

import re

from tuxdb.audit.findings import Finding
from tuxdb.audit.rules import RULES
from tuxdb.audit.run import Report

MOST = 200
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def markdown(report: Report) -> str:
    """Return a summary and a table of findings."""
    new = report.new
    lines = ["# SQL audit", "", _summary(report), ""]
    if new:
        lines += ["| | rule | place | finding |", "|---|---|---|---|"]
        lines += [_row(one) for one in new[:MOST]]
    if len(new) > MOST:
        lines += ["", f"… and {len(new) - MOST} more."]
    counted = [
        f"- {code} {_plain(RULES[code].title)}: {count}"
        for code, count in report.by_rule().items()
    ]
    return "\n".join([*lines, "", *counted]).rstrip() + "\n"


def _summary(report: Report) -> str:
    classes = report.by_class()
    return (
        f"{len(report.queries)} SQL calls in {len(report.files)} files: "
        f"{classes.get('unsafe', 0)} unsafe, "
        f"{classes.get('dynamic-identifier', 0)} with names put in, "
        f"{classes.get('safe', 0)} safe."
    )


def _row(one: Finding) -> str:
    place = _plain(f"{one.path}:{one.span.line}")
    return f"| {one.severity.word} | {one.rule} | {place} | {_plain(one.message)} |"


def _plain(text: str) -> str:
    """Text in which Markdown sees nothing of its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
