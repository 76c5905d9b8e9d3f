"""`tuxdb config`."""

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

PASSWORD = "hunter2-S3cret"


def test_every_key_has_a_value_and_a_source(bare_cli: Cli) -> None:
    environ = {"DATABASE_URL": f"postgresql://bot:{PASSWORD}@db.example/tux"}
    (bare_cli.cwd / "tuxdb.toml").write_text('lock_timeout = "3s"\n')

    rows = bare_cli("config", "show", "--json", env=environ).data
    found = {row["key"]: (row["value"], row["source"]) for row in rows}

    assert found["url"] == (
        "postgresql://bot:***@db.example:5432/tux",
        "environment DATABASE_URL",
    )
    assert found["lock_timeout"] == ("3s", f"{bare_cli.cwd}/tuxdb.toml:1")
    assert found["pool_size"] == ("10", "default")
    assert PASSWORD not in str(rows)


def test_one_key_is_one_record(bare_cli: Cli) -> None:
    result = bare_cli("config", "show", "pool_size")

    assert result.stdout == "key\tvalue\tsource\npool_size\t10\tdefault\n"


def test_an_unknown_key_is_answered_with_the_nearest(bare_cli: Cli) -> None:
    result = bare_cli("config", "show", "pol_size")

    assert result.exit_code == ExitCode.USAGE
    assert "did you mean 'pool_size'?" in result.stderr


def test_a_wrong_file_is_named_with_its_line(bare_cli: Cli) -> None:
    path = bare_cli.cwd / "tuxdb.toml"
    path.write_text('\n[profiles.prod]\nlock_timout = "3s"\n')

    result = bare_cli("config", "check")

    assert result.exit_code == ExitCode.CONFIGURATION
    assert result.stderr == (
        f"error: {path}:3: unknown key 'lock_timout'\n"
        "hint: did you mean 'lock_timeout'?\n"
    )


def test_what_is_right_is_said_to_be(bare_cli: Cli) -> None:
    path = bare_cli.cwd / "tuxdb.toml"
    path.write_text('lock_timeout = "3s"\n')

    result = bare_cli("config", "check")

    assert (result.exit_code, result.stdout) == (ExitCode.OK, f"ok  {path}\n")


def test_production_without_a_url_is_refused(bare_cli: Cli) -> None:
    result = bare_cli("guilds", "list", env={"TUXDB_ENVIRONMENT": "production"})

    assert result.exit_code == ExitCode.CONFIGURATION
    assert "refusing to use an embedded database" in result.stderr


def test_other_databases_are_refused_without_their_url(bare_cli: Cli) -> None:
    url = f"mysql://bot:{PASSWORD}@h/x"

    result = bare_cli("guilds", "list", env={"TUXDB_DATABASE_URL": url})

    assert result.exit_code == ExitCode.CONFIGURATION
    assert "tuxdb speaks PostgreSQL only" in result.stderr
    assert PASSWORD not in result.stderr
