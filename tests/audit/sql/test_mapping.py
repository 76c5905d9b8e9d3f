"""Models are read from source; nothing of it is imported."""

from pathlib import Path

import pytest

from tests.audit.sql.conftest import Opener
from tuxdb.audit.sql.mapping import ModelSource, read_models
from tuxdb.audit.sql.mapping.ddl import schema_of
from tuxdb.audit.sql.results import Converted

SOURCE = """
import os
from datetime import datetime
from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

os.abort()  # reading is not running


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger}


class Stamped:
    made: Mapped[datetime] = mapped_column(server_default=func.now())


class Guild(Base):
    __tablename__ = "guilds"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column("name", String(100))
    prefix: Mapped[str | None]
    notes: Mapped[list["Note"]] = relationship()


class Note(Stamped, Base):
    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("guild_id", "body"), {"comment": "x"})

    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guilds.id"))
    body: Mapped[str]
    done: Mapped[bool] = mapped_column(default=False)
"""
SQLMODEL = """
from sqlmodel import Field, SQLModel


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, max_length=50)
    age: int | None = None
    rank: int = 0
"""


@pytest.fixture
def models(tmp_path: Path) -> tuple[ModelSource, ...]:
    package = tmp_path / "bot"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(SOURCE)
    (package / "heroes.py").write_text(SQLMODEL)
    return read_models(sorted(package.glob("*.py")))


def test_classes_are_found_with_their_module(models: tuple[ModelSource, ...]) -> None:
    assert [(one.name, one.module, one.table) for one in models] == [
        ("Hero", "bot.heroes", "hero"),
        ("Guild", "bot.models", "guilds"),
        ("Note", "bot.models", "notes"),
    ]


def test_columns_come_from_calls_annotations_and_mixins(
    models: tuple[ModelSource, ...],
) -> None:
    guild, note = models[1], models[2]

    assert [(one.attribute, one.name, one.type) for one in guild.columns] == [
        ("id", "id", "BigInteger"),
        ("title", "name", "String(100)"),
        ("prefix", "prefix", "String"),
    ]
    assert {one.name for one in note.columns} == {
        "id",
        "guild_id",
        "body",
        "done",
        "made",
    }
    assert note.uniques == (("guild_id", "body"),)


async def test_models_alone_are_a_schema(
    opened: Opener, models: tuple[ModelSource, ...]
) -> None:
    async with opened(schema_of(models), models=models) as schema:
        assert schema.problems == ()
        checked = await schema.check(
            "INSERT INTO notes (guild_id, body) VALUES ($1, $2) "
            "ON CONFLICT (guild_id, body) DO NOTHING"
        )
        assert checked.problems == ()


async def test_a_statement_is_written_with_the_projects_classes(
    opened: Opener, models: tuple[ModelSource, ...]
) -> None:
    text = "SELECT name FROM guilds WHERE id = $1"
    async with opened(schema_of(models), models=models) as schema:
        converted = await schema.convert(text)

        assert isinstance(converted, Converted)
        assert converted.expression == (
            "select(Guild.title).where(Guild.id == tuxdb_arg_1)"
        )
        assert "from bot.models import Guild" in converted.imports
        assert (await schema.prove(text, converted)).state == "proved"


async def test_a_default_that_sqlalchemy_would_add_rules_a_class_out(
    opened: Opener, models: tuple[ModelSource, ...]
) -> None:
    text = "INSERT INTO notes (guild_id, body) VALUES ($1, $2)"
    async with opened(
        schema_of(models).replace('"done" BOOLEAN NOT NULL', '"done" BOOLEAN'),
        models=models,
    ) as schema:
        converted = await schema.convert(text)

        assert isinstance(converted, Converted)
        assert converted.models == ()
        assert "default for done" in converted.changes[0]
        assert (await schema.prove(text, converted)).state == "proved"


async def test_a_column_of_a_type_of_the_projects_own_does_not_stop_a_proof(
    opened: Opener, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(
        "class Poll(Base):\n    __tablename__ = 'polls'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    kind = mapped_column(Enum(Kind))\n"
    )
    models = read_models([tmp_path / "own.py"])
    text = "SELECT id FROM polls WHERE id = $1"

    async with opened(
        "CREATE TABLE polls (id int, kind text)", models=models
    ) as schema:
        converted = await schema.convert(text)

        assert isinstance(converted, Converted)
        assert (await schema.prove(text, converted)).state == "proved"
