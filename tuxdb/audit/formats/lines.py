"""One line for each finding: for editors and pipes, and as GitHub annotations."""

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules import RULES
from tuxdb.audit.run import Report

LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def concise(report: Report) -> str:
    """Return `file:line:col: code severity message`, the worst first."""
    return "".join(f"{line(one)}\n" for one in report.new)


def line(one: Finding) -> str:
    """Write one finding in one line."""
    column = one.span.column + 1
    place = f"{one.path}:{one.span.line}:{column}"
    return f"{place}: {one.rule} {one.severity.word} {one.message}"


def github(report: Report) -> str:
    """Return workflow commands; what is in them cannot end them."""
    found = []
    for one in report.new:
        title = _property(f"{one.rule} {RULES[one.rule].name}")
        where = f"file={_property(one.path)},line={one.span.line}"
        where += f",endLine={one.span.end_line},col={one.span.column + 1}"
        message = _data(f"{one.message}{f' ({one.hint})' if one.hint else ''}")
        found.append(f"::{LEVELS[one.severity]} {where},title={title}::{message}\n")
    return "".join(found)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
