"""`tuxdb audit`: on a bot that has never heard of tuxdb, and on hostile trees."""

import json
import os
from pathlib import Path

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

BOT = """
import asyncpg

QUERY = "SELECT * FROM users WHERE id = $1"


async def safe(pool: asyncpg.Pool, user):
    return await pool.fetchrow(QUERY, user)


async def careless(pool: asyncpg.Pool, name):
    return await pool.fetch(f"SELECT id FROM users WHERE name = '{name}'")


async def dynamic(pool: asyncpg.Pool, column):
    await pool.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)
"""


@pytest.fixture
def bot(bare_cli: Cli) -> Path:
    """A bot below the working directory."""
    folder = bare_cli.cwd / "bot"
    folder.mkdir()
    (folder / "main.py").write_text(BOT)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_bot_is_audited_with_nothing_configured(bare_cli: Cli, bot: Path) -> None:
    result = bare_cli("audit", ".", cwd=bot)

    assert result.exit_code == ExitCode.FOUND
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].startswith("error TUX107 main.py:12")
    assert "3 SQL calls in 1 of 1 files" in lines
    assert "  1 unsafe, 1 with a name put in, 1 safe" in lines


def test_an_audit_writes_nothing_into_the_tree(bare_cli: Cli, bot: Path) -> None:
    before = files(bot)

    bare_cli("audit", ".", cwd=bot)

    assert files(bot) == before


def test_the_cache_belongs_to_its_owner_alone(bare_cli: Cli, bot: Path) -> None:
    bare_cli("audit", ".", cwd=bot)

    folder = bare_cli.cwd / ".cache" / "tuxdb" / "audit"
    assert folder.stat().st_mode & 0o777 == 0o700
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_without_a_cache_nothing_is_kept(bare_cli: Cli, bot: Path) -> None:
    bare_cli("audit", ".", "--no-cache", cwd=bot)

    assert not (bare_cli.cwd / ".cache").exists()


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"a": 1}'])
def test_a_damaged_cache_costs_time_only(bare_cli: Cli, bot: Path, damage: str) -> None:
    first = bare_cli("audit", ".", "--format", "concise", cwd=bot)
    (kept,) = (bare_cli.cwd / ".cache" / "tuxdb" / "audit").iterdir()
    kept.write_text(damage)

    second = bare_cli("audit", ".", "--format", "concise", cwd=bot)

    assert (second.exit_code, second.stdout) == (first.exit_code, first.stdout)


def test_fail_on_decides_about_the_exit_code(bare_cli: Cli, bot: Path) -> None:
    dynamic = ("audit", bot, "--select", "TUX104")

    assert bare_cli(*dynamic).exit_code == ExitCode.OK
    assert bare_cli(*dynamic, "--fail-on", "warning").exit_code == ExitCode.FOUND
    assert bare_cli("audit", bot, "--exit-zero").exit_code == ExitCode.OK


def test_json_describes_every_site(bare_cli: Cli, bot: Path) -> None:
    document = bare_cli("audit", ".", "--json", cwd=bot).json()

    sites = document["data"]["sites"]
    assert document["schema"] == "tuxdb.audit/1"
    assert [(s["line"], s["class"], s["sql_is"]) for s in sites] == [
        (8, "safe", "name-resolved"),
        (12, "unsafe", "fstring"),
        (16, "dynamic-identifier", "fstring"),
    ]
    assert sites[1]["statement"] == "SELECT id FROM users WHERE name = '{name}'"
    assert sites[1]["rules"] == ["TUX107"]


def test_sarif_knows_a_statement_again_when_lines_move(
    bare_cli: Cli, bot: Path
) -> None:
    def prints() -> list[str]:
        log = bare_cli("audit", bot, "--format", "sarif").json()
        assert log["version"] == "2.1.0"
        results = log["runs"][0]["results"]
        return [r["partialFingerprints"]["sqlFingerprint/v1"] for r in results]

    before = prints()
    (bot / "main.py").write_text(f"\n\n\n{BOT}")

    assert prints() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_sarif_counts_columns_as_it_says(
    bare_cli: Cli, bot: Path, encoding: str
) -> None:
    smile = "" if encoding == "latin-1" else "\N{GRINNING FACE}"
    line = f"""x = "ä{smile}"; conn.execute(f"DELETE FROM ü WHERE a = '{{ö}}'")"""
    source = f"# coding: {encoding.removesuffix('-sig')}\r\n{line}  # ß\r\n"
    (bot / "main.py").write_bytes(source.encode(encoding))

    log = bare_cli("audit", bot, "--format", "sarif").json()

    (result,) = log["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    begin, end = (2 * (region[key] - 1) for key in ("startColumn", "endColumn"))
    assert log["runs"][0]["columnKind"] == "utf16CodeUnits"
    assert line.encode("utf-16-le")[begin:end].decode("utf-16-le").startswith("conn.")
    assert end == len(line.encode("utf-16-le"))


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("concise", "main.py:12:18: TUX107 error "),
        ("github", "::error file=main.py,line=12,"),
        ("markdown", "# SQL audit\n"),
        ("ndjson", '{"kind": "site", "file": "main.py", "line": 8,'),
    ],
)
def test_each_format_begins_as_its_reader_expects(
    bare_cli: Cli, bot: Path, form: str, start: str
) -> None:
    result = bare_cli("audit", ".", "--format", form, cwd=bot)

    assert result.stdout.startswith(start)


