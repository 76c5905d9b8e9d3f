"""A raw call as a method of a repository, as the second guide ends."""

from tests.audit.fix.sample import (
    BY_COLUMNS,
    DELETE,
    PATH,
    SESSION,
    method,
    queries,
)
from tuxdb.audit.fix.outcomes import Conversion
from tuxdb.audit.fix.plan import FixOptions, plan
from tuxdb.audit.fix.repository import parameters
from tuxdb.audit.sql.results import Converted, Proof

FETCH = 'await self.bot.db.fetch("SELECT id, url FROM links WHERE id = $1", key)'
DONE = 'await self.bot.db.execute("DELETE FROM links WHERE id = $1", key)'
ROWS = f'rows = {FETCH}\nreturn [row["url"] for row in rows]'
EXISTING = '''"""Repositories."""

from models.links import Link


class LinkRepository:
    def __init__(self, session_factory):
        self.session_factory = session_factory

    async def find_by_key(self, key):
        """Another one."""


LIMIT = 5
'''


def written(
    source: str, converted: Converted, **others: str
) -> dict[str, tuple[bytes | None, str]]:
    """The files that change, with what they were and what they are."""
    one = Converted(
        converted.expression, imports=converted.imports, models=("models.links.Link",)
    )
    known = {
        query: Conversion(one, Proof("proved"), types=("bigint",))
        for query in queries(source)
    }
    files = {PATH: source, "models/links.py": "class Link: ...\n", **others}
    sources = {path: text.encode() for path, text in files.items()}
    options = FixOptions(sources, session=SESSION, repository=True)
    made = plan(list(known), known, options)
    return {file.path: (file.before, file.after.decode()) for file in made.files}


def test_a_new_repository_gets_the_statement_and_is_called() -> None:
    files = written(method(ROWS), BY_COLUMNS)

    before, after = files["repositories/link_repository.py"]
    assert before is None
    assert after == (
        '"""Repository of `links`."""\n'
        "\n"
        "from collections.abc import Callable\n"
        "from typing import Any\n"
        "\n"
        "from sqlalchemy import select\n"
        "\n"
        "from models.links import Link\n"
        "\n\n"
        "class LinkRepository:\n"
        '    """Statements about `links`."""\n'
        "\n"
        "    def __init__(self, session_factory: Callable[[], Any]) -> None:\n"
        "        self.session_factory = session_factory\n"
        "\n"
        "    async def find_by_key(self, key: int | None) -> Any:\n"
        '        """Read `links`, for `run`."""\n'
        "        async with self.session_factory() as session:\n"
        "            stmt = select(Link.id, Link.url).where(Link.id == key)\n"
        "            result = await session.execute(stmt)\n"
        "            return result.mappings().all()\n"
    )
    cog = files[PATH][1]
    assert "from repositories.link_repository import LinkRepository\n" in cog
    called = "LinkRepository(self.bot.get_db_session).find_by_key(key)"
    assert f"        rows = await {called}\n" in cog


def test_the_projects_own_repository_gets_another_method() -> None:
    files = written(
        method(ROWS), BY_COLUMNS, **{"utils/repositories/links.py": EXISTING}
    )

    after = files["utils/repositories/links.py"][1]

    assert after.endswith(
        "    async def find_by_key_2(self, key: int | None) -> Any:\n"
        '        """Read `links`, for `run`."""\n'
        "        async with self.session_factory() as session:\n"
        "            stmt = select(Link.id, Link.url).where(Link.id == key)\n"
        "            result = await session.execute(stmt)\n"
        "            return result.mappings().all()\n"
        "\n\n"
        "LIMIT = 5\n"
    )


def test_an_attribute_that_holds_the_repository_is_used() -> None:
    source = method(ROWS).replace(
        "    async def run",
        "    def __init__(self, bot):\n"
        "        self.links = LinkRepository(bot.get_db_session)\n\n"
        "    async def run",
    )

    assert (
        "rows = await self.links.find_by_key(key)\n"
        in written(source, BY_COLUMNS)[PATH][1]
    )


def test_a_change_is_committed_in_the_method_and_one_method_serves_twice() -> None:
    files = written(method(f"{DONE}\n{DONE}"), DELETE)

    after = files["repositories/link_repository.py"][1]

    assert after.count("async def delete_by_key") == 1
    assert after.endswith(
        "            await session.execute(stmt)\n            await session.commit()\n"
    )


def test_parameters_are_named_after_what_is_passed() -> None:
    assert parameters(
        ["key", "guild.id", "row['name']", "str(x)", "self.def_", "1"]
    ) == [
        "key",
        "guild_id",
        "name",
        "x",
        "def_",
        "value_6",
    ]
    assert parameters(["row['def']", "a.session", "b.id", "b.id"]) == [
        "def_",
        "session_2",
        "b_id",
        "b_id_4",
    ]
