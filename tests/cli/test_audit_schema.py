"""`tuxdb audit` with a schema: found by itself, named, proved, kept, lost."""

import json
from pathlib import Path

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

pytest.importorskip("postgast")

SCHEMA = """CREATE TABLE links (id bigint PRIMARY KEY, url text, author bigint);
CREATE INDEX ON links (nothing);
"""
COG = """import asyncpg


class Links:
    async def remove(self, number: int):
        await self.bot.db.execute("DELETE FROM links WHERE id = $1", number)

    async def url(self, number: int):
        return await self.bot.db.fetchval("SELECT ulr FROM links WHERE id = $1", number)

    async def strangers(self):
        return await self.bot.db.fetch(
            "SELECT id FROM links WHERE id NOT IN (SELECT author FROM links)"
        )

    async def alike(self, url: str):
        return await self.bot.db.fetch("SELECT id FROM links WHERE url % $1", url)
"""
BOT = """class Bot:
    def get_db_session(self):
        return self.sessions()
"""


@pytest.fixture
def project(cli: Cli, tmp_path: Path) -> Path:
    """A bot with a schema that tuxdb has to find."""
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "schema.sql").write_text(SCHEMA)
    (folder / "cog.py").write_text(COG)
    (folder / "bot.py").write_text(BOT)
    return folder


def found(cli: Cli, project: Path, *arguments: str) -> list[str]:
    """The place and the rule of each finding."""
    result = cli("audit", ".", "--format", "concise", *arguments, cwd=project)
    lines = [line.split() for line in result.stdout.splitlines()]
    return [f"{line[0].split(':')[1]} {line[1]}" for line in lines]


def sites(cli: Cli, project: Path, *arguments: str) -> list[dict[str, object]]:
    """The sites of the report."""
    document = cli("audit", ".", "--json", *arguments, cwd=project).json()
    return list(document["data"]["sites"])


def test_the_schema_is_found_named_and_what_it_lacks_is_told(
    cli: Cli, project: Path
) -> None:
    result = cli("audit", ".", "--all", cwd=project)

    assert result.exit_code == ExitCode.FOUND
    assert "  schema: schema.sql" in result.stdout
    assert "refused: schema.sql:2: INDEX: column" in result.stdout
    assert 'TUX302 cog.py:9  column "ulr" does not exist' in result.stdout
    assert "→ did you mean url?" in cli("audit", "show", "cog.py:9", cwd=project).stdout


def test_doubts_and_extensions_come_from_the_schema(cli: Cli, project: Path) -> None:
    rules = found(cli, project, "--select", "TUX3")

    assert rules == ["9 TUX302", "12 TUX305", "17 TUX306"]


def test_without_a_database_nothing_is_asked(cli: Cli, project: Path) -> None:
    assert found(cli, project, "--no-db", "--select", "TUX3") == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--no-db", "--prove"), ExitCode.USAGE),
        (("--schema", "none.sql"), ExitCode.USAGE),
        (("--schema", "models"), ExitCode.CONFIGURATION),
        (("--schema", "mysql://a:secret@b/c"), ExitCode.CONFIGURATION),
        (("--schema", "postgresql://a:secret@127.0.0.1:1/c"), ExitCode.UNREACHABLE),
    ],
)
def test_a_schema_that_was_asked_for_and_is_not_there_is_an_error(
    cli: Cli, project: Path, arguments: tuple[str, ...], code: ExitCode
) -> None:
    result = cli("audit", ".", *arguments, cwd=project)

    assert result.exit_code == code
    assert result.stdout == ""
    assert "secret" not in result.stderr


def test_a_live_database_is_a_schema(
    cli: Cli, project: Path, database_url: str
) -> None:
    (project / "cog.py").write_text(
        'async def f(conn):\n    await conn.fetch("SELECT pionts FROM users")\n'
    )

    assert found(cli, project, "--schema", database_url, "--select", "TUX302") == [
        "2 TUX302"
    ]


def test_what_is_reported_is_what_fix_does(cli: Cli, project: Path) -> None:
    states = {
        site["line"]: (site["proof"], site["fix"])
        for site in sites(cli, project, "--prove")
    }
    cli("audit", ".", "--fix", cwd=project)

    assert states[6] == (
        "proved",
        {"state": "applicable", "kind": "rewrite", "reason": None},
    )
    proof, fix = states[12]
    assert proof == "proved"
    assert fix == {
        "state": "unsafe",
        "kind": "rewrite",
        "reason": "the result is returned",
    }
    changed = (project / "cog.py").read_text()
    assert "DELETE FROM links" not in changed
    assert "NOT IN" in changed


def test_pairs_are_executed_if_wanted(cli: Cli, project: Path) -> None:
    proofs = [site["proof"] for site in sites(cli, project, "--execute")]

    assert proofs == ["executed", None, "executed", "executed"]


def test_a_second_run_answers_from_what_is_kept(cli: Cli, project: Path) -> None:
    first = sites(cli, project, "--prove")
    (kept,) = (cli.cwd / ".cache" / "tuxdb" / "audit").glob("*.answers.json")
    second = sites(cli, project, "--prove")
    kept.write_text('{"schema": 1, "answers": {"x": []}, "proved": 5}')
    third = sites(cli, project, "--prove")

    assert kept.stat().st_mode & 0o777 == 0o600
    assert first == second == third


