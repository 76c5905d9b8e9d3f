"""Settings: read once, frozen, each value with its origin.

The only reader of the environment and of configuration files. Precedence: flag,
profile chosen by flag, environment, `.env`, project file, user file, default.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tuxdb.errors import ConfigurationError
from tuxdb.urls import DatabaseUrl, mask

PROJECT_FILES = ("tuxdb.toml", "pyproject.toml")
DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
MANY_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Origin:
    """Where a value came from: `environment TUXDB_HOME`, `tuxdb.toml`, `default`."""

    text: str
    path: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.text}:{self.line}" if self.line else self.text


def seconds(text: object) -> float:
    """`250ms`, `2s`, `1m`, `0`; a bare number is seconds."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|)", str(text))
    value = float(found[1]) * DURATION_UNITS[found[2]] if found else -1.0
    if not 0 <= value <= MANY_SECONDS:
        raise ValueError("is not a duration such as 250ms, 2s or 1m")
    return value


def _whole(text: object) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", str(text)):
        raise ValueError("is not a whole number")
    return int(str(text))


def _switch(text: object) -> bool:
    words = {"true": True, "on": True, "1": True, "yes": True}
    words |= {"false": False, "off": False, "0": False, "no": False}
    if str(text).lower() not in words:
        raise ValueError("is not true or false")
    return words[str(text).lower()]


def _word(text: object) -> str:
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError("is not a non-empty text")
    return text


def _folder(text: object) -> Path:
    return Path(_word(text)).expanduser()


def _choice(*allowed: str) -> Callable[[object], str]:
    def parse(text: object) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return str(text)

    return parse


def _key(
    parse: Callable[[object], object],
    text: str,
    default: object = None,
    env: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 - dataclasses.field() has the type of its field
    """Declare a setting: how it is read, what it is for, its own variables."""
    metadata = {"parse": parse, "help": text, "env": env}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured; durations are in seconds."""

    url: DatabaseUrl | None = _key(
        lambda text: DatabaseUrl.parse(_word(text)),
        "address of the database; the embedded server when unset",
        env=("TUXDB_DATABASE_URL", "TUXDB_URL", "DATABASE_URL"),
    )
    environment: str = _key(
        _word, "what this installation is: development, production, …", "development"
    )
    home: Path | None = _key(_folder, "data folder of the embedded server")
    pg_bindir: Path | None = _key(_folder, "folder with PostgreSQL's programs")
    server_idle: float = _key(
        seconds, "the embedded server stops after this long without clients", 300.0
    )
    pooler: str = _key(
        _choice("none", "transaction"),
        "the kind of pooler between tuxdb and the server",
        "none",
    )
    pool_size: int = _key(_whole, "connections kept open", 10)
    pool_timeout: float = _key(seconds, "longest wait for a free connection", 30.0)
    connect_timeout: float = _key(seconds, "longest wait for a connection", 10.0)
    statement_timeout: float = _key(seconds, "longest run of a statement", 30.0)
    lock_timeout: float = _key(seconds, "longest wait for a lock", 10.0)
    cache_ttl: float = _key(seconds, "age at which a cached entry is read again", 300.0)
    cache_listen: bool = _key(
        _switch, "hear of changes by other processes (LISTEN)", True
    )
    actor: str | None = _key(_word, "who is named in the ledger and in change sets")
    models: str | None = _key(
        _word, "metadata of another bot: `package.models:Base.metadata`"
    )
    migrations: Path | None = _key(_folder, "Alembic folder of another bot")
    seeds: Path | None = _key(_folder, "folder with seed sets", Path("seeds"))
    profile: str | None = _key(_word, "the profile of the configuration file in use")
    root: Path = field(default_factory=Path.cwd)
    origins: Mapping[str, Origin] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    @classmethod
    def load(
        cls,
        flags: Mapping[str, object] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        config: Path | None = None,
    ) -> "Settings":
        """Gather every value from where it stands first in the precedence.

        Raises ConfigurationError naming file and line, or variable, of a bad value,
        and when a production environment has no address.
        """
        env = os.environ if environ is None else environ
        where = cwd or Path.cwd()
        given = {name: v for name, v in (flags or {}).items() if v is not None}
        project = config or _find_project_file(where)
        layers = _layers(given, env, project, where)
        values, origins = _resolve(layers)
        root = project.parent if project else where
        settings = cls(**values, root=root, origins=MappingProxyType(origins))
        settings._refuse_silent_fallback()
        return settings

    def origin(self, key: str) -> Origin:
        """Where the value of a key came from."""
        return self.origins.get(key, Origin("default"))

    def shown(self, key: str) -> str | None:
        """The value as text that may be printed."""
        value = getattr(self, key)
        if isinstance(value, DatabaseUrl):
            return value.masked()
        if isinstance(value, float):
            return f"{value:g}s"
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None else mask(str(value))

    def _refuse_silent_fallback(self) -> None:
        if self.environment == "production" and self.url is None:
            raise ConfigurationError(
                "environment is production and no database URL is given; "
                "refusing to use an embedded database",
                hint="set TUXDB_DATABASE_URL, or --url-file FILE",
            )


KEYS = {item.name: item for item in fields(Settings) if "parse" in item.metadata}


@dataclass(frozen=True)
class _Layer:
    values: Mapping[str, object]
    origin: Callable[[str], Origin]


def environment() -> Mapping[str, str]:
    """The variables of the process, for those who need one that is no setting."""
    return os.environ


def read_secret_file(path: Path) -> str:
    """The first line of a file that only its owner can read."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            raise ConfigurationError(
                f"{path} can be read by others", hint=f"chmod 600 {path}"
            )
        with path.open(encoding="utf-8") as file:
            return file.readline(65536).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error


