"""`tuxdb inspect` as it is typed and read."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import asyncpg
import pytest

from tests.harness.command import Cli
from tests.inspect.schemas import BAD, OTHER_BOT
from tuxdb.cli.inspect_text import Bytes
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

DUPLICATE = """
    CREATE TABLE members (discord_id bigint, points int);
    CREATE INDEX members_id ON members (discord_id);
    CREATE INDEX members_id_points ON members (discord_id, points);
"""


def execute(url: str, script: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    asyncio.run(run())


@contextmanager
def waiting(url: str) -> Iterator[tuple[int, int]]:
    """Two sessions, of which the second waits for a table; yields their pids."""

    async def connect(name: str) -> asyncpg.Connection:
        return await asyncpg.connect(
            **{
                **DatabaseUrl.parse(url).connect_args(),
                "server_settings": {"application_name": name},
            }
        )

    async def begin() -> tuple[Connection, Connection, asyncio.Task[str]]:
        holder, waiter = await connect("holder"), await connect("waiter")
        await holder.execute("BEGIN; LOCK TABLE members")
        task = asyncio.create_task(waiter.execute("BEGIN; LOCK TABLE members"))
        blocked = f"SELECT cardinality(pg_blocking_pids({waiter.get_server_pid()}))"
        while not await holder.fetchval(blocked):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return holder, waiter, task

    async def end(holder: asyncpg.Connection, waiter: asyncpg.Connection) -> None:
        await holder.close()
        waiter.terminate()

    with asyncio.Runner() as runner:
        holder, waiter, task = runner.run(begin())
        yield holder.get_server_pid(), waiter.get_server_pid()
        runner.run(end(holder, waiter))
        runner.run(asyncio.wait([task]))
        task.exception()


@pytest.fixture
def foreign_cli(cli: Cli, empty_database_url: str) -> Cli:
    """The command line on a database that tuxdb did not make."""
    cli.environ["TUXDB_DATABASE_URL"] = empty_database_url
    return cli


PLAIN = {"NO_COLOR": "1"}

# The report


def test_a_healthy_database_ends_with_zero(cli: Cli) -> None:
    result = cli("inspect", "--json")

    assert (result.exit_code, result.data) == (ExitCode.OK, [])


def test_a_finding_is_a_row_with_its_evidence_and_fix(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    (row,) = foreign_cli("inspect", "--json").data

    assert row == {
        "code": "I003",
        "severity": "warning",
        "object": "members_id",
        "message": "members_id is covered by members_id_points",
        "evidence": {
            "table": "members",
            "bytes": 8192,
            "scans": 0,
            "last_idx_scan": None,
            "covered_by": "members_id_points",
        },
        "fix": "DROP INDEX CONCURRENTLY public.members_id;",
        "fix_is_safe_online": True,
    }


def test_on_a_terminal_each_finding_has_its_fix_below(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    lines = foreign_cli.terminal("inspect").stdout.splitlines()

    assert lines[:2] == [
        "W  I003 members_id is covered by members_id_points  8.0 kB",
        "   fix: DROP INDEX CONCURRENTLY public.members_id;",
    ]
    assert lines[2].startswith("1 finding, statistics since ")


def test_piped_it_is_one_line_each_and_the_summary_is_on_stderr(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    result = foreign_cli("inspect")

    header, row = result.stdout.splitlines()
    assert header.split("\t")[:3] == ["code", "severity", "object"]
    assert row.split("\t")[:3] == ["I003", "warning", "members_id"]
    assert result.stderr.startswith("1 finding, statistics since ")


@pytest.mark.parametrize(
    ("fail_on", "exit_code"),
    [("error", ExitCode.OK), ("warning", ExitCode.FOUND), ("never", ExitCode.OK)],
)
def test_a_warning_fails_only_if_asked_for(
    foreign_cli: Cli, empty_database_url: str, fail_on: str, exit_code: ExitCode
) -> None:
    execute(empty_database_url, DUPLICATE)

    assert foreign_cli("inspect", "--fail-on", fail_on).exit_code == exit_code


def test_an_error_ends_with_three(foreign_cli: Cli, empty_database_url: str) -> None:
    execute(empty_database_url, BAD)

    assert foreign_cli("inspect").exit_code == ExitCode.FOUND


@pytest.mark.parametrize("schema", [BAD, OTHER_BOT], ids=["bad", "other bot"])
def test_the_printed_fixes_run_in_psql_and_leave_nothing(
    foreign_cli: Cli, empty_database_url: str, schema: str
) -> None:
    execute(empty_database_url, schema)

    fixes = foreign_cli("inspect", "--fixes").stdout
    psql = foreign_cli("db", "psql", "--", "-v", "ON_ERROR_STOP=1", input=fixes)

    assert psql.exit_code == 0, psql.stderr
    assert foreign_cli("inspect", "--json").data == []
    assert foreign_cli("inspect", "--fixes").stdout == "-- nothing to fix\n"


def test_only_and_skip_choose_by_code_or_name(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, BAD)

    chosen = "--only", "I003,sequences", "--only", "i008", "--skip", "constraints"
    rows = foreign_cli("inspect", "--json", *chosen).data

    assert {row["code"] for row in rows} == {"I003", "I010"}


def test_a_check_by_itself_finds_what_the_report_finds(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, BAD)

    alone = foreign_cli("inspect", "missing-fk-indexes", "--json").data

    assert alone == foreign_cli("inspect", "--json", "--only", "I004").data


def test_unused_indexes_can_be_judged_by_other_measures(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    usual = foreign_cli("inspect", "unused-indexes", "--json").data
    strict = foreign_cli(
        "inspect", "unused-indexes", "--json", "--min-bytes", 0, "--min-days", 0
    ).data

    assert usual == []
    assert [row["object"] for row in strict] == ["members_id", "members_id_points"]


def test_an_unknown_check_is_a_usage_error(cli: Cli) -> None:
    result = cli("inspect", "--only", "redundant")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: --only: there is no check 'redundant'; "
        "did you mean 'redundant-indexes'?\n"
    )


# Lists


def test_tables_give_raw_numbers_to_programs(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    (row,) = foreign_cli("inspect", "tables", "--json").data

    assert row["table"] == "members"
    assert row["index_bytes"] == 16384
    assert row["rows_are"] == "estimate"


def test_tables_give_units_to_people(foreign_cli: Cli, empty_database_url: str) -> None:
    execute(empty_database_url, DUPLICATE)

    result = foreign_cli.terminal("inspect", "tables", columns=200)

    assert " 16 kB " in result.stdout


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_tables_and_indexes_fit_the_terminal(cli: Cli, columns: int) -> None:
    for what in ("tables", "indexes", "size"):
        shown = cli.terminal("inspect", what, env=PLAIN, columns=columns).stdout

        assert max(map(len, shown.splitlines())) <= columns


def test_exact_counts_say_that_they_are(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    (row,) = foreign_cli("inspect", "tables", "--exact", "--json").data

    assert (row["rows"], row["rows_are"]) == (0, "exact")


def test_size_is_one_object(cli: Cli) -> None:
    data = cli("inspect", "size", "--json").data

    parts = ("table_bytes", "index_bytes", "toast_bytes", "other_bytes")
    assert data["database_bytes"] == sum(data[name] for name in parts)


def test_indexes_have_their_definition(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, DUPLICATE)

    rows = foreign_cli("inspect", "indexes", "--json").data

    assert rows[0]["definition"] == (
        "CREATE INDEX members_id ON public.members USING btree (discord_id)"
    )


def test_hostile_names_reach_no_terminal(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(
        empty_database_url, 'CREATE TABLE "\x1b[31m[red]\u202e" (id int PRIMARY KEY)'
    )

    for what in ("tables", "indexes"):
        shown = foreign_cli.terminal("inspect", what, "--color", "never").stdout

        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[red]" in shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 kB"),
        (10 * 1024, "10 kB"),
        (4_508_876, "4.3 MB"),
        (3 << 30, "3.0 GB"),
        (2**63 - 1, "8192 PB"),
    ],
)
def test_sizes_have_units_of_1024(size: int, shown: str) -> None:
    assert str(Bytes(size)) == shown


# What is going on


def test_blocking_is_shown_as_a_tree_with_the_way_out(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, "CREATE TABLE members (discord_id bigint)")

    with waiting(empty_database_url) as (holder, waiter):
        shown = foreign_cli.terminal("inspect", "blocking", env=PLAIN).stdout

    first, fix, second = shown.splitlines()
    assert first.startswith(f"{holder} holder, idle in transaction for ")
    assert fix == f"   fix: SELECT pg_terminate_backend({holder});"
    assert second.startswith(f"└ {waiter} waiter, waiting for ")


def test_blocking_is_pairs_for_programs(
    foreign_cli: Cli, empty_database_url: str
) -> None:
    execute(empty_database_url, "CREATE TABLE members (discord_id bigint)")

    with waiting(empty_database_url) as (holder, waiter):
        (pair,) = foreign_cli("inspect", "blocking", "--json").data

    assert (pair["blocking_pid"], pair["waiting_pid"]) == (holder, waiter)


def test_nobody_waiting_is_said(cli: Cli) -> None:
    result = cli.terminal("inspect", "blocking")

    assert result.stdout == "nobody waits for anybody\n"


@pytest.mark.parametrize(
    "what", ["locks", "long-queries", "connections", "cache-hit", "seq-scans"]
)
def test_what_a_quiet_database_shows_is_no_finding(cli: Cli, what: str) -> None:
    result = cli("inspect", what, "--json")

    assert result.exit_code == ExitCode.OK
    assert isinstance(result.data, list)


def test_connections_are_set_against_their_limit(cli: Cli) -> None:
    assert " connections, " in cli("inspect", "connections").stderr
