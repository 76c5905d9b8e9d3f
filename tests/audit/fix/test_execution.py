"""A cog and its rewritten self, run on one database: they do the same."""

import sys
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from tests.audit.fix.sample import queries
from tuxdb.audit.facts import Facts
from tuxdb.audit.fix.plan import FixOptions
from tuxdb.audit.schemas import Taken
from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.audit.sql.mapping import read_models
from tuxdb.audit.verdicts import Wanted, ask
from tuxdb.engine.embedded import Cluster
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

TABLE = (
    "CREATE TABLE links (id bigint PRIMARY KEY, title varchar(40) NOT NULL,"
    " url text, uses integer NOT NULL DEFAULT 0)"
)
MODEL = """
from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Link(Base):
    __tablename__ = "links"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    url: Mapped[str | None] = mapped_column(Text)
    uses: Mapped[int] = mapped_column(Integer, server_default="0")
"""
COG = """
import asyncpg


class Links:
    def __init__(self, bot):
        self.bot = bot

    async def add(self, number: int, title: str):
        await self.bot.db.execute(
            "INSERT INTO links (id, title) VALUES ($1, $2)", number, title
        )

    async def titles(self):
        rows = await self.bot.db.fetch("SELECT id, title FROM links ORDER BY id")
        return [(row["id"], row["title"]) for row in rows]

    async def first(self):
        number, title = await self.bot.db.fetchrow(
            "SELECT id, title FROM links ORDER BY id LIMIT 1"
        )
        return number, title

    async def url(self, number):
        row = await self.bot.db.fetchrow("SELECT * FROM links WHERE id = $1", number)
        return row["url"] if row else "none"

    async def count(self):
        return await self.bot.db.fetchval("SELECT COUNT(*) FROM links")

    async def without_url(self, url):
        return await self.bot.db.fetchval(
            "SELECT COUNT(*) FROM links WHERE url = $1", url
        )

    async def used(self, number: int):
        done = await self.bot.db.execute(
            "UPDATE links SET uses = uses + 1 WHERE id = $1", number
        )
        return done

    async def removed(self, number: int):
        done = await self.bot.db.execute("DELETE FROM links WHERE id = $1", number)
        return done == "DELETE 1"

    async def by_title(self, title: str):
        return await self.bot.db.fetchval(
            f"SELECT id FROM links WHERE title = '{title}'"
        )
"""
STEPS: list[tuple[str, tuple[object, ...]]] = [
    ("add", (1, "one")),
    ("add", (2, "two")),
    ("titles", ()),
    ("first", ()),
    ("url", (2,)),
    ("url", (9,)),
    ("count", ()),
    ("without_url", (None,)),
    ("used", (1,)),
    ("used", (9,)),
    ("by_title", ("two",)),
    ("removed", (9,)),
    ("removed", (2,)),
    ("titles", ()),
]


class Bot:
    """What a cog reaches the database through, in both ways."""

    def __init__(self, pool: Any, sessions: Any) -> None:
        self.db, self.get_db_session = pool, sessions


@pytest.fixture
async def bot(empty_database_url: str) -> AsyncIterator[Bot]:
    given = DatabaseUrl.parse(empty_database_url).connect_args()
    pool = await asyncpg.create_pool(min_size=1, max_size=1, **given)
    engine = create_async_engine(
        URL.create("postgresql+asyncpg"), connect_args=given, poolclass=NullPool
    )
    await pool.execute(TABLE)
    yield Bot(pool, async_sessionmaker(engine))
    await engine.dispose()
    await pool.close()


async def replaced(cluster: Cluster, bindir: Path | None, folder: Path) -> str:
    """The cog, with every call rewritten that can be."""
    (folder / "links_model.py").write_text(MODEL)
    models = read_models([folder / "links_model.py"])
    sources = {"cog.py": COG.encode()}
    facts = [Facts("cog.py", queries=tuple(queries(COG, "cog.py")))]
    settings = Settings(home=cluster.home, pg_bindir=bindir)
    taken = Taken((SchemaSource("links.sql", TABLE),), models)
    options = FixOptions(sources, session="self.bot.get_db_session()")
    wanted = Wanted(fixes=options, cached=False)
    asked = await ask(settings, taken, facts, wanted)
    assert asked.plan is not None
    (file,) = asked.plan.files
    return file.after.decode()


async def said(source: str, bot: Bot) -> list[object]:
    """What each step gives."""
    module = types.ModuleType("cog")
    exec(compile(source, "cog.py", "exec"), module.__dict__)
    cog = module.Links(bot)
    return [await getattr(cog, name)(*given) for name, given in STEPS]


async def test_every_result_is_the_same(
    cluster: Cluster,
    bindir: Path | None,
    bot: Bot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("postgast")
    monkeypatch.syspath_prepend(tmp_path)
    source = await replaced(cluster, bindir, tmp_path)
    before = await said(COG, bot)
    await bot.db.execute("TRUNCATE links")

    after = await said(source, bot)

    sys.modules.pop("links_model", None)
    assert "self.bot.db" not in source
    assert after == before
