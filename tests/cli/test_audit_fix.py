"""`tuxdb audit --diff` and `--fix`."""

import subprocess
from pathlib import Path

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

SCHEMA = "CREATE TABLE links (id bigint PRIMARY KEY, url text);\n"
MODEL = """from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Link(Base):
    __tablename__ = "links"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    url: Mapped[str | None] = mapped_column(Text)
"""
BOT = """class Bot:
    def get_db_session(self):
        return self.sessions()
"""
COG = """import asyncpg


class Links:
    async def remove(self, number: int):
        await self.bot.db.execute("DELETE FROM links WHERE id = $1", number)

    async def everything(self):
        return await self.bot.db.fetch("SELECT * FROM links")
"""
FIXED = """import asyncpg
from sqlalchemy import delete

from models import Link


class Links:
    async def remove(self, number: int):
        async with self.bot.get_db_session() as session:
            stmt = delete(Link).where(Link.id == number)
            await session.execute(stmt)
            await session.commit()

    async def everything(self):
        return await self.bot.db.fetch("SELECT * FROM links")
"""


@pytest.fixture
def project(tmp_path: Path, cli: Cli) -> Path:
    """A small bot."""
    pytest.importorskip("postgast")
    (tmp_path / "bot").mkdir()
    folder = tmp_path / "bot"
    (folder / "schema.sql").write_text(SCHEMA)
    (folder / "models.py").write_text(MODEL)
    (folder / "cog.py").write_text(COG)
    (folder / "bot.py").write_text(BOT)
    return folder


def test_a_diff_writes_nothing_and_git_applies_it(cli: Cli, project: Path) -> None:
    result = cli("audit", ".", "--diff", cwd=project)

    assert result.exit_code == ExitCode.FOUND
    assert (project / "cog.py").read_text() == COG
    subprocess.run(
        ["git", "apply", "-"], input=result.stdout.encode(), cwd=project, check=True
    )
    assert (project / "cog.py").read_text() == FIXED


def test_a_fix_is_made_once_and_unsafe_ones_are_only_offered(
    cli: Cli, project: Path
) -> None:
    first = cli("audit", ".", "--fix", cwd=project)
    second = cli("audit", ".", "--fix", cwd=project)

    assert (first.exit_code, second.exit_code) == (ExitCode.OK, ExitCode.OK)
    assert first.stderr == (
        "fixed: 1 call in 1 file\nwith --unsafe-fixes: 1 call more\n"
    )
    assert second.stderr.startswith("fixed: 0 calls in 0 files\n")
    assert (project / "cog.py").read_text() == FIXED


def test_unsafe_fixes_need_an_order(cli: Cli, project: Path) -> None:
    result = cli("audit", ".", "--unsafe-fixes", cwd=project)

    assert result.exit_code == ExitCode.USAGE


def test_models_are_written_for_tables_without_one(cli: Cli, project: Path) -> None:
    pytest.importorskip("sqlacodegen")
    more = "CREATE TABLE tags (name text PRIMARY KEY);\n"
    (project / "schema.sql").write_text(SCHEMA + more)

    result = cli("audit", "models", ".", "--base", "models:Base", cwd=project)

    assert result.exit_code == ExitCode.OK, result.stderr
    assert "from models import Base\n" in result.stdout
    assert '__tablename__ = "tags"' in result.stdout
    assert '"links"' not in result.stdout
