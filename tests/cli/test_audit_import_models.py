"""`tuxdb audit --import-models`: a person lets the project's own models be imported."""

from pathlib import Path

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

pytest.importorskip("postgast")

MODELS = """from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

open("canary", "w").close()


class Base(DeclarativeBase):
    pass


def counter(name):
    return mapped_column(f"{name}_count", BigInteger, nullable=False)


class Link(Base):
    __tablename__ = "links"
    id = mapped_column(BigInteger, primary_key=True)
    clicks = counter("click")
    for word in ("like", "share"):
        locals()[word] = counter(word)


def made(name):
    return type(name.title(), (Base,), {
        "__tablename__": name, "id": mapped_column(Text, primary_key=True)
    })


Guild = made("guild")
"""
COG = """class Links:
    async def like(self, number: int):
        await self.bot.db.execute(
            "UPDATE links SET like_count = like_count + 1 WHERE id = $1", number
        )

    async def guilds(self):
        return await self.bot.db.fetch("SELECT id FROM guild")
"""
SETTING = 'models = "models:Base.metadata"\n'
FLAG = "--import-models"


@pytest.fixture
def project(cli: Cli, tmp_path: Path) -> Path:
    """A bot whose columns and tables are made by code."""
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "tuxdb.toml").write_text(SETTING)
    (folder / "models.py").write_text(MODELS)
    (folder / "cog.py").write_text(COG)
    return folder


def unknown(cli: Cli, project: Path, *arguments: str) -> list[str]:
    """What is said to be unknown, and to have no model."""
    wish = ("--select", "TUX302,TUX204", "--format", "concise")
    return cli("audit", ".", *wish, *arguments, cwd=project).stdout.splitlines()


def test_what_code_makes_is_known_with_the_flag_alone(cli: Cli, project: Path) -> None:
    without = " ".join(unknown(cli, project))
    never = (project / "canary").exists()

    assert 'TUX302 error column "like_count" does not exist' in without
    assert "there is no model for the table guild" in without
    assert not never
    assert unknown(cli, project, FLAG) == []
    assert (project / "canary").exists()


def test_it_is_said_that_models_were_imported(cli: Cli, project: Path) -> None:
    line = "schema: 2 tables of models:Base.metadata, imported"

    report = cli("audit", ".", FLAG, cwd=project).stdout
    shown = cli("audit", "show", "cog.py:4", FLAG, cwd=project).stdout
    also = cli("audit", "--show-sql", "cog.py:4", FLAG, cwd=project).stdout

    assert f"  {line}\n" in report
    assert f"{line}\nreplacement: proved\n  update(Link)" in shown
    assert also == shown


def test_beside_another_schema_the_classes_are_those_imported(
    cli: Cli, project: Path
) -> None:
    (project / "own.sql").write_text(
        "CREATE TABLE links (id bigint PRIMARY KEY, like_count bigint NOT NULL);"
    )

    shown = cli(
        "audit", "show", "cog.py:4", FLAG, "--schema", "own.sql", cwd=project
    ).stdout

    assert "own.sql; models: 2 tables of models:Base.metadata, imported" in shown
    assert "update(Link)" in shown


def test_the_configuration_is_that_of_the_project_that_is_audited(
    cli: Cli, project: Path
) -> None:
    (project / "tuxdb.toml").unlink()
    (project / "pyproject.toml").write_text(f"[tool.tuxdb]\n{SETTING}")
    (project / ".env").write_text(f"DATABASE_URL={'sqlite'}:///bot.db\n")

    result = cli("audit", project / "cog.py", FLAG, "--select", "TUX302")

    assert result.exit_code == ExitCode.OK
    assert "models:Base.metadata, imported" in result.stdout


def test_models_are_missing_only_for_tables_without_an_imported_one(
    cli: Cli, project: Path
) -> None:
    (project / "own.sql").write_text(
        "CREATE TABLE links (id bigint PRIMARY KEY);\n"
        "CREATE TABLE polls (id bigint PRIMARY KEY);"
    )

    written = cli("audit", "models", ".", FLAG, "--schema", "own.sql", cwd=project)

    assert '__tablename__ = "polls"' in written.stdout
    assert "links" not in written.stdout


@pytest.mark.parametrize(
    "command", [("audit", "."), ("audit", "models", "."), ("audit", "show", "cog.py:4")]
)
def test_without_the_setting_the_flag_names_it(
    cli: Cli, project: Path, command: tuple[str, ...]
) -> None:
    (project / "tuxdb.toml").write_text("")

    result = cli(*command, FLAG, cwd=project)

    assert result.exit_code == ExitCode.USAGE
    assert "`models`" in result.stderr
    assert 'models = "package.module:Base.metadata"' in result.stderr
    assert not (project / "canary").exists()


def test_the_flag_does_not_go_without_a_database(cli: Cli, project: Path) -> None:
    for command in (("audit", "."), ("audit", "show", "cog.py:4")):
        result = cli(*command, FLAG, "--no-db", cwd=project)

        assert result.exit_code == ExitCode.USAGE
    assert not (project / "canary").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('first\\nno \\x1b[31mtoken')\n", "token"),
        ("import sys\nsys.exit('no token')\n", "SystemExit: no token"),
        (
            "import os\nprint('{}', flush=True)\nos._exit(0)\n",
            "ended with 0 and no answer ({})",
        ),
    ],
)
def test_a_failing_import_is_one_error(
    cli: Cli, project: Path, code: str, said: str
) -> None:
    (project / "models.py").write_text(code)

    result = cli("audit", ".", FLAG, cwd=project)

    assert result.exit_code == ExitCode.CONFIGURATION
    assert result.stdout == ""
    assert result.stderr.startswith("error: models: models cannot be imported: ")
    assert result.stderr.rstrip().endswith(said)
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.stderr
