"""What is asked of an audit: by flags, and by `[tool.tuxdb.audit]` of the project.

[tool.tuxdb.audit]
exclude = ["legacy/*"]
ignore = ["TUX404"]
fail-on = "warning"
noqa = true                       # honour `# noqa: S608` and `# nosec B608`
session = "self.bot.get_db_session()"     # what `async with … as session` takes
session-imports = ["from db import open_session"]   # what that expression needs
repositories = "utils/repositories"       # where --as repository puts new ones

[tool.tuxdb.audit.sinks]
tabulate_query = 1                # the SQL is the argument with this index
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tuxdb.audit.findings import Severity
from tuxdb.audit.rules import RULES, find
from tuxdb.audit.sinks import Sink
from tuxdb.errors import ConfigurationError

KEYS = (
    "select",
    "ignore",
    "exclude",
    "severity",
    "fail-on",
    "sinks",
    "noqa",
    "session",
    "session-imports",
    "repositories",
)


@dataclass(frozen=True)
class Options:
    """How to audit; `select` and `ignore` are codes or beginnings of codes."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    severity: Severity = Severity.INFO
    fail_on: Severity | None = Severity.ERROR
    sinks: tuple[Sink, ...] = ()
    jobs: int = 0
    cache: bool = True
    noqa: bool = False
    baseline: frozenset[tuple[str, str, str, int]] | None = None
    top: Path = field(default_factory=Path.cwd)

    def wants(self, code: str) -> bool:
        """Whether a rule is to be reported."""
        selected = not self.select or code.startswith(self.select)
        return selected and not (self.ignore and code.startswith(self.ignore))


@dataclass(frozen=True)
class Project:
    """What the project's configuration says of the audit."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    severity: Severity | None = None
    fail_on: str | None = None
    sinks: tuple[Sink, ...] = ()
    noqa: bool = False
    session: str = ""
    session_imports: tuple[str, ...] = ()
    repositories: str = ""


def project(start: Path) -> Project:
    """Read the nearest `pyproject.toml` or `tuxdb.toml` above a path."""
    start = start if start.is_dir() else start.parent
    for folder in (start.absolute(), *start.absolute().parents):
        for name in ("tuxdb.toml", "pyproject.toml"):
            path = folder / name
            table = _table(path, nested=name == "pyproject.toml")
            if table is not None:
                return _project(path, table)
        if (folder / ".git").exists():
            break
    return Project()


def codes(words: Iterable[str]) -> tuple[str, ...]:
    """Read codes, names and beginnings of codes; raises ValueError."""
    found = []
    for word in (part.strip() for text in words for part in text.split(",")):
        rule = find(word)
        code = rule.code if rule else word.upper()
        if not word or not any(known.startswith(code) for known in RULES):
            raise ValueError(f"there is no rule {word!r}")
        found.append(code)
    return tuple(found)


def _table(path: Path, *, nested: bool) -> dict[str, Any] | None:
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # whose project this is, is not ours to judge
    for name in ("tool", "tuxdb", "audit") if nested else ("audit",):
        table = table.get(name) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None


def _project(path: Path, table: dict[str, Any]) -> Project:
    for key in table:
        if key.replace("_", "-") not in KEYS:
            raise ConfigurationError(f"{path}: unknown key {key!r} of the audit")
    values = {key.replace("_", "-"): value for key, value in table.items()}
    severity = values.get("severity")
    try:
        return Project(
            select=codes(_words(values.get("select", ()))),
            ignore=codes(_words(values.get("ignore", ()))),
            exclude=tuple(_words(values.get("exclude", ()))),
            severity=Severity.of(severity) if severity else None,
            fail_on=values.get("fail-on"),
            sinks=tuple(_sinks(values.get("sinks", {}))),
            noqa=bool(values.get("noqa", False)),
            session=str(values.get("session", "")),
            session_imports=tuple(_words(values.get("session-imports", ()))),
            repositories=str(values.get("repositories", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path}: audit: {error}") from error


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple) or not all(
        isinstance(one, str) for one in value
    ):
        raise ValueError("a list of texts is expected")
    return list(value)


def _sinks(table: dict[str, Any]) -> Iterable[Sink]:
    for name, index in table.items():
        if isinstance(index, bool) or not isinstance(index, int) or index < 0:
            raise ValueError(f"sinks.{name}: the index of an argument is expected")
        yield Sink(name.rpartition(".")[2], index, wrapper=True)
