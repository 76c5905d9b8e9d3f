"""Facts kept between runs, by the content of their files.

One file per tree in the user's cache folder, which only its owner may enter. What is
kept and cannot be read is thrown away: it is only time that is lost.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tuxdb import __version__
from tuxdb.audit.facts import Facts, digest, dumps
from tuxdb.settings import environment

FORMAT = "1"
LARGEST = 256 << 20


def folder() -> Path:
    """The folder of the cache: `$XDG_CACHE_HOME/tuxdb/audit`, or below `~/.cache`."""
    base = environment().get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "tuxdb" / "audit"


@cache
def _code() -> str:
    """Name the code that reads the files: another one may find other things."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return " ".join(f"{file.name}:{file.stat().st_mtime_ns}" for file in files)


class Cache:
    """What earlier runs found in one tree."""

    def __init__(self, name: str, *, enabled: bool = True) -> None:
        key = digest(name.encode("utf-8", "surrogateescape"))[:24]
        self.path = folder() / f"{key}.json"
        self.enabled = enabled
        self._new: dict[str, Facts] = {}
        self._raw: Mapping[str, object] = {}
        if enabled:
            self._raw = kept(self.path)

    @staticmethod
    def key(path: str, data: bytes, around: str) -> str:
        """Name the facts of a file: its path and content, and what it is read with."""
        return digest(data, path, around, __version__, FORMAT, _code())

    def get(self, key: str) -> Facts | None:
        """Return what is known of a content."""
        raw = self._raw.get(key)
        if not isinstance(raw, dict):
            return None
        try:
            found = Facts.from_json(raw)
        except (TypeError, KeyError, ValueError, AttributeError):
            return None
        self._new[key] = found
        return found

    def put(self, key: str, facts: Facts) -> None:
        """Remember what was found."""
        self._new[key] = facts

    def save(self) -> None:
        """Write what this run used; a folder that takes no files is no failure."""
        if self.enabled and self._new.keys() != self._raw.keys():
            keep(self.path, dumps(self._new))


def keep(path: Path, text: str) -> None:
    """Write a file of the cache, at once and for its owner; failing is no failure."""
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


def kept(path: Path) -> dict[str, Any]:
    """Read a file of the cache; what cannot be read is nothing."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}
