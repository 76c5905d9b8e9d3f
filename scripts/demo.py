"""See what tuxdb does, on a PostgreSQL of your own: `python3 scripts/demo.py`.

Makes the environment, then runs commands as you would type them, on the embedded
server and nowhere else. Safe to run again: it says what is there already.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import environment

TRANSFER = (
    "points transfer --guild 1 --from 103 --to 102 --amount 50 --reason 'a thank you' "
    "--idempotency-key demo-1"
)
KEPT = ("TUXDB_HOME", "TUXDB_PG_BINDIR")
COMMANDS = (
    ("Start the embedded PostgreSQL: no port, no password, nobody else's.", "db start"),
    ("Bring its schema to the newest revision.", "migrate"),
    (
        "Fill it: a small guild by name, and a few that are made up.",
        "seed demo --only-changed",
    ),
    ("", "seed fake --guilds 3 --users 300 --transfers 500 --random-seed 7"),
    ("Look at a guild.", "users list --guild 1"),
    ("Move points. The key makes it safe to repeat: it happens once.", TRANSFER),
    ("Prove that no point was lost or made on the way.", "points verify"),
    ("Ask PostgreSQL how it is doing.", "inspect"),
)
NEXT = """\
Try next (after: . .venv/bin/activate)
  tuxdb --help
  tuxdb points leaderboard --guild 1
  tuxdb points history --guild 1 --format json
  tuxdb users list --guild 1 --sort points:desc --limit 2
  tuxdb inspect tables
  tuxdb doctor
  tuxdb db psql
  tuxdb run-bot --playground
The server stops by itself when nobody uses it; `tuxdb db stop` stops it now."""


def main() -> int:
    """Run the commands in turn; stop at the first that fails, with its status."""
    tuxdb = environment.prepare("run") / "tuxdb"
    environ = own_environment()
    refuse_other_databases(tuxdb, environ)
    for text, command in COMMANDS:
        print(f"\n# {text}" if text else "")
        print(f"$ tuxdb {command}", flush=True)
        status = run([str(tuxdb), *shlex.split(command)], environ)
        if status:
            print(f"demo: this ended with {status}", file=sys.stderr)
            return status
    print(f"\n{NEXT}")
    return 0


def own_environment() -> dict[str, str]:
    """Keep variables that name another database, or a server, away from the demo."""
    names = [n for n in os.environ if not n.startswith(("TUXDB_", "PG"))]
    kept = [*KEPT, *(n for n in names if n != "DATABASE_URL")]
    return {name: os.environ[name] for name in kept if name in os.environ}


def refuse_other_databases(tuxdb: Path, environ: dict[str, str]) -> None:
    """End if a configuration file names a database: the demo writes into what it is."""
    command = [str(tuxdb), "config", "show", "url", "--json"]
    done = subprocess.run(
        command, check=False, cwd=environment.ROOT, env=environ, stdout=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(done.returncode)
    url = json.loads(done.stdout)["data"]
    if url["value"]:
        sys.exit(
            f"error: {url['source']} names a database, "
            "and this demo is for the embedded server only"
        )


def run(command: list[str], environ: dict[str, str]) -> int:
    """Run one command as at a terminal, whatever our own output is."""
    if sys.stdout.isatty():
        return subprocess.run(
            command, check=False, cwd=environment.ROOT, env=environ
        ).returncode
    ours, theirs = os.openpty()
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.OPOST  # line ends as they are
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    process = subprocess.Popen(
        command,
        cwd=environment.ROOT,
        env={"COLUMNS": "100", "NO_COLOR": "1", **environ},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    for chunk in chunks(ours):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
    os.close(ours)
    return process.wait()


def chunks(terminal: int) -> Iterator[bytes]:
    """Yield what is shown on a terminal until its last user has ended."""
    with contextlib.suppress(OSError):  # EIO is how Linux says so
        while chunk := os.read(terminal, 65536):
            yield chunk


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
