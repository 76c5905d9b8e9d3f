"""Models that are imported, in a process of their own, because it was asked for."""

import time
from pathlib import Path

import pytest

from tests.audit.sql.conftest import Opener
from tests.audit.sql.importing_project import NAME, written
from tuxdb.audit.sql.mapping import read_models
from tuxdb.audit.sql.mapping.imported import Imported, import_models
from tuxdb.audit.sql.results import Converted

LINKS = """

class Kind(enum.Enum):
    web = 1
    gopher = 2


class Reversed(TypeDecorator):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value[::-1]


def counter(name):
    return mapped_column(f"{name}_count", BigInteger, nullable=False)


class Link(Base):
    __tablename__ = "links"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[Kind]
    code = mapped_column(Reversed)
    tags = mapped_column(ARRAY(Text))
    data = mapped_column(JSONB, server_default=text("'{}'"))
    notes = mapped_column(Text, deferred=True)
    seen = mapped_column(DateTime(timezone=True), default=func.now())
    clicks = counter("click")
    for word in ("like", "share"):
        locals()[word] = counter(word)


plain = Table("plain", Base.metadata, Column("link", ForeignKey("links.id")))
"""


def test_what_functions_and_loops_make_is_known(tmp_path: Path) -> None:
    project = written(tmp_path, LINKS)

    (link,) = import_models(NAME, project).models
    (read,) = read_models([project / "bot" / "models.py"])

    names = ["click_count", "like_count", "share_count"]
    assert (link.name, link.module, link.table) == ("Link", "bot.models", "links")
    assert [one.name for one in link.columns[-3:]] == names
    assert not {one.name for one in read.columns} & set(names)


def test_types_are_those_of_source_and_what_changes_values_has_none(
    tmp_path: Path,
) -> None:
    (link,) = import_models(NAME, written(tmp_path, LINKS)).models

    assert {one.name: one.type for one in link.columns[:7]} == {
        "id": "BigInteger",
        "kind": "",
        "code": "",
        "tags": "ARRAY(Text)",
        "data": "JSONB",
        "notes": "",
        "seen": "DateTime(timezone=True)",
    }
    assert [one.name for one in link.columns if one.default] == ["seen"]


async def test_the_schema_has_every_table_and_proves_with_the_class(
    opened: Opener, tmp_path: Path
) -> None:
    known = import_models(NAME, written(tmp_path, LINKS))
    text = "UPDATE links SET like_count = like_count + 1 WHERE id = $1"

    async with opened(known.script, models=known.models) as schema:
        converted = await schema.convert(text)
        other = await schema.check("SELECT link FROM plain WHERE link = $1")

        assert schema.problems == ()
        assert other.problems == ()
        assert isinstance(converted, Converted)
        assert "from bot.models import Link" in converted.imports
        assert (await schema.prove(text, converted)).state == "proved"


def test_all_modules_of_the_package_count_but_none_that_starts_it(
    tmp_path: Path,
) -> None:
    project = written(tmp_path, "")
    (project / "bot" / "more.py").write_text(
        "from bot.models import *\n\n\nclass More(Base):\n"
        "    __tablename__ = 'more'\n"
        "    id = mapped_column(Integer, primary_key=True)\n"
    )
    (project / "bot" / "__main__.py").write_text("raise SystemExit('started')\n")
    (project / "bot" / "__init__.py").write_text("from bot.models import Base\n")

    known = import_models("bot:Base", project)

    assert known.tables == ("more",)
    assert known.said == "1 table of bot:Base, imported"


def test_sqlmodel_is_imported_too(tmp_path: Path) -> None:
    (tmp_path / "heroes.py").write_text(
        "from sqlmodel import Field, SQLModel\n\n\nclass Hero(SQLModel, table=True):\n"
        "    id: int | None = Field(default=None, primary_key=True)\n"
        "    name: str = Field(max_length=50)\n"
    )

    known = import_models("heroes:SQLModel.metadata", tmp_path)

    assert [one.type for one in known.models[0].columns] == [
        "Integer",
        "String(length=50)",
    ]


INHERITED = """
class One(Base):
    __tablename__ = "t"
    __mapper_args__ = {"polymorphic_on": "kind"}
    kind = mapped_column(Text, primary_key=True)
"""
VERSIONED = """
class One(Base):
    __tablename__ = "t"
    version = mapped_column(Integer, primary_key=True)
    __mapper_args__ = {"version_id_col": version}
"""
NAMELESS = """
def made():
    class One(Base):
        __tablename__ = "t"
        id = mapped_column(Integer, primary_key=True)
    return One

Other = made()
"""


@pytest.mark.parametrize("code", [INHERITED, VERSIONED, NAMELESS])
def test_a_class_that_does_more_or_has_no_name_is_only_a_table(
    tmp_path: Path, code: str
) -> None:
    known = import_models(NAME, written(tmp_path, code))

    assert known.tables == ("t",)
    assert known.models == ()


def test_what_is_printed_is_not_read(tmp_path: Path) -> None:
    noise = 'print(\'{"error": "no"}\' * 100_000)\nsys.stderr.write("x" * 1_000_000)\n'

    known = import_models(NAME, written(tmp_path, noise + LINKS))

    assert known.tables == ("links", "plain")


def test_a_thread_that_goes_on_does_not_hold_it_up(tmp_path: Path) -> None:
    code = "import threading\nthreading.Thread(target=time.sleep, args=(50,)).start()\n"
    begun = time.monotonic()

    assert import_models(NAME, written(tmp_path, code)).tables == ()
    assert time.monotonic() - begun < 30


def test_nothing_is_left_in_the_project_and_nothing_is_asked(tmp_path: Path) -> None:
    project = written(
        tmp_path, "assert sys.stdin.read() == ''\nassert not sys.argv[1:]"
    )
    before = sorted(project.rglob("*"))

    assert import_models(NAME, project) == Imported(NAME)
    assert sorted(project.rglob("*")) == before
