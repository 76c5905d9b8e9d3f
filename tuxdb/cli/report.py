"""What happens when tuxdb itself is at fault: one line, and a report without secrets.

`report` is the process's `sys.excepthook`, so it sees what nothing else caught.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from tuxdb import __version__
from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import Invocation
from tuxdb.cli.stderr import write_stderr
from tuxdb.errors import ConfigurationError, TuxdbError
from tuxdb.settings import environment, variables
from tuxdb.urls import MASK, DatabaseUrl, mask


def report(
    call: Invocation,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Say that this is a bug, and where its report is."""
    text = _masked(call, "".join(traceback.format_exception(kind, error, trace)))
    if call.debug:
        _show(text)
    path = _write(call, text)
    where = f"; report: {path}" if path else ""
    # the exception's own text may hold data, so only its kind is shown
    failure = UnexpectedFailure(f"unexpected {kind.__name__}{where}")
    call.show_error(failure)


def show_traceback(call: Invocation, error: BaseException) -> None:
    """Write the traceback of a foreseen error, for --debug."""
    _show(_masked(call, "".join(traceback.format_exception(error))))


class UnexpectedFailure(TuxdbError):
    """A bug of tuxdb."""


def _show(text: str) -> None:
    lines = (escape(line) for line in text.rstrip("\n").split("\n"))
    write_stderr("\n".join(lines), raw=True)


def _masked(call: Invocation, text: str) -> str:
    for secret in _secrets(call.arguments):
        text = text.replace(secret, MASK)
    return mask(text)


def _write(call: Invocation, text: str) -> Path | None:
    now = datetime.now(UTC)
    name = f"report-{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    command = _masked(call, repr(call.arguments))
    lines = [
        f"tuxdb {__version__}, Python {sys.version.split()[0]}, {sys.platform}",
        f"at {now.isoformat()}",
        f"arguments: {command}",
        "",
        text,
    ]
    folder = report_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            file.write("\n".join(lines))
    except OSError:
        return None
    return path


def report_folder() -> Path:
    """`$XDG_STATE_HOME/tuxdb`, or below `~/.local/state`."""
    base = environment().get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "tuxdb"


def _secrets(arguments: Sequence[str]) -> set[str]:
    """The passwords of every URL that a call could have read, as they are written."""
    environ = environment()
    texts = [*arguments, *(environ.get(name, "") for name in variables("url"))]
    found: set[str] = set()
    for text in texts:
        login, at, _ = text.partition("://")[2].rpartition("@")
        if at:
            found.add(login.partition(":")[2])
        try:
            url = text.removeprefix("--url=")
            found.add(DatabaseUrl.parse(url).password or "")
        except ConfigurationError:
            continue
    return found - {""}
