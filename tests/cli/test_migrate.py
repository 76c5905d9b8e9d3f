"""`tuxdb migrate` as a person or a deploy script meets it."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.harness.command import Cli
from tests.migrate.folders import Folder, table
from tuxdb.errors import ExitCode
from tuxdb.migrate import History, migrations_folder
from tuxdb.migrate.lock import KEY
from tuxdb.urls import DatabaseUrl


@pytest.fixture
def empty(bare_cli: Cli, empty_database_url: str) -> Cli:
    """The command line on a database without a schema."""
    bare_cli.environ["TUXDB_DATABASE_URL"] = empty_database_url
    return bare_cli


@pytest.fixture
def bot(empty: Cli, tmp_path: Path) -> Folder:
    """Another bot's folder, which the command line works with."""
    folder = Folder(tmp_path / "alembic")
    empty.environ["TUXDB_MIGRATIONS"] = str(folder.path)
    return folder


def head() -> str:
    return str(History.read(migrations_folder()).head)


def test_an_empty_database_gets_to_head(empty: Cli) -> None:
    result = empty("migrate")

    assert result.exit_code == ExitCode.OK
    assert re.fullmatch(rf"at {head()} \(head\), \d+ applied\n", result.stdout)
    assert result.stderr.startswith("target: ")
    assert re.search(r"^  0001 Create guilds +ok +\d+ ms$", result.stderr, re.MULTILINE)


def test_at_head_there_is_nothing_to_do(cli: Cli) -> None:
    result = cli("migrate")

    assert result.exit_code == ExitCode.OK
    assert result.stdout == f"at {head()} (head), nothing to do\n"


def test_three_at_once_all_succeed_and_one_applies(empty: Cli) -> None:
    running = [empty.start("migrate") for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted("applied" in stdout for stdout, _ in outputs) == [False, False, True]
    assert all("Traceback" not in stderr for _, stderr in outputs)


def test_json_says_from_where_to_where(empty: Cli) -> None:
    first = empty("migrate", "--to", "0002", "--json")
    second = empty("migrate", "--to", "0002", "--json")

    assert first.json()["schema"] == "tuxdb.migrate/1"
    assert first.data["from"] == "base"
    assert (first.data["to"], first.data["head"]) == ("0002", False)
    assert [one["revision"] for one in first.data["applied"]] == ["0001", "0002"]
    assert first.data["applied"][0].keys() == {
        "revision",
        "message",
        "duration_ms",
        "statements",
    }
    assert second.data == {"from": "0002", "to": "0002", "applied": [], "head": False}


def test_a_dry_run_lists_and_changes_nothing(empty: Cli) -> None:
    result = empty("migrate", "--to", "0001", "-n")

    assert result.stdout == (
        "at base, would apply\n  0001 Create guilds\ndry run: nothing was changed\n"
    )
    assert empty("migrate", "status", "--check").exit_code == ExitCode.FOUND


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("haed", "did you mean 'tuxdb migrate --to head'?"),
        ("stauts", "did you mean 'tuxdb migrate status'?"),
        ("0013", "did you mean 'tuxdb migrate --to 0013'?"),
    ],
)
def test_an_unknown_word_is_never_a_revision(empty: Cli, word: str, hint: str) -> None:
    result = empty("migrate", word)

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == f"error: no such command {word!r}\nhint: {hint}\n"


def test_a_revision_that_is_not_there(cli: Cli) -> None:
    result = cli("migrate", "--to", "nope")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "error: no revision nope\n" in result.stderr


def test_status_as_tsv(empty: Cli) -> None:
    empty("migrate", "--to", "0001")

    lines = empty("migrate", "status").stdout.splitlines()

    assert lines[0] == "revision\tmessage\tapplied_at\tstate"
    assert re.fullmatch(r"0001\tCreate guilds\t\d{4}-\S+Z\tapplied", lines[1])
    assert re.fullmatch(r"0002\t.*\t\\N\tpending", lines[2])


def test_status_check_is_clean_at_head(cli: Cli) -> None:
    assert cli("migrate", "status", "--check").exit_code == ExitCode.OK


