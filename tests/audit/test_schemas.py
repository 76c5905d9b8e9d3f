"""Which schema is taken of those that a project shows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tuxdb.audit.options import Options
from tuxdb.audit.run import gather
from tuxdb.audit.schemas import NoSchema, Taken, take
from tuxdb.audit.sql.mapping.imported import Imported

QUERY = 'async def f(conn):\n    await conn.fetch("SELECT a FROM links")\n'
MODEL = """from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Link(Base):
    __tablename__ = "links"
    a: Mapped[int] = mapped_column(primary_key=True)
"""
REVISION = """import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade():
    op.create_table("links", sa.Column("a", sa.Integer()))
    for one in rows():
        op.execute(one)
"""
Taker = Callable[..., "object"]


async def taken(
    folder: Path, choice: str = "auto", imported: Imported | None = None
) -> Taken:
    (folder / "cog.py").write_text(QUERY)
    found = gather([folder], Options(cache=False, top=folder))
    return await take(choice, found.facts, found.scripts, folder, imported)


async def test_a_script_is_found_and_named(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE links (a int);")

    found = await taken(tmp_path)

    assert found.said == "schema.sql"
    assert not found.partial


async def test_what_changes_a_table_comes_in_the_order_of_its_number(
    tmp_path: Path,
) -> None:
    (tmp_path / "V1.sql").write_text("CREATE TABLE links (a int);")
    (tmp_path / "V10.sql").write_text("ALTER TABLE links ADD c int;")
    (tmp_path / "V9.sql").write_text("ALTER TABLE links ADD b int;")

    found = await taken(tmp_path)

    assert [one.path for one in found.scripts] == ["V1.sql", "V9.sql", "V10.sql"]


async def test_revisions_are_read_and_what_is_computed_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.py").write_text(REVISION)

    found = await taken(tmp_path)

    assert "CREATE TABLE links" in found.scripts[0].text
    assert found.said.startswith("1 Alembic revision in ")
    assert found.left_out == (f"{tmp_path / 'one.py'}:10: for",)


async def test_models_are_read_and_never_imported(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(f"raise SystemExit\n{MODEL}")

    found = await taken(tmp_path)

    assert found.said == "1 model, read from source"
    assert found.models[0].table == "links"


async def test_what_the_program_creates_is_a_schema_too(tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(
        'import asyncpg\n\nconn.execute("CREATE TEMP TABLE links (a int)")\n'
    )

    found = await taken(tmp_path)

    assert found.scripts[0].text == "CREATE TABLE links (a int)"
    assert found.said == "CREATE TABLE in the program, start.py:3 the first"


async def test_the_source_with_most_of_the_tables_in_use_is_taken(
    tmp_path: Path,
) -> None:
    (tmp_path / "other.sql").write_text("CREATE TABLE unrelated (a int);")
    (tmp_path / "models.py").write_text(MODEL)

    assert (await taken(tmp_path)).said == "1 model, read from source"


async def test_a_guess_that_lacks_most_tables_is_called_partial(
    tmp_path: Path,
) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE links (a int);")
    (tmp_path / "more.py").write_text(
        'async def f(conn):\n    await conn.fetch("SELECT 1 FROM b, c JOIN d ON true")'
        '\n    await conn.fetch("SELECT 1 FROM e")\n'
    )

    found = await taken(tmp_path)

    assert found.partial
    assert found.said == "schema.sql (only 1 of 4 tables in use)"


@pytest.mark.parametrize("choice", ["auto", "models"])
async def test_a_project_without_a_schema_says_so(tmp_path: Path, choice: str) -> None:
    with pytest.raises(NoSchema):
        await taken(tmp_path, choice)


async def test_a_folder_of_revisions_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "one.py").write_text(REVISION)

    found = await taken(tmp_path, str(tmp_path / "versions"))

    assert "CREATE TABLE links" in found.scripts[0].text


@pytest.mark.parametrize("choice", ["auto", "models"])
async def test_imported_models_come_before_what_is_no_better(
    tmp_path: Path, choice: str
) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE links (a int);")
    imported = Imported("bot:Base", "CREATE TABLE links ();", tables=("links",))

    found = await taken(tmp_path, choice, imported)

    assert found.said == "1 table of bot:Base, imported"
    assert [one.text for one in found.scripts] == ["CREATE TABLE links ();"]


async def test_imported_models_leave_no_model_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODEL)

    found = await taken(tmp_path, imported=Imported("bot:Base", tables=("links",)))

    assert found.models == ()
