"""stderr: everything that is not data, safe to show, and questions."""

import sys
from typing import TextIO

from tuxdb.cli.escape import escape
from tuxdb.cli.signals import interruptible
from tuxdb.urls import mask

RED, YELLOW, RESET = "\x1b[1;31m", "\x1b[33m", "\x1b[0m"


def write_stderr(
    text: str, *, label: str = "", color: str = "", raw: bool = False
) -> None:
    """Write a line to stderr, safe to show; nobody may be listening."""
    shown = text if raw else escape(mask(text))
    front = f"{color}{label}:{RESET if color else ''} " if label else ""
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"{front}{shown}\n")
            sys.stderr.flush()
        except OSError:  # closed, or its reader went away
            return


def ask(question: str) -> str:
    """Ask on stderr; stdout is for data. Ctrl-C works at once."""
    with interruptible():
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads, or types into, a stream."""
    return stream is not None and not stream.closed and stream.isatty()