def test_history_and_show_need_no_database(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://x@127.0.0.1:1/x"

    assert bare_cli("migrate", "history", "--json").data[0]["revision"] == head()
    assert bare_cli("migrate", "show", "0005", "--json").data["file"] == (
        "0005_users_points_index.py"
    )
    assert bare_cli("migrate", "show", "nope").exit_code == ExitCode.NOT_FOUND


def test_down_names_the_losses_and_refuses_without_consent(cli: Cli) -> None:
    result = cli("migrate", "down", "0012")

    assert result.exit_code == ExitCode.REFUSED
    assert "messages (0 rows)" in result.stderr
    assert "refusing without consent" in result.stderr
    assert cli("migrate", "status", "--check").exit_code == ExitCode.OK


def test_down_by_steps_with_consent(cli: Cli) -> None:
    result = cli("migrate", "down", "-2", "--yes", "--json")

    assert result.exit_code == ExitCode.OK
    assert len(result.data["reverted"]) == 2
    assert result.data["from"] == head()


def test_down_needs_to_be_told_where_to(cli: Cli) -> None:
    for arguments in ([], ["0012", "-1"]):
        assert cli("migrate", "down", *arguments).exit_code == ExitCode.USAGE


def test_down_asks_on_a_terminal(cli: Cli) -> None:
    down = ("migrate", "down", "0014")  # points_freezes goes with it

    assert _answered(cli, "n\n", *down) == (ExitCode.REFUSED, "")
    code, shown = _answered(cli, "y\n", *down)

    assert code == ExitCode.OK
    assert shown.startswith("at 0014, ")


def test_a_protected_database_wants_its_name_and_a_reason(
    cli: Cli, database_url: str
) -> None:
    _execute(
        database_url,
        "INSERT INTO tuxdb_meta (key, value) VALUES ('environment', 'production')",
    )
    name = str(DatabaseUrl.parse(database_url).database)

    refused = cli("migrate", "down", "-1", "--yes")
    done = cli("migrate", "down", "-1", "--confirm", name, "--reason", "bad deploy")

    assert refused.exit_code == ExitCode.REFUSED
    assert f"hint: --confirm {name} --reason TEXT\n" in refused.stderr
    assert done.exit_code == ExitCode.OK


def test_a_failing_revision_is_two_lines(empty: Cli, bot: Folder) -> None:
    bot.add("0001", None, table("a"))
    bot.add("0002", "0001", table("a"))

    result = empty("migrate", "-q")

    assert result.exit_code == ExitCode.UNEXPECTED
    assert result.stdout == ""
    assert result.stderr == (
        'error: revision 0002, statement 1: relation "a" already exists\n'
        "hint: it was: CREATE TABLE a (id bigint PRIMARY KEY, n bigint)\n"
    )


def test_an_edited_revision_is_a_conflict(empty: Cli, bot: Folder) -> None:
    bot.add("0001", None, table("a"))
    empty("migrate")
    bot.add("0001", None, table("b"))

    result = empty("migrate")

    assert result.exit_code == ExitCode.CONFLICT
    assert "0001_test.py" in result.stderr
    assert "edited" in empty("migrate", "status").stdout


def test_a_newer_database_is_a_conflict(cli: Cli, database_url: str) -> None:
    _execute(database_url, "UPDATE alembic_version SET version_num = '9999'")

    result = cli("migrate")

    assert result.exit_code == ExitCode.CONFLICT
    assert "revision 9999, which this version does not know" in result.stderr


def test_waiting_for_the_key_ends_with_busy(
    empty: Cli, empty_database_url: str
) -> None:
    with asyncio.Runner() as runner:
        arguments = DatabaseUrl.parse(empty_database_url).connect_args()
        holder = runner.run(asyncpg.connect(**arguments))
        runner.run(holder.execute("SELECT pg_advisory_lock($1::int, $2::int)", *KEY))

        result = empty("migrate", "--lock-wait", "200ms")

        assert result.exit_code == ExitCode.BUSY
        assert f"pid {holder.get_server_pid()} (" in result.stderr
        runner.run(holder.close())


def test_new_writes_an_empty_frame(empty: Cli, bot: Folder) -> None:
    result = empty("migrate", "new", "by hand", "--empty")

    assert result.exit_code == ExitCode.OK
    assert result.stdout == f"wrote {bot.versions / '0001_by_hand.py'}\n"


def test_stamp(empty: Cli, bot: Folder) -> None:
    bot.add("0001", None, table("a"))

    assert empty("migrate", "stamp", "head").stdout == "at 0001, was base\n"
    assert empty("migrate", "stamp", "nope").exit_code == ExitCode.NOT_FOUND


def test_a_server_that_is_down_is_short(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://bot:hunter2@127.0.0.1:1/x"

    result = bare_cli("migrate")

    assert result.exit_code == ExitCode.UNREACHABLE
    assert len(result.stderr.splitlines()) <= 3
    assert "hunter2" not in result.stderr


def test_nothing_to_do_loads_neither_sqlalchemy_nor_alembic(cli: Cli) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tuxdb", "migrate"],
        env=cli.environ,
        cwd=cli.cwd,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    heavy = {"sqlalchemy", "sqlmodel", "alembic", "discord", "pydantic"}
    assert not loaded & heavy


def _answered(cli: Cli, typed: str, *arguments: str) -> tuple[int, str]:
    """Run with stdin and stderr on a terminal; returns exit code and stdout."""
    ours, theirs = os.openpty()
    os.write(ours, typed.encode())
    process = cli.start(*arguments, stdin=theirs, stderr=theirs)
    os.close(theirs)
    stdout, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, stdout


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())
