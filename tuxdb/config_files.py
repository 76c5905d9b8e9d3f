"""Configuration files, found and read with each key's line, and the values in them.

TOML files, `.env` files, and files that hold one secret. What is wrong with them is a
ConfigurationError that names file and line, and never a value.
"""

import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tuxdb.errors import ConfigurationError
from tuxdb.urls import mask

PROJECT_FILES = ("tuxdb.toml", "pyproject.toml")
PROFILES = "profiles"
LONGEST_SECRET = 65536
DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
MANY_SECONDS = 7 * 24 * 3600.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SUPERVISED = (Path("/run/secrets"), Path("/run/credentials"))
HIGHEST_ID = 2**63 - 1
HIGHEST_PORT = 65535
LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class Section:
    """One table of a TOML file, and the tables within it."""

    path: Path
    name: str
    values: Mapping[str, Any]
    tables: Mapping[str, Any]

    def table(self, name: str) -> "Section | None":
        """A table within this one."""
        found = self.tables.get(name)
        if not isinstance(found, dict):
            return None
        return _section(self.path, f"{self.name}.{name}".lstrip("."), found)

    def line(self, key: str) -> int | None:
        """The line on which a key, or a table of that name, is."""
        return next(self._lines(key), None)

    def _lines(self, key: str) -> Iterator[int]:
        words = re.escape(key)
        assigned = re.compile(rf"\s*[\"']?{words}[\"']?\s*[.=]")
        inner = re.compile(rf"{re.escape(f'{self.name}.{key}'.lstrip('.'))}(\.|$)")
        here = ""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            header = re.match(r"\s*\[+([^\]]+)\]", line)
            if header:
                here = header[1].replace('"', "").replace(" ", "")
                if inner.match(here):
                    yield number
            elif here == self.name and assigned.match(line):
                yield number


def read_config(path: Path) -> Section:
    """The keys that a file has for tuxdb: all of it, or a part of a pyproject."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        found = LINE.search(str(error))
        place = f"{path}:{found[1]}" if found else str(path)
        problem = mask(LINE.sub("", str(error)))
        raise ConfigurationError(f"{place}: {problem}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    whole = _section(path, "", table)
    if path.name != "pyproject.toml":
        return whole
    tools = whole.table("tool")
    ours = tools.table("tuxdb") if tools else None
    return ours or _section(path, "tool.tuxdb", {})


def find_project_file(start: Path) -> Path | None:
    """The nearest `tuxdb.toml`, or `pyproject.toml` with a `[tool.tuxdb]`."""
    for folder in (start, *start.parents):
        for name in PROJECT_FILES:
            path = folder / name
            if path.is_file() and (name == "tuxdb.toml" or _is_ours(path)):
                return path
    return None


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env` file that are not empty."""
    from dotenv import dotenv_values  # noqa: PLC0415 - only where such a file exists

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    return {name: value for name, value in values.items() if value}


def read_secret_file(path: Path) -> str:
    """The first line of a file that only its owner can read.

    Or of one that Docker or systemd has put there, who look after its readers.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o077 and not _handed_over(path):
                raise ConfigurationError(
                    f"{path} can be read by others", hint=f"chmod 600 {path}"
                )
            return file.readline(LONGEST_SECRET).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error


def seconds(text: object) -> float:
    """`250ms`, `2s`, `1m`, `0`; a bare number is seconds."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|)", str(text))
    value = float(found[1]) * DURATION_UNITS[found[2]] if found else -1.0
    if not 0 <= value <= MANY_SECONDS:
        raise ValueError("is not a duration such as 250ms, 2s or 1m")
    return value


def whole_number(text: object) -> int:
    """Up to six ASCII digits."""
    if not re.fullmatch(r"[0-9]{1,6}", str(text)):
        raise ValueError("is not a whole number")
    return int(str(text))


def switch(text: object) -> bool:
    """`true`, `on`, `yes`, `1`, and their opposites."""
    words = {"true": True, "on": True, "1": True, "yes": True}
    words |= {"false": False, "off": False, "0": False, "no": False}
    if str(text).lower() not in words:
        raise ValueError("is not true or false")
    return words[str(text).lower()]


def word(text: object) -> str:
    """A text that is not empty."""
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError("is not a non-empty text")
    return text


def folder(text: object) -> Path:
    """A path; `~` is the home folder."""
    return Path(word(text)).expanduser()


def choice(*allowed: str) -> Callable[[object], str]:
    """A parser of one of these words."""

    def parse(text: object) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return str(text)

    return parse


def listed(text: object) -> tuple[str, ...]:
    """Words: a list of a file, or a text with commas between them."""
    items = text.split(",") if isinstance(text, str) else text
    if not isinstance(items, list):
        raise ValueError("is not a list of words")
    words = (str(item).strip() for item in items)
    return tuple(dict.fromkeys(word for word in words if word))


def discord_ids(text: object) -> tuple[int, ...]:
    """IDs of Discord: a list, or a text with commas between them."""
    found = []
    for item in (str(text),) if isinstance(text, int) else listed(text):
        value = int(item) if re.fullmatch("[0-9]{1,19}", item) else 0
        if not 1 <= value <= HIGHEST_ID:
            raise ValueError("is not a list of Discord IDs")
        found.append(value)
    return tuple(found)


def secret(text: object) -> str:
    """A text without spaces and control characters."""
    value = word(text).strip()
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError("holds a character that no token has")
    return value


def web_address(text: object) -> str:
    """An https URL; or http, if it leads no further than this machine."""
    value = word(text).rstrip("/")
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (local or parts.scheme == "https"):
        raise ValueError("is not an https:// address (http:// on loopback only)")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("is an address with more than host and path")
    return value


def endpoint(text: object) -> tuple[str, int]:
    """`127.0.0.1:8080`, `[::1]:8080`, or `:8080` for every address."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([^\s:/]*)):([0-9]{1,5})", str(text))
    if not found or int(found[3]) > HIGHEST_PORT:
        raise ValueError("is not HOST:PORT")
    return found[1] or found[2] or "0.0.0.0", int(found[3])  # noqa: S104 - if asked


def _handed_over(path: Path) -> bool:
    return any(path.absolute().is_relative_to(folder) for folder in SUPERVISED)


def _section(path: Path, name: str, table: Mapping[str, Any]) -> Section:
    values = {key: v for key, v in table.items() if not isinstance(v, dict)}
    tables = {key: v for key, v in table.items() if isinstance(v, dict)}
    return Section(path, name, values, tables)


def _is_ours(path: Path) -> bool:
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False  # somebody else's broken file is not ours to report
    return isinstance(tools, dict) and "tuxdb" in tools
