"""Settings: read once, frozen, each value with its origin.

The only reader of the environment and of configuration files. Precedence: flag,
profile chosen by flag, environment, `.env`, project file, user file, default.
"""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tuxdb.config_files import (
    PROFILES,
    Section,
    choice,
    discord_ids,
    endpoint,
    find_project_file,
    folder,
    listed,
    read_config,
    read_dotenv,
    read_secret_file,
    seconds,
    secret,
    switch,
    web_address,
    whole_number,
    word,
)
from tuxdb.errors import ConfigurationError
from tuxdb.urls import MASK, DatabaseUrl, mask


@dataclass(frozen=True)
class Origin:
    """Where a value came from: `environment TUXDB_HOME`, `tuxdb.toml`, `default`."""

    text: str
    path: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.text}:{self.line}" if self.line else self.text


def _key(
    parse: Callable[[object], object],
    text: str,
    default: object = None,
    env: tuple[str, ...] = (),
    *,
    hidden: bool = False,
) -> Any:  # noqa: ANN401 - dataclasses.field() has the type of its field
    """Declare a setting: how it is read, what it is for, its own variables."""
    metadata = {"parse": parse, "help": text, "env": env, "hidden": hidden}
    return field(default=default, metadata=metadata, repr=not hidden)


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured; durations are in seconds."""

    url: DatabaseUrl | None = _key(
        lambda text: DatabaseUrl.parse(word(text)),
        "address of the database; the embedded server when unset",
        env=("TUXDB_DATABASE_URL", "TUXDB_URL", "DATABASE_URL"),
    )
    environment: str = _key(
        word, "what this installation is: development, production, …", "development"
    )
    home: Path | None = _key(folder, "data folder of the embedded server")
    pg_bindir: Path | None = _key(folder, "folder with PostgreSQL's programs")
    server_idle: float = _key(
        seconds, "the embedded server stops after this long without clients", 300.0
    )
    pooler: str = _key(
        choice("none", "transaction"),
        "the kind of pooler between tuxdb and the server",
        "none",
    )
    pool_size: int = _key(whole_number, "connections kept open", 10)
    pool_timeout: float = _key(seconds, "longest wait for a free connection", 30.0)
    connect_timeout: float = _key(seconds, "longest wait for a connection", 10.0)
    statement_timeout: float = _key(seconds, "longest run of a statement", 30.0)
    lock_timeout: float = _key(seconds, "longest wait for a lock", 10.0)
    cache_ttl: float = _key(seconds, "age at which a cached entry is read again", 300.0)
    cache_listen: bool = _key(
        switch, "hear of changes by other processes (LISTEN)", True
    )
    actor: str | None = _key(word, "who is named in the ledger and in change sets")
    models: str | None = _key(
        word, "metadata of another bot: `package.models:Base.metadata`"
    )
    migrations: Path | None = _key(folder, "Alembic folder of another bot")
    seeds: Path | None = _key(folder, "folder with seed sets", Path("seeds"))
    discord_token: str | None = _key(
        secret, "the bot's token", env=("DISCORD_TOKEN",), hidden=True
    )
    discord_token_file: Path | None = _key(
        folder, "file with the bot's token", env=("DISCORD_TOKEN_FILE",)
    )
    discord_api_base: str | None = _key(
        web_address, "Discord's API, or a proxy or double of it"
    )
    owner_ids: tuple[int, ...] = _key(
        discord_ids, "who owns the bot besides those whom Discord names", ()
    )
    bot_cogs: tuple[str, ...] | None = _key(listed, "parts of the bot; all if unset")
    bot_cooldowns: bool = _key(switch, "limit how often a command may be used", True)
    bot_message_count: bool = _key(switch, "count messages of members", True)
    bot_members_intent: bool = _key(
        switch, "hear of members who join or leave (a privileged intent)", False
    )
    bot_health: tuple[str, int] | None = _key(
        endpoint, "where to answer /livez, /readyz and /metrics, such as :8080"
    )
    bot_flush_seconds: float = _key(
        seconds, "how often message counts are written", 15.0
    )
    bot_spool: Path | None = _key(
        folder, "where message counts wait for a database that is away"
    )
    profile: str | None = _key(word, "the profile of the configuration file in use")
    root: Path = field(default_factory=Path.cwd)
    files: tuple[Path, ...] = ()
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

        The flag `url_file` names a file for `url`, `-` being stdin. Raises
        ConfigurationError naming file and line, or variable, of a bad value, and when
        a production environment has no address.
        """
        sources = _Sources.find(
            os.environ if environ is None else environ, cwd or Path.cwd(), config
        )
        given = {name: v for name, v in (flags or {}).items() if v is not None}
        values, origins = _resolve(sources.layers(given))
        settings = cls(
            **values,
            root=sources.root,
            files=sources.files,
            origins=MappingProxyType(origins),
        )
        settings._refuse_silent_fallback()
        return settings

    def origin(self, key: str) -> Origin:
        """Where the value of a key came from."""
        return self.origins.get(key, Origin("default"))

    def shown(self, key: str) -> str | None:
        """The value as text that may be printed."""
        value = getattr(self, key)
        if value is not None and KEYS[key].metadata["hidden"]:
            return MASK
        if isinstance(value, tuple):
            return _joined(value)
        if isinstance(value, DatabaseUrl):
            return value.masked()
        if isinstance(value, float):
            return f"{value:g}s"
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None else mask(str(value))

    def check(self) -> None:
        """Read the profiles that are not in use, too; ConfigurationError as `load`."""
        configs = [read_config(path) for path in self.files if path.suffix == ".toml"]
        for config in configs:
            profiles = config.table(PROFILES)
            for name in profiles.tables if profiles else ():
                section = profiles.table(name) if profiles else None
                _resolve([_file_layer(section)] if section else [])

    def _refuse_silent_fallback(self) -> None:
        if self.environment == "production" and self.url is None:
            raise ConfigurationError(
                "environment is production and no database URL is given; "
                "refusing to use an embedded database",
                hint="set TUXDB_DATABASE_URL, or --url-file FILE",
            )


