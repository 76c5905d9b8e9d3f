"""Model classes written from a schema."""

import pytest

from tuxdb.audit.models import missing_models, model_source
from tuxdb.errors import NotFound
from tuxdb.urls import DatabaseUrl

GENERATED = """
from sqlalchemy import BigInteger, ForeignKeyConstraint, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Links(Base):
    __tablename__ = 'links'

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)

    tags: Mapped[list['Tags']] = relationship('Tags', back_populates='link')


class Tags(Base):
    __tablename__ = 'tags'
    __table_args__ = (ForeignKeyConstraint(['link_id'], ['links.id']),)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    link_id: Mapped[int] = mapped_column(BigInteger)

    link: Mapped['Links'] = relationship('Links', back_populates='tags')
"""


def test_only_tables_without_a_model_get_a_class() -> None:
    text = missing_models(GENERATED, have=frozenset({"links"}))

    assert text == (
        "from sqlalchemy import BigInteger, ForeignKeyConstraint, Text\n"
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "\n\n"
        "class Base(DeclarativeBase):\n"
        "    pass\n"
        "\n\n"
        "class Tags(Base):\n"
        '    __tablename__ = "tags"\n'
        '    __table_args__ = (ForeignKeyConstraint(["link_id"], ["links.id"]),)\n'
        "\n"
        "    name: Mapped[str] = mapped_column(Text, primary_key=True)\n"
        "    link_id: Mapped[int] = mapped_column(BigInteger)\n"
    )


def test_the_projects_own_base_is_imported() -> None:
    text = missing_models(GENERATED, only=["links"], base="models.base:Model")

    assert "from models.base import Model as Base\n" in text
    assert "DeclarativeBase" not in text


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(NotFound, match="no table polls"):
        missing_models(GENERATED, only=["polls"])


def test_nothing_is_written_if_every_table_has_its_model() -> None:
    assert missing_models(GENERATED, have=frozenset({"links", "tags"})) == ""


async def test_a_database_is_read_and_its_models_compile(database_url: str) -> None:
    pytest.importorskip("sqlacodegen")

    text = await model_source(
        DatabaseUrl.parse(database_url), have=frozenset({"users"})
    )

    compile(text, "models.py", "exec")
    assert '__tablename__ = "guild_configs"' in text
    assert '__tablename__ = "users"' not in text