def test_a_proof_that_holds_no_longer_is_found(cli: Cli, project: Path) -> None:
    wish = ("audit", ".", "--prove", "--select", "TUX106")
    before = cli(*wish, cwd=project)
    (project / "schema.sql").write_text(SCHEMA.replace("id bigint", "nr bigint"))

    after = cli(*wish, cwd=project)

    assert before.exit_code == ExitCode.OK
    assert after.exit_code == ExitCode.FOUND
    assert "a proof holds no longer: cog.py:6" in after.stdout


def test_one_site_is_shown_with_its_uses_and_its_replacement(
    cli: Cli, project: Path
) -> None:
    shown = cli("audit", "show", "cog.py:6", cwd=project).stdout
    also = cli("audit", "--show-sql", "cog.py:6", cwd=project).stdout
    (data,) = cli("audit", "show", "cog.py:6", "--json", cwd=project).json()["data"]

    assert shown == also
    assert "use: unused (line 6)" in shown
    assert "replacement: proved" in shown
    assert "links_table.c.id == number" in shown
    assert "--fix: would write" in shown
    assert [use["kind"] for use in data["uses"]] == ["unused"]


def test_a_part_of_a_project_is_checked_with_its_schema(
    cli: Cli, project: Path
) -> None:
    (project / ".git").mkdir()
    (project / "cogs").mkdir()
    (project / "cog.py").rename(project / "cogs" / "cog.py")

    result = cli("audit", "cogs/cog.py", "--format", "concise", cwd=project)

    assert "cogs/cog.py:9:22: TUX302 error" in result.stdout


def test_what_cannot_be_read_counts_only_with_strict(cli: Cli, project: Path) -> None:
    (project / "cog.py").write_text("async def f(conn):\n    conn.fetchrow(g())\n")
    wish = ("audit", ".", "--no-db")

    assert cli(*wish, cwd=project).exit_code == ExitCode.OK
    assert cli(*wish, "--strict", cwd=project).exit_code == ExitCode.FOUND
    assert cli(*wish, "--strict", "--exit-zero", cwd=project).exit_code == ExitCode.OK


def test_sarif_offers_the_fixes_that_may_be_made(cli: Cli, project: Path) -> None:
    (project / "cog.py").write_text(
        "async def f(conn, ä: int):\n"
        '    await conn.fetch(f"SELECT id FROM links WHERE id = {ä}")\n'
    )

    log = cli("audit", ".", "--prove", "--format", "sarif", cwd=project).json()

    (result,) = (r for r in log["runs"][0]["results"] if r["ruleId"] == "TUX102")
    (change,) = result["fixes"][0]["artifactChanges"]
    assert [part["insertedContent"]["text"] for part in change["replacements"]] == [
        '"SELECT id FROM links WHERE id = $1"',
        ", ä",
    ]
    assert all(rule["helpUri"] for rule in log["runs"][0]["tool"]["driver"]["rules"])


def test_nothing_of_the_project_is_imported_or_written(cli: Cli, project: Path) -> None:
    canary = project / "canary"
    trap = f"open({str(canary)!r}, 'w').close()\n"
    (project / "sitecustomize.py").write_text(trap)
    (project / "models.py").write_text(
        f"{trap}from sqlmodel import SQLModel\n\n\n"
        "class Link(SQLModel, table=True):\n    __tablename__ = 'links'\n    id: int\n"
    )
    (project / "one.py").write_text(
        f"{trap}revision = '1'\ndown_revision = None\n\n\ndef upgrade():\n    {trap}"
    )
    before = sorted(project.rglob("*"))

    for choice in ("auto", "models", "one.py"):
        cli("audit", ".", "--prove", "--schema", choice, cwd=project)
    cli("audit", ".", "--diff", cwd=project)
    cli("audit", "models", ".", cwd=project)

    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    "address", [f"{'sqlite'}:///bot.db", "mysql://bot:secret@db/bot"]
)
def test_the_settings_of_the_bot_are_not_ours_to_judge(
    cli: Cli, project: Path, address: str
) -> None:
    (project / ".env").write_text(f"DATABASE_URL={address}\n")
    cli.environ.pop("TUXDB_DATABASE_URL")

    report = cli("audit", ".", "--format", "json", cwd=project)
    models = cli("audit", "models", ".", cwd=project)

    assert json.loads(report.stdout)["data"]["summary"]["checked"]
    assert models.exit_code == ExitCode.OK
    assert '__tablename__ = "links"' in models.stdout


def test_no_server_starts_where_nothing_is_to_be_asked(
    cli: Cli, project: Path, home: Path
) -> None:
    (project / "cog.py").write_text(
        f"import {'aio'}{'sqlite'}\n\n\n"
        'async def f(db):\n    await db.execute_fetchall("SELECT id FROM links")\n'
    )

    result = cli("audit", ".", "--json", cwd=project)

    assert result.data["summary"]["schema"]["taken"] == "schema.sql"
    assert not home.exists()
