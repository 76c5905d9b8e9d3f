"""Doctor: whatever tuxdb needs, looked at one by one, each with the next step.

Only the catalogue can answer most of this, so the questions are its own SQL.
"""

import platform
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tuxdb import __version__
from tuxdb.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    ExitCode,
    TuxdbError,
)
from tuxdb.migrate.connection import opened, place_of
from tuxdb.migrate.state import at, read_schema_state
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

OLDEST_SERVER = 15
CLOCK_TOLERANCE_SECONDS = 2.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
STATISTICS = "pg_stat_statements"

SERVER = """
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::int / 10000 AS major,
           pg_is_in_recovery() AS standby,
           current_setting('default_transaction_read_only') = 'on' AS read_only,
           (SELECT version FROM pg_stat_ssl
            WHERE pid = pg_backend_pid() AND ssl) AS tls,
           clock_timestamp() AS now
"""
ROLE = """
    SELECT quote_ident(current_user) AS name, rolsuper AS is_superuser,
           has_database_privilege(current_database(), 'CREATE')
             OR has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           (SELECT string_agg(c.relname, ', ' ORDER BY c.relname)
            FROM pg_class c
            WHERE c.relnamespace = current_schema()::regnamespace
              AND c.relkind IN ('r', 'p')
              AND NOT has_table_privilege(c.oid, 'SELECT')) AS closed_tables
    FROM pg_roles WHERE rolname = current_user
"""
EXTENSION = """
    SELECT installed_version, default_version FROM pg_available_extensions
    WHERE name = $1
"""


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what to do about it."""

    check: str
    status: Status
    detail: str
    next: str | None = None
    exit_code: ExitCode = ExitCode.OK


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which one builds on another."""

    items: list[Check]

    @property
    def exit_code(self) -> ExitCode:
        """The code of the first check that failed."""
        codes = (c.exit_code for c in self.items if c.exit_code is not ExitCode.OK)
        return next(codes, ExitCode.OK)


async def diagnose(settings: Settings) -> Diagnosis:
    """Look at everything as far as one gets: what needs a server comes last."""
    return Diagnosis([check async for check in _checks(settings)])


async def _checks(settings: Settings) -> AsyncIterator[Check]:
    yield _versions()
    yield _configuration(settings)
    began = time.perf_counter()
    try:
        async with opened(settings) as connection:
            yield _ok("server", f"{place_of(settings)} answers in {_since(began)}")
            async for check in _inside(settings, connection):
                yield check
    except TuxdbError as error:
        yield _failed(error)


async def _inside(settings: Settings, connection: "Connection") -> AsyncIterator[Check]:
    (server,) = await connection.fetch(SERVER)
    asked = datetime.now(UTC)
    yield _server_version(server["version"], server["major"])
    yield _transport(settings.url, server["tls"])
    yield _writable(server["standby"], server["read_only"])
    (role,) = await connection.fetch(ROLE)
    yield _role(role["name"], role["is_superuser"], role["may_create"], settings)
    yield _tables(role["name"], role["closed_tables"])
    yield await _schema(connection)
    yield await _extension(connection)
    yield _clock((server["now"] - asked).total_seconds())


def _versions() -> Check:
    return _ok("versions", f"tuxdb {__version__}, Python {platform.python_version()}")


def _configuration(settings: Settings) -> Check:
    files = ", ".join(map(str, settings.files)) or "no files"
    origin = settings.origin("url")
    where = f"URL from {origin}" if settings.url else "no URL: the embedded server"
    return _ok("configuration", f"{where}; {files}", "tuxdb config show")


def _server_version(version: str, major: int) -> Check:
    detail = f"PostgreSQL {version}"
    if major >= OLDEST_SERVER:
        return _ok("version", detail)
    return Check(
        "version",
        Status.FAIL,
        f"{detail} is older than {OLDEST_SERVER}",
        "upgrade the server",
        ExitCode.FOUND,
    )


def _transport(url: DatabaseUrl | None, tls: str | None) -> Check:
    if tls is not None:
        return _ok("tls", tls)
    remote = [] if url is None else [h for h in url.hosts if _is_remote(h)]
    if not remote:
        return _ok("tls", "not used, and not needed on this machine")
    return Check(
        "tls",
        Status.WARN,
        f"the connection to {remote[0]} is not encrypted",
        "add sslmode=verify-full to the URL",
    )


def _is_remote(host: str) -> bool:
    return not host.startswith("/") and host not in LOCAL_HOSTS


def _writable(standby: bool, read_only: bool) -> Check:
    if standby:
        return Check("writes", Status.WARN, "a standby: reads only", "use the primary")
    if read_only:
        return Check("writes", Status.WARN, "transactions are read-only by default")
    return _ok("writes", "accepted")


def _role(name: str, superuser: bool, may_create: bool, settings: Settings) -> Check:
    if superuser and settings.url is not None:
        return Check(
            "role",
            Status.WARN,
            f"{name} is a superuser, which the bot need not be",
            "use a role that owns this database only",
        )
    if not may_create:
        return Check(
            "role",
            Status.WARN,
            f"{name} cannot create tables, which migrations need",
            f"GRANT CREATE ON SCHEMA public TO {name}",
        )
    return _ok("role", name)


def _tables(name: str, closed: str | None) -> Check:
    if closed is None:
        return _ok("rights", "every table can be read")
    return Check(
        "rights",
        Status.FAIL,
        f"{name} cannot read {closed}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
        ExitCode.FOUND,
    )


async def _schema(connection: "Connection") -> Check:
    state = await read_schema_state(connection)
    try:
        state.require_head()
    except TuxdbError as error:
        return Check("schema", Status.FAIL, error.message, error.hint, error.exit_code)
    return _ok("schema", f"at {at(state.versions)} (head)")


async def _extension(connection: "Connection") -> Check:
    found = await connection.fetchrow(EXTENSION, STATISTICS)
    if found is not None and found["installed_version"]:
        return _ok("extensions", f"{STATISTICS} {found['installed_version']}")
    detail = f"{STATISTICS} is not {'created' if found else 'available'}"
    step = f"CREATE EXTENSION {STATISTICS};" if found else None
    return Check("extensions", Status.WARN, detail, step)


def _clock(ahead: float) -> Check:
    detail = f"the server's differs by {abs(ahead):.1f} s"
    if abs(ahead) <= CLOCK_TOLERANCE_SECONDS:
        return _ok("clock", detail)
    return Check("clock", Status.WARN, detail, "synchronise both machines by NTP")


def _failed(error: TuxdbError) -> Check:
    kinds = (DatabaseUnavailable, ConfigurationError)
    code = error.exit_code if isinstance(error, kinds) else ExitCode.FOUND
    hint = None if error.hint == "tuxdb doctor" else error.hint
    return Check("server", Status.FAIL, error.message, hint or _advice(error), code)


def _advice(error: TuxdbError) -> str | None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "look at sslmode and sslrootcert in the URL"
        if isinstance(cause, ConnectionRefusedError):
            return "start the server, or correct host and port: tuxdb config show url"
        cause = cause.__cause__
    return "tuxdb config show url"


def _ok(check: str, detail: str, step: str | None = None) -> Check:
    return Check(check, Status.OK, detail, step)


def _since(began: float) -> str:
    return f"{(time.perf_counter() - began) * 1000:.0f} ms"