def test_a_baseline_leaves_only_what_is_new(bare_cli: Cli, bot: Path) -> None:
    known = bare_cli.cwd / "known.json"
    bare_cli("audit", bot, "--write-baseline", known)
    (bot / "main.py").write_text(f"\n{BOT}")

    unchanged = bare_cli("audit", bot, "--baseline", known)
    (bot / "new.py").write_text('conn.execute("DELETE FROM users WHERE a = " + a)\n')
    grown = bare_cli("audit", bot, "--baseline", known, "--format", "concise")

    assert unchanged.exit_code == ExitCode.OK
    assert "known from the baseline" in unchanged.stdout
    assert grown.exit_code == ExitCode.FOUND
    assert {line.partition(":")[0] for line in grown.stdout.splitlines()} == {
        "bot/new.py"
    }


def test_a_comment_with_a_reason_takes_a_finding_back(bare_cli: Cli, bot: Path) -> None:
    noted = BOT.replace("'{name}'\")", "'{name}'\")  # tuxdb: ignore[TUX107] trusted")
    (bot / "main.py").write_text(noted)

    result = bare_cli("audit", bot)

    assert result.exit_code == ExitCode.OK
    assert "(1 suppressed by comments)" in result.stdout


def test_sinks_of_the_project_are_configured(bare_cli: Cli, bot: Path) -> None:
    (bot / "pyproject.toml").write_text("[tool.tuxdb.audit.sinks]\ntabulate = 1\n")
    (bot / "main.py").write_text('tabulate(ctx, f"SELECT a FROM t WHERE b = {c}")\n')

    result = bare_cli("audit", ".", "--format", "concise", cwd=bot)

    assert result.stdout.startswith("main.py:1:1: TUX101 ")


def test_a_wrong_key_of_the_configuration_is_named(bare_cli: Cli, bot: Path) -> None:
    (bot / "pyproject.toml").write_text("[tool.tuxdb.audit]\nselekt = []\n")

    result = bare_cli("audit", ".", cwd=bot)

    assert result.exit_code == ExitCode.CONFIGURATION
    assert "unknown key 'selekt'" in result.stderr


def test_one_site_is_shown_in_full(bare_cli: Cli, bot: Path) -> None:
    result = bare_cli("audit", "show", "main.py:12", cwd=bot)

    assert result.exit_code == ExitCode.OK
    assert "hole: name (quoted)" in result.stdout
    assert "TUX107 error" in result.stdout


def test_a_line_without_sql_is_not_found(bare_cli: Cli, bot: Path) -> None:
    result = bare_cli("audit", "show", "main.py:1", cwd=bot)

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stdout == ""


