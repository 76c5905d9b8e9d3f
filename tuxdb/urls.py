"""PostgreSQL addresses: parsed, shown without their secrets, handed to asyncpg.

SQLAlchemy's own URL class is not used: it prints `?password=` in full, breaks on
libpq's `host:port,host:port` and puts a piece of the URL into its ValueError.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from tuxdb.errors import ConfigurationError

SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
TLS_OPTIONS = (
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslcrl",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "sslnegotiation",
)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SESSION_ATTRIBUTES = (
    "any",
    "primary",
    "standby",
    "read-write",
    "read-only",
    "prefer-standby",
)
UNSUPPORTED = (
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "load_balance_hosts",
    "options",
    "passfile",
    "requiressl",
    "service",
)
ENCODE = "percent-encode '/', '?', '#', '@' and ':' in user, password and database"
DEFAULT_PORT = 5432
HIGHEST_PORT = 65535
MASK = "***"

_SECRET_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/?#'\"]*:)[^\s'\"]*@")
_SECRET_FIELD = re.compile(
    r"(?i)\b([a-z_]*(?:password|passwd|pwd|passfile|token|secret))(\s*[=:]\s*)"
    r"('[^']*'|\"[^\"]*\"|[^\s&'\",;]+)"
)


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is and how to log in. The secret is in no repr and no str."""

    database: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    tls: Mapping[str, str] = field(default_factory=dict, repr=False)
    session_attributes: str | None = None
    application_name: str | None = None

    @classmethod
    def parse(cls, text: str) -> "DatabaseUrl":
        """Read a libpq, asyncpg or SQLAlchemy style URL.

        Raises ConfigurationError whose message holds no part of the user
        information, as an ill-formed URL may have its password anywhere.
        """
        parts = _split(text)
        user, password, places = _authority(parts.netloc)
        query = _query(parts.query)
        hosts, ports = _hosts(places)
        if "host" in query:
            hosts, ports = _hosts(query.pop("host"))
        if "port" in query:
            ports = tuple(_port(port) for port in query.pop("port").split(","))
        database = unquote(parts.path.removeprefix("/")) or None
        url = cls(
            database=query.pop("dbname", query.pop("database", None)) or database,
            user=query.pop("user", None) or user,
            password=query.pop("password", None) or password,
            hosts=hosts,
            ports=_match_ports(hosts, ports),
            tls=_tls(query),
            session_attributes=_session_attributes(query),
            application_name=query.pop("application_name", None),
        )
        _refuse_unknown(query)
        return url

    def display(self) -> str:
        """`user@host:port/database`, for people."""
        places = [
            host if host.startswith("/") else f"{_bracket(host)}:{port}"
            for host, port in zip(self.hosts, self.ports, strict=True)
        ]
        who = f"{self.user}@" if self.user else ""
        return f"{who}{','.join(places) or 'localhost'}/{self.database or ''}"

    def masked(self) -> str:
        """The URL with `***` for its password."""
        tls = {**self.tls}
        if "sslpassword" in tls:
            tls["sslpassword"] = MASK
        return self._render(MASK if self.password else None, tls)

    def reveal(self) -> str:
        """The URL with its password, for `--show-secret` and other programs."""
        return self._render(self.password, {**self.tls})

    def connect_args(self) -> dict[str, object]:
        """Keyword arguments for `asyncpg.connect`; what is unset is left out.

        TLS options go as a DSN without a host, where asyncpg reads all of them.
        """
        given: dict[str, object | None] = {
            "host": _one_or_all(self.hosts),
            "port": _one_or_all(self.ports),
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "target_session_attrs": self.session_attributes,
            "dsn": f"postgresql:///?{urlencode(self.tls)}" if self.tls else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def with_database(self, database: str) -> "DatabaseUrl":
        """The same server and login, another database."""
        return DatabaseUrl(**{**vars(self), "database": database})

    def _render(self, password: str | None, options: dict[str, str]) -> str:
        secret = f":{password if password == MASK else _quote(password or '')}"
        who = _quote(self.user) if self.user else ""
        login = f"{who}{secret if password else ''}@" if who or password else ""
        sockets = any(host.startswith("/") for host in self.hosts)
        place = "" if sockets else self.display().rpartition("@")[2].split("/")[0]
        if not self.hosts:
            place = ""
        if sockets:
            options["host"] = ",".join(self.hosts)
            if set(self.ports) != {DEFAULT_PORT}:
                options["port"] = ",".join(map(str, self.ports))
        if self.session_attributes:
            options["target_session_attrs"] = self.session_attributes
        query = f"?{urlencode(options, safe='/,*')}" if options else ""
        return f"postgresql://{login}{place}/{_quote(self.database or '')}{query}"


def mask(text: str) -> str:
    """Free text with the secrets of URLs and `password=…` fields replaced."""
    return _SECRET_FIELD.sub(rf"\1\2{MASK}", _SECRET_IN_URL.sub(rf"\1{MASK}@", text))


def _quote(text: str) -> str:
    return urlencode({"": text})[1:].replace("+", "%20")


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _one_or_all(values: tuple[object, ...]) -> object | None:
    return values[0] if len(values) == 1 else (list(values) or None)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
    except ValueError as error:
        raise ConfigurationError("the database URL cannot be read") from error
    if parts.scheme in SCHEMES:
        if "@" in parts.path or parts.fragment:
            raise ConfigurationError("the database URL is ambiguous", hint=ENCODE)
        return parts
    known = re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", parts.scheme)
    shown = f"; this is {parts.scheme}://{MASK}" if known and "://" in text else ""
    raise ConfigurationError(
        f"tuxdb speaks PostgreSQL only{shown}",
        hint="a URL looks like postgresql://user@host:5432/database",
    )


def _refuse_unknown(query: Mapping[str, str]) -> None:
    """Name an option only if it is one of libpq's: others may be a password's tail."""
    named = [name for name in query if name in UNSUPPORTED]
    if named:
        raise ConfigurationError(f"tuxdb does not support {named[0]!r} in a URL")
    if query:
        raise ConfigurationError("the database URL has an unknown option", hint=ENCODE)


def _authority(netloc: str) -> tuple[str | None, str | None, str]:
    login, _, places = netloc.rpartition("@")
    user, _, password = login.partition(":")
    return unquote(user) or None, unquote(password) or None, places


def _query(text: str) -> dict[str, str]:
    """Options as a dict; repeated hosts and ports are joined with commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        repeated = name in ("host", "port") and name in found
        found[name] = f"{found[name]},{value}" if repeated else value
    if "ssl" in found:
        value = found.pop("ssl")
        found.setdefault("sslmode", "require" if value == "true" else value)
    return found


def _hosts(places: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if not places:
        return (), ()
    hosts, ports = [], []
    for place in places.split(","):
        host, port = _place(unquote(place))
        hosts.append(host)
        ports.append(port)
    return tuple(hosts), tuple(ports)


def _place(text: str) -> tuple[str, int]:
    if text.startswith("/"):
        return text, DEFAULT_PORT
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.%]+)\](?::(.*))?", text)
    if bracketed:
        return bracketed[1], _port(bracketed[2] or "")
    host, _, port = text.partition(":")
    return host or "localhost", _port(port)


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    port = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    if not 1 <= port <= HIGHEST_PORT:
        raise ConfigurationError(
            "the port in the database URL is not a number from 1 to 65535",
            hint=ENCODE,
        )
    return port


def _match_ports(hosts: tuple[str, ...], ports: tuple[int, ...]) -> tuple[int, ...]:
    if len(ports) == 1 and len(hosts) > 1:
        return ports * len(hosts)
    if len(ports) != len(hosts) and hosts:
        raise ConfigurationError("the database URL has not one port for each host")
    return ports


def _tls(query: dict[str, str]) -> dict[str, str]:
    options = {name: query.pop(name) for name in TLS_OPTIONS if name in query}
    if options.get("sslmode", "disable") not in SSL_MODES:
        raise ConfigurationError(
            f"sslmode in the database URL is not one of {', '.join(SSL_MODES)}"
        )
    return options


def _session_attributes(query: dict[str, str]) -> str | None:
    wanted = query.pop("target_session_attrs", None)
    if wanted is not None and wanted not in SESSION_ATTRIBUTES:
        raise ConfigurationError(
            "target_session_attrs in the database URL is not one of "
            + ", ".join(SESSION_ATTRIBUTES)
        )
    return wanted
