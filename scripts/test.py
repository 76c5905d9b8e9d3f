"""Check everything: `python3 scripts/test.py [arguments of pytest]`.

Makes the environment, runs `scripts/check`, then the tests on the embedded
PostgreSQL; without arguments also, where the system has a PostgreSQL 15 to 18, those
that have to do with a server on that. Every server is started and stopped here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import environment

SYSTEM = Path("/usr/lib/postgresql")
MAJORS = ("15", "16", "17", "18")
BINDIR = "TUXDB_PG_BINDIR"
ALL = ("--numprocesses", "auto", "--maxprocesses", "4")
"""Of pytest, to run everything: as many at once as there are processors."""
ONCE = (
    "tests/bot",  # its statements are the controllers'
    "tests/cli/test_injection.py",
    "tests/scripts",
    "tests/test_architecture.py",
    "tests/test_packaging.py",
)
"""Tests that are not run again on each server: its version makes no difference."""


def main(arguments: list[str]) -> int:
    """Run every step, whatever became of the others; 1 if one failed."""
    programs = environment.prepare("dev")
    pytest = [str(programs / "python"), "-m", "pytest", *(arguments or ALL)]
    results = {
        "format, lint, types, layers": passes(["sh", "scripts/check"]),
        "tests on the embedded PostgreSQL": passes(pytest),
    }
    for folder in [] if arguments else system_servers():
        name = f"tests on the system's PostgreSQL {folder.parent.name}"
        ignored = [f"--ignore={path}" for path in ONCE]
        results[name] = passes([*pytest, *ignored], folder)
    print()
    for name, passed in results.items():
        print(f"test: {name}: {'passed' if passed else 'FAILED'}")
    return 0 if all(results.values()) else 1


def system_servers() -> list[Path]:
    """Find the program folders of servers that the system has installed."""
    folders = (SYSTEM / major / "bin" for major in MAJORS)
    return [folder for folder in folders if (folder / "initdb").exists()]


def passes(command: list[str], bindir: Path | None = None) -> bool:
    """Run a step with its output shown; a bindir chooses the server."""
    environ = {n: v for n, v in os.environ.items() if n != BINDIR}
    if bindir:
        environ[BINDIR] = str(bindir)
    print(f"\ntest: {BINDIR}={bindir} " if bindir else "\ntest: ", end="")
    print(" ".join([Path(command[0]).name, *command[1:]]), flush=True)
    started = time.monotonic()
    step = subprocess.Popen(
        command, cwd=environment.ROOT, env=environ, stdin=subprocess.DEVNULL
    )
    try:
        step.wait()
    except KeyboardInterrupt:
        step.wait()  # it was interrupted too, and stops its servers first
        raise
    print(f"test: {time.monotonic() - started:.0f} s", flush=True)
    return step.returncode == 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