def test_a_rule_is_explained(bare_cli: Cli) -> None:
    by_option = bare_cli("audit", "--explain", "TUX104")
    by_name = bare_cli("audit", "explain", "dynamic-identifier")

    assert by_option.stdout == by_name.stdout
    assert "Bad:" in by_option.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-folder",), "no file or folder 'no-such-folder'"),
        (("--select", "TUX999"), "there is no rule 'TUX999'"),
        (("--explain", "TUX999"), "there is no rule 'TUX999'"),
        (("--format", "xml"), "'xml' is not one of"),
        (("show", "main.py"), "'main.py' is not FILE:LINE"),
        (("--baseline", "none.json"), "cannot read none.json"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(
    bare_cli: Cli, arguments: tuple[str, ...], words: str
) -> None:
    result = bare_cli("audit", *arguments)

    assert result.exit_code == ExitCode.USAGE
    assert words in result.stderr
    assert result.stdout == ""


def test_hostile_files_are_findings_and_the_others_are_audited(
    bare_cli: Cli, bot: Path
) -> None:
    (bot / "broken.py").write_text("def f(:\n")
    (bot / "deep.py").write_text("conn.execute(" + "f(" * 5000 + ")" * 5001)
    (bot / "long.py").write_text(f"x = '{'a' * 5_000_000}'\n")
    (bot / "encoding.py").write_bytes(b"# coding: nonsense\nconn.execute('')\n")
    (bot / "bytes.py").write_bytes(b"conn.execute('\xff')\n")
    (bot / "loop").symlink_to("..")
    (bot / "away.py").symlink_to("/etc/passwd")
    os.mkfifo(bot / "pipe.py")

    result = bare_cli("audit", ".", "--json", cwd=bot)

    findings = result.json()["data"]["findings"]
    unread = {f["file"] for f in findings if f["rule"] == "TUX900"}
    assert result.exit_code == ExitCode.FOUND
    assert unread == {"broken.py", "deep.py", "long.py", "encoding.py", "bytes.py"}
    assert {s["file"] for s in result.json()["data"]["sites"]} == {"main.py"}


def test_nothing_of_a_source_reaches_the_terminal_raw(bare_cli: Cli, bot: Path) -> None:
    (bot / "main.py").write_text(
        'conn.execute(f"SELECT \x1b[31m\u202e FROM t WHERE a = {b}")\n'
    )

    shown = [
        bare_cli("audit", ".", "--format", form, cwd=bot).stdout
        for form in ("table", "concise", "json", "github", "markdown", "sarif")
    ]

    assert not any("\x1b" in text or "\u202e" in text for text in shown)


def test_a_wrapper_of_another_file_is_followed(bare_cli: Cli, bot: Path) -> None:
    (bot / "main.py").write_text(
        "class Database:\n"
        "    async def rows(self, query, *args):\n"
        "        return await self.pool.fetch(query, *args)\n"
    )
    (bot / "cog.py").write_text(
        'async def f(db, a):\n    await db.rows(f"SELECT b FROM t WHERE c = {a}")\n'
    )

    result = bare_cli("audit", ".", "--format", "concise", cwd=bot)

    assert "cog.py:2:11: TUX101 error" in result.stdout


def test_constants_of_another_module_are_followed(bare_cli: Cli, bot: Path) -> None:
    (bot / "queries.py").write_text('class Users:\n    ALL = "SELECT a FROM users"\n')
    (bot / "main.py").write_text(
        "from .queries import Users\n\n\n"
        "async def f(pool):\n    await pool.fetch(Users.ALL)\n"
    )

    (site,) = bare_cli("audit", ".", "--json", cwd=bot).json()["data"]["sites"]

    assert site["statement"] == "SELECT a FROM users"
    assert site["sql_is"] == "name-resolved"


def test_a_sql_file_that_is_read_is_the_statement(bare_cli: Cli, bot: Path) -> None:
    (bot / "all.sql").write_text("SELECT a FROM users WHERE b = 1")
    (bot / "main.py").write_text(
        'async def f(pool):\n    await pool.fetch(open("all.sql").read())\n'
    )

    (site,) = bare_cli("audit", ".", "--json", cwd=bot).json()["data"]["sites"]

    assert site["statement"] == "SELECT a FROM users WHERE b = 1"
    assert site["definition"] == "all.sql"


def test_many_files_give_the_same_report_in_any_number_of_processes(
    bare_cli: Cli, bot: Path
) -> None:
    for number in range(40):
        (bot / f"copy{number}.py").write_text(BOT)

    reports = {
        bare_cli("audit", bot, "--no-cache", "--jobs", jobs, "--format", "json")
        .stdout.partition('"seconds"')[2]
        .partition("\n")[2]
        for jobs in (1, 2, 4)
    }

    assert len(reports) == 1


def test_the_output_goes_to_a_file_if_wanted(bare_cli: Cli, bot: Path) -> None:
    target = bare_cli.cwd / "report.json"

    result = bare_cli("audit", bot, "--format", "json", "--output", target)

    assert result.stdout == ""
    assert json.loads(target.read_text())["schema"] == "tuxdb.audit/1"


def test_comments_for_ruff_count_only_if_the_project_says_so(
    bare_cli: Cli, bot: Path
) -> None:
    noted = BOT.replace("'{name}'\")", "'{name}'\")  # noqa: S608")
    (bot / "main.py").write_text(noted)

    strict = bare_cli("audit", ".", cwd=bot)
    (bot / "pyproject.toml").write_text("[tool.tuxdb.audit]\nnoqa = true\n")
    lenient = bare_cli("audit", ".", cwd=bot)

    assert strict.exit_code == ExitCode.FOUND
    assert lenient.exit_code == ExitCode.OK