def user_config_file(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/tuxdb/config.toml`, or below `~/.config`."""
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "tuxdb" / "config.toml"


def _layers(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    project: Path | None,
    where: Path,
) -> list[_Layer]:
    files = [p for p in (project, user_config_file(environ)) if p and p.is_file()]
    dotenv = (project.parent if project else where) / ".env"
    variables = [
        _Layer(
            _from_environment(environ), lambda name: Origin(_variable(name, environ))
        )
    ]
    if dotenv.is_file():
        found = _read_dotenv(dotenv)
        variables.append(
            _Layer(_from_environment(found), lambda _: Origin(".env", dotenv))
        )
    chosen = flags.get("profile")
    profile = chosen or next(
        (v.values["profile"] for v in variables if "profile" in v.values), None
    )
    tables = [(path, _read_toml(path)) for path in files]
    profiles = _profile_layers(tables, profile) if profile else []
    plain = [_file_layer(path, table) for path, table in tables]
    first = [_Layer(flags, lambda name: Origin(f"flag --{name.replace('_', '-')}"))]
    if chosen:
        return [*first, *profiles, *variables, *plain]
    return [*first, *variables, *profiles, *plain]


def _resolve(layers: list[_Layer]) -> tuple[dict[str, Any], dict[str, Origin]]:
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        for name, raw in layer.values.items():
            if name in values:
                continue
            origins[name] = layer.origin(name)
            values[name] = _parse(name, raw, origins[name])
    return values, origins


def _parse(name: str, raw: object, origin: Origin) -> object:
    try:
        return KEYS[name].metadata["parse"](raw)
    except ConfigurationError as error:
        raise ConfigurationError(f"{origin}: {error}", hint=error.hint) from error
    except ValueError as error:
        raise ConfigurationError(f"{origin}: {name} {error}") from error


def _variables(name: str) -> tuple[str, ...]:
    return (*KEYS[name].metadata["env"], f"TUXDB_{name.upper()}")


def _variable(name: str, environ: Mapping[str, str]) -> str:
    found = next(v for v in _variables(name) if environ.get(v))
    return f"environment {found}"


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in KEYS:
        values = (environ.get(variable) for variable in _variables(name))
        value = next((v for v in values if v), None)
        if value is not None:
            found[name] = value
    return found


def _read_dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # noqa: PLC0415 - only where such a file exists

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    return {name: value for name, value in values.items() if value}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {mask(str(error))}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("tuxdb", {})
    return table


def _find_project_file(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        for name in PROJECT_FILES:
            path = folder / name
            if path.is_file() and (name == "tuxdb.toml" or "tuxdb" in _tools(path)):
                return path
    return None


def _tools(path: Path) -> Mapping[str, object]:
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}  # somebody else's broken file is not ours to report
    return tools if isinstance(tools, dict) else {}


def _profile_layers(
    tables: list[tuple[Path, dict[str, Any]]], profile: object
) -> list[_Layer]:
    known: set[str] = set()
    found: list[_Layer] = []
    for path, table in tables:
        profiles = table.get("profiles", {})
        known |= set(profiles)
        if profile in profiles:
            found.append(_file_layer(path, profiles[profile], f"[profiles.{profile}]"))
    if not found:
        names = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(
            f"no profile {profile!r} in the configuration files (known: {names})"
        )
    return found


def _file_layer(path: Path, table: dict[str, Any], section: str = "") -> _Layer:
    values = {name: v for name, v in table.items() if not isinstance(v, dict)}
    for name in values:
        if name not in KEYS:
            line = _line(path, name)
            near = difflib.get_close_matches(name, KEYS, 1)
            hint = f"did you mean {near[0]!r}?" if near else None
            raise ConfigurationError(
                f"{Origin(str(path), path, line)}: unknown key {name!r}", hint=hint
            )
    shown = f"{path} {section}".strip()
    return _Layer(values, lambda name: Origin(shown, path, _line(path, name)))


def _line(path: Path, name: str) -> int | None:
    pattern = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    return next(_matching_lines(path, pattern), None)


def _matching_lines(path: Path, pattern: re.Pattern[str]) -> Iterator[int]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return (number for number, line in enumerate(lines, 1) if pattern.match(line))


def state_folder() -> Path:
    """Where reports are kept: `$XDG_STATE_HOME/tuxdb`, or below `~/.local/state`."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "tuxdb"


def secrets_in(arguments: Sequence[str]) -> set[str]:
    """The passwords of every URL that a call could have read, as they are written."""
    texts = [*arguments, *(os.environ.get(name, "") for name in _variables("url"))]
    found: set[str] = set()
    for text in texts:
        login, at, _ = text.partition("://")[2].rpartition("@")
        if at:
            found.add(login.partition(":")[2])
        try:
            password = DatabaseUrl.parse(text.partition("=")[2] or text).password
        except ConfigurationError:
            continue
        if password:
            found.add(password)
    return {secret for secret in found if secret}
