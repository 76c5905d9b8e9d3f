"""`tuxdb db`: the embedded server by hand, and the way to the database."""

import signal
import stat
from pathlib import Path

import pytest

from tests.harness.command import Cli
from tests.harness.servers import processes_of, until
from tuxdb.errors import ExitCode

ELSEWHERE = "postgresql://bob:hunter2@127.0.0.1:1/tux"


@pytest.fixture
def elsewhere(bare_cli: Cli) -> Cli:
    """The command line with a URL of a server that is not there."""
    bare_cli.environ["TUXDB_DATABASE_URL"] = ELSEWHERE
    return bare_cli


def test_start_status_stop(bare_cli: Cli, home: Path) -> None:
    started = bare_cli("db", "start")
    assert started.exit_code == ExitCode.OK, started.stderr
    assert started.stdout.startswith("running: PostgreSQL ")

    status = bare_cli("db", "status", "--json").data
    assert status["server"] == "embedded"
    assert status["running"] is True
    assert status["data"].startswith(str(home))
    assert status["databases"] == ["postgres", "tuxdb"]

    assert bare_cli("db", "stop").stdout == "stopped\n"
    assert processes_of(home) == {}
    assert bare_cli("db", "stop").stdout == "was not running\n"


def test_starting_twice_finds_it_running(bare_cli: Cli) -> None:
    first = bare_cli("db", "start", "--json").data
    second = bare_cli("db", "start", "--json").data

    assert (first["started"], second["started"]) == (True, False)
    assert second["pid"] == first["pid"]
    assert bare_cli("db", "start").stdout.startswith("already running: PostgreSQL ")


def test_status_of_a_server_that_was_never_started(bare_cli: Cli, home: Path) -> None:
    result = bare_cli("db", "status", "--json")

    assert result.exit_code == ExitCode.OK
    assert result.data["running"] is False
    assert not home.exists()


def test_the_idle_time_of_the_settings_is_used(bare_cli: Cli, home: Path) -> None:
    bare_cli("db", "start", env={"TUXDB_SERVER_IDLE": "300ms"})

    until(lambda: processes_of(home) == {})


@pytest.mark.parametrize("command", ["start", "stop", "logs"])
def test_a_server_elsewhere_is_not_ours_to_run(
    elsewhere: Cli, home: Path, command: str
) -> None:
    result = elsewhere("db", command)

    assert result.exit_code == ExitCode.CONFIGURATION
    assert result.stdout == ""
    assert result.stderr == (
        "error: the database is bob@127.0.0.1:1/tux "
        "(environment TUXDB_DATABASE_URL), not the embedded server\n"
        "hint: unset that URL to use the embedded server\n"
    )
    assert not home.exists()


def test_status_of_a_server_elsewhere_that_is_down(elsewhere: Cli) -> None:
    result = elsewhere("db", "status", "--json")

    assert result.exit_code == ExitCode.OK
    assert result.data["running"] is False
    assert "hunter2" not in result.stdout + result.stderr


def test_status_of_a_server_elsewhere_that_is_up(cli: Cli) -> None:
    assert cli("db", "status", "--json").data["running"] is True


def test_url_starts_the_server_it_names(bare_cli: Cli, home: Path) -> None:
    assert (
        bare_cli("db", "url").stdout == f"postgresql://tuxdb@/tuxdb?host={home}/run\n"
    )
    assert processes_of(home)


def test_url_hides_the_password_unless_told_not_to(elsewhere: Cli) -> None:
    masked = ELSEWHERE.replace("hunter2", "***")

    assert elsewhere("db", "url").stdout == f"{masked}\n"
    assert elsewhere("db", "url", "--json").data == {"url": masked}
    assert elsewhere("db", "url", "--show-secret").stdout == f"{ELSEWHERE}\n"


def test_psql_reaches_the_embedded_server(bare_cli: Cli) -> None:
    query = "SELECT current_user, current_setting('application_name')"

    result = bare_cli("db", "psql", "--", "-XAtc", query)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "tuxdb|tuxdb psql\n"


def test_psql_keeps_a_server_that_stops_with_its_last_client(bare_cli: Cli) -> None:
    query = "SELECT pg_sleep(1), 'still here'"

    result = bare_cli(
        "db", "psql", "--", "-XAtc", query, env={"TUXDB_SERVER_IDLE": "0"}
    )

    assert "still here" in result.stdout


def test_psql_ignores_variables_that_name_another_server(cli: Cli) -> None:
    result = cli(
        *("db", "psql", "--", "-XAtc", "SELECT 1"),
        env={"PGHOST": "/nowhere", "PGSERVICE": "none", "PGOPTIONS": "-c x=y"},
    )

    assert result.stdout == "1\n", result.stderr


def fake_psql(folder: Path) -> Path:
    """A psql that shows what it was given; with the programs that go with it."""
    folder.mkdir()
    for name in ("postgres", "initdb", "psql"):
        path = folder / name
        path.write_text(
            '#!/bin/sh\nfor word in "$0" "$@"; do echo "argument $word"; done\n'
            'env | sort | grep -E "^(PG|TUXDB)"\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def test_psql_has_the_password_in_its_environment_alone(
    elsewhere: Cli, tmp_path: Path
) -> None:
    folder = fake_psql(tmp_path / "bin")

    result = elsewhere(
        *("db", "psql", "--", "-c", "SELECT 1"), env={"TUXDB_PG_BINDIR": str(folder)}
    )

    assert result.stdout.splitlines()[1:] == [
        "argument -c",
        "argument SELECT 1",
        "PGAPPNAME=tuxdb psql",
        "PGDATABASE=tux",
        "PGHOST=127.0.0.1",
        "PGPASSWORD=hunter2",
        "PGPORT=1",
        "PGUSER=bob",
        f"TUXDB_HOME={elsewhere.environ['TUXDB_HOME']}",
        f"TUXDB_PG_BINDIR={folder}",
    ]


def test_logs_shows_the_servers_output(bare_cli: Cli) -> None:
    bare_cli("db", "start")

    result = bare_cli("db", "logs", "-n", "1")

    assert result.stdout.endswith("database system is ready to accept connections\n")
    assert result.stdout.count("\n") == 1
    assert bare_cli("db", "logs", "-n", "2", "--json").data[1]["line"] == (
        result.stdout.rstrip("\n")
    )


def test_logs_are_safe_to_show(bare_cli: Cli, home: Path) -> None:
    bare_cli("db", "start")
    with (home / "server.log").open("a") as file:
        file.write("\x1b[31mred [bold] \u202eleft\n")

    result = bare_cli("db", "logs", "-n", "1")

    assert result.stdout == "\\x1b[31mred [bold] \\u202eleft\n"


def test_logs_before_any_start(bare_cli: Cli) -> None:
    result = bare_cli("db", "logs")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "tuxdb db start" in result.stderr


def test_logs_follows_the_file(bare_cli: Cli, home: Path) -> None:
    bare_cli("db", "start")
    with bare_cli.start("db", "logs", "-f", "-n", "1") as process:
        assert process.stdout
        process.stdout.readline()
        with (home / "server.log").open("a") as file:
            file.write("new\n")
        shown = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate()

    assert shown == "new\n"
    assert process.returncode == ExitCode.INTERRUPTED
