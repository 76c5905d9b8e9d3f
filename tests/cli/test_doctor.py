"""`tuxdb doctor`."""

from tests.harness.command import Cli
from tuxdb.errors import ExitCode


def checks(cli: Cli) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in cli("doctor", "--json").data}


def test_a_healthy_installation_fails_nothing(cli: Cli) -> None:
    result = cli("doctor")

    assert result.exit_code == ExitCode.OK
    assert "fail" not in result.stdout
    assert set(checks(cli)) == {
        *("versions", "configuration", "server", "version", "tls", "writes"),
        *("role", "rights", "schema", "extensions", "clock"),
    }


def test_a_schema_that_is_behind_names_the_next_command(
    bare_cli: Cli, empty_database_url: str
) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = empty_database_url

    result = bare_cli("doctor")
    schema = checks(bare_cli)["schema"]

    assert result.exit_code == ExitCode.FOUND
    assert schema["status"] == "fail"
    assert schema["detail"].endswith("behind (at base)")
    assert schema["next"] == "tuxdb migrate"


def test_a_server_that_is_down_ends_the_list_with_a_way_on(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://bot:secret@127.0.0.1:1/tux"

    result = bare_cli("doctor")

    assert result.exit_code == ExitCode.UNREACHABLE
    assert "cannot reach bot@127.0.0.1:1/tux (connection refused)" in result.stdout
    assert "secret" not in result.stdout + result.stderr