TABLES = (PROFILES, "audit")
"""Tables of a configuration file; the audit reads its own."""

KEYS = {item.name: item for item in fields(Settings) if "parse" in item.metadata}


def _joined(values: tuple[object, ...]) -> str:
    """A list as it is typed: `1,2`, and `127.0.0.1:8080` for an address."""
    pair = len(values) == 2 and isinstance(values[0], str)  # noqa: PLR2004
    between = ":" if pair and isinstance(values[1], int) else ","
    return between.join(str(value) for value in values)


@dataclass(frozen=True)
class _Layer:
    values: Mapping[str, object]
    origin: Callable[[str], Origin]


@dataclass(frozen=True)
class _Sources:
    """Where settings may come from besides flags, the files in their precedence."""

    environ: Mapping[str, str]
    root: Path
    dotenv: Path
    configs: tuple[Section, ...]

    @classmethod
    def find(
        cls, environ: Mapping[str, str], where: Path, config: Path | None
    ) -> "_Sources":
        project = config or find_project_file(where)
        root = project.parent if project else where
        user = user_config_file(environ)
        paths = [p for p in (project, user if user.is_file() else None) if p]
        configs = tuple(read_config(path) for path in paths)
        return cls(environ, root, root / ".env", configs)

    @property
    def files(self) -> tuple[Path, ...]:
        dotenv = (self.dotenv,) if self.dotenv.is_file() else ()
        return (*dotenv, *(section.path for section in self.configs))

    def layers(self, flags: Mapping[str, object]) -> list[_Layer]:
        """Every source, the one that counts most first."""
        first, variables = [_flag_layer(flags)], self._variables()
        plain = [_file_layer(section) for section in self.configs]
        named = next(
            (
                v.values["profile"]
                for v in (*variables, *plain)
                if "profile" in v.values
            ),
            None,
        )
        if "profile" in flags:  # typed just now, so it beats the environment
            return [*first, *self._profile(flags["profile"]), *variables, *plain]
        profiles = self._profile(named) if named else []
        return [*first, *variables, *profiles, *plain]

    def _variables(self) -> list[_Layer]:
        found = [
            _Layer(
                _from_environment(self.environ),
                lambda name: Origin(_variable(name, self.environ)),
            )
        ]
        if self.dotenv.is_file():
            values = _from_environment(read_dotenv(self.dotenv))
            found.append(_Layer(values, lambda _: Origin(".env", self.dotenv)))
        return found

    def _profile(self, name: object) -> list[_Layer]:
        known: set[str] = set()
        found: list[_Layer] = []
        for config in self.configs:
            profiles = config.table(PROFILES)
            known |= set(profiles.tables) if profiles else set()
            section = profiles.table(str(name)) if profiles else None
            if section is not None:
                found.append(_file_layer(section))
        if not found:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigurationError(
                f"no profile {name!r} in the configuration files (known: {names})"
            )
        return found


def _flag_layer(flags: Mapping[str, object]) -> _Layer:
    values = dict(flags)
    file = values.pop("url_file", None)
    if file is not None:
        values["url"] = (
            sys.stdin.readline().strip()
            if file == "-"
            else read_secret_file(Path(str(file)))
        )

    def origin(name: str) -> Origin:
        flag = "url-file" if name == "url" and file else name.replace("_", "-")
        return Origin(f"flag --{flag}")

    return _Layer(values, origin)


def _file_layer(section: Section) -> _Layer:
    for name in (*section.values, *section.tables):
        known = name in KEYS and name in section.values
        tables = name in TABLES and name in section.tables
        if not known and not tables:
            place = Origin(str(section.path), section.path, section.line(name))
            near = difflib.get_close_matches(name, [*KEYS, *TABLES], 1)
            hint = f"did you mean {near[0]!r}?" if near else None
            raise ConfigurationError(f"{place}: unknown key {name!r}", hint=hint)

    def origin(name: str) -> Origin:
        return Origin(str(section.path), section.path, section.line(name))

    return _Layer(section.values, origin)


def environment() -> Mapping[str, str]:
    """The variables of the process, for those who need one that is no setting."""
    return os.environ


def user_config_file(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/tuxdb/config.toml`, or below `~/.config`."""
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "tuxdb" / "config.toml"


def variables(name: str) -> tuple[str, ...]:
    """The environment variables of a key, the one that counts most first."""
    return (*KEYS[name].metadata["env"], f"TUXDB_{name.upper()}")


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


def _variable(name: str, environ: Mapping[str, str]) -> str:
    found = next(v for v in variables(name) if environ.get(v))
    return f"environment {found}"


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in KEYS:
        values = (environ.get(variable) for variable in variables(name))
        value = next((v for v in values if v), None)
        if value is not None:
            found[name] = value
    return found
