"""A report of `tuxdb audit` on its way out: to the screen, to a pipe, to a file."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tuxdb.cli.escape import escape, escape_json
from tuxdb.cli.invocation import Invocation
from tuxdb.cli.render import flush, write
from tuxdb.errors import ConfigurationError

if TYPE_CHECKING:
    from tuxdb.audit.run import Report

DOCUMENTS = ("json", "ndjson", "jsonl", "sarif")


def text_of(call: Invocation, report: "Report", name: str, *, show_all: bool) -> str:
    """Write a report in one of the formats."""
    from tuxdb.audit.formats import FORMATS
    from tuxdb.audit.formats.screen import NARROWEST, Screen, table

    if name != "table":
        return FORMATS[name](report)
    size = shutil.get_terminal_size((100, 40))
    screen = Screen(
        width=max(NARROWEST, size.columns),
        shown=max(4, (size.lines - 18) // 2),
        colored=call.colored,
        everything=show_all,
    )
    return table(report, screen)


def put(call: Invocation, text: str, name: str, output: Path | None) -> None:
    """Write a text where it was asked for, with nothing invisible in it."""
    if name != "table":  # which is safe, and may hold colours
        way = escape_json if name in DOCUMENTS else escape
        text = "\n".join(way(line) for line in text.split("\n"))
    if output is None:
        write(text)
        flush()
        return
    save(output, text)
    call.say(f"written: {output}")


def save(path: Path, text: str) -> None:
    """Write a file; raises ConfigurationError."""
    try:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path} ({error.strerror})") from error


def write_baseline(call: Invocation, path: Path, report: "Report") -> None:
    """Write what is known from now on."""
    from tuxdb.audit.findings import baseline_text

    save(path, baseline_text(report.findings))
    count = len(report.findings)
    call.say(f"baseline: {count} finding{'s'[: count != 1]} in {path}")
