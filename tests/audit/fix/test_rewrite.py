"""A raw call, its uses, and the session that takes its place."""

import pytest

from tests.audit.fix.sample import (
    BY_COLUMNS,
    DELETE,
    SELECT,
    fixed,
    method,
    outcome,
    planned,
)
from tuxdb.audit.sql.results import Converted, Proof

FETCH = 'await self.bot.db.fetch("SELECT * FROM links WHERE id = $1", key)'
ROW = 'await self.bot.db.fetchrow("SELECT * FROM links WHERE id = $1", key)'
VALUE = 'await self.bot.db.fetchval("SELECT id FROM links WHERE id = $1", key)'
DONE = 'await self.bot.db.execute("DELETE FROM links WHERE id = $1", key)'


def body(source: str) -> str:
    """What stands in the coroutine of the sample, from its left edge."""
    lines = source.partition("key):\n")[2].splitlines()
    return "\n".join(line[8:] for line in lines)


def test_rows_read_by_key_become_mappings() -> None:
    source = method(f'rows = {FETCH}\nreturn [row["url"] for row in rows]')

    assert body(fixed(source, BY_COLUMNS)) == (
        "async with self.bot.get_db_session() as session:\n"
        "    stmt = select(Link.id, Link.url).where(Link.id == key)\n"
        "    result = await session.execute(stmt)\n"
        "    rows = result.mappings().all()\n"
        'return [row["url"] for row in rows]'
    )


def test_rows_read_by_position_stay_rows() -> None:
    source = method(f"for number, url in {FETCH}:\n    print(number, url)")

    assert body(fixed(source, BY_COLUMNS)) == (
        "async with self.bot.get_db_session() as session:\n"
        "    stmt = select(Link.id, Link.url).where(Link.id == key)\n"
        "    result = await session.execute(stmt)\n"
        "    rows = result.all()\n"
        "for number, url in rows:\n"
        "    print(number, url)"
    )


def test_the_second_guides_example_is_an_unsafe_fix_for_whole_objects() -> None:
    source = method(f"return {FETCH}")

    assert outcome(source, SELECT) == "unsafe: the result is returned"
    assert fixed(source, SELECT) == source
    assert body(fixed(source, SELECT, unsafe=True)) == (
        "async with self.bot.get_db_session() as session:\n"
        "    stmt = select(Link).where(Link.id == key)\n"
        "    result = await session.execute(stmt)\n"
        "    return result.scalars().all()"
    )


def test_a_value_becomes_scalar() -> None:
    assert body(fixed(method(f"return {VALUE}"), BY_COLUMNS)) == (
        "async with self.bot.get_db_session() as session:\n"
        "    stmt = select(Link.id, Link.url).where(Link.id == key)\n"
        "    return await session.scalar(stmt)"
    )


def test_a_change_is_committed() -> None:
    assert body(fixed(method(DONE), DELETE)) == (
        "async with self.bot.get_db_session() as session:\n"
        "    stmt = delete(Link).where(Link.id == key)\n"
        "    await session.execute(stmt)\n"
        "    await session.commit()"
    )


def test_a_status_is_made_of_the_rowcount() -> None:
    source = method(f'done = {DONE}\nreturn done == "DELETE 1"')

    assert 'done = f"DELETE {result.rowcount}"\n' in fixed(source, DELETE)


def test_a_call_within_a_statement_moves_before_it() -> None:
    source = method(f'name = ({ROW})["url"]  # its address')

    assert body(fixed(source, BY_COLUMNS)).endswith(
        '    row = result.mappings().first()\nname = (row)["url"]  # its address'
    )


def test_comments_in_the_call_are_kept_above() -> None:
    source = method(
        "await self.bot.db.execute(  # gone for good\n"
        '    "DELETE FROM links WHERE id = $1",\n'
        "    key,  # the row\n"
        ")  # done"
    )

    text = body(fixed(source, DELETE))

    assert text.startswith("# gone for good\n# the row\nasync with ")
    assert text.endswith("await session.commit()  # done")


def test_names_in_use_are_left_alone() -> None:
    source = method(f"session = select = stmt = key\nawait key(session)\n{DONE}")
    converted = Converted(
        "delete(Link).where(Link.id.in_(select(Link.id)))",
        imports=(
            "from sqlalchemy import delete",
            "from sqlalchemy import select",
            "from models.links import Link",
        ),
    )

    text = fixed(source, converted)

    assert "from sqlalchemy import delete\n" in text
    assert "from sqlalchemy import select as sa_select\n" in text
    assert "as db_session:" in text
    assert "statement = delete(Link).where(Link.id.in_(sa_select(Link.id)))" in text


def test_an_argument_is_evaluated_once_and_in_its_turn() -> None:
    source = method(
        'await self.bot.db.execute("DELETE FROM links WHERE id = $1 AND id > $2", '
        "key.pop(), key.pop())"
    )
    converted = Converted(
        "delete(Link).where(Link.id > tuxdb_arg_2, Link.id == tuxdb_arg_1)",
        imports=DELETE.imports,
    )

    assert (
        "    argument_1 = key.pop()\n"
        "            argument_2 = key.pop()\n"
        "            stmt = delete(Link)"
        ".where(Link.id > argument_2, Link.id == argument_1)\n"
    ) in fixed(source, converted)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f'row = {ROW}\nprint(row["id"], row[0])', "read by key"),
        (f"row = {ROW}\nprint(row[key])", "asyncpg's own"),
        (f"key = key and {VALUE}", "only under a condition"),
        (f"print(key(), {VALUE})", "comes first"),
        (f"while {VALUE}:\n    pass", "middle of a larger"),
        (f"print({VALUE}, {VALUE})", "another raw call"),
        (f"if key: {DONE}", "shares its line"),
        (VALUE.replace("key)", "key, timeout=3)"), "`timeout=`"),
        (
            "async with self.bot.db.transaction():\n    " + DONE,
            "part of a transaction",
        ),
        (
            "async with key() as con:\n    " + DONE.replace("self.bot.db", "con"),
            "connection of its own",
        ),
        (
            f"try:\n    {DONE}\nexcept asyncpg.UniqueViolationError:\n    pass",
            "would no longer catch it",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(code: str, reason: str) -> None:
    found = planned(method(code), BY_COLUMNS)
    texts = [getattr(one, "reason", "") for one in found.outcomes.values()]

    assert not found.files
    assert any(reason in text for text in texts), texts


def test_an_unproved_replacement_is_never_a_safe_fix() -> None:
    source = method(DONE)

    assert outcome(source, DELETE, proof=Proof("unproved", "the order differs")) == (
        "unsafe: not proved: the order differs"
    )


def test_a_handler_of_every_driver_error_learns_the_other_class() -> None:
    source = method(
        f"try:\n    {DONE}\nexcept asyncpg.PostgresError as error:\n    print(error)"
    )

    assert outcome(source, DELETE).startswith("unsafe: `except asyncpg.PostgresError`")
    text = fixed(source, DELETE, unsafe=True)
    assert "except (asyncpg.PostgresError, DBAPIError) as error:" in text
    assert "from sqlalchemy.exc import DBAPIError\n" in text


def test_a_call_on_a_connection_from_the_pool_is_an_unsafe_fix() -> None:
    source = method(
        "async with self.bot.pool.acquire() as con:\n    "
        + DONE.replace("self.bot.db", "con")
    )

    assert outcome(source, DELETE) == (
        "unsafe: it leaves the connection of `self.bot.pool.acquire()`"
    )


def test_without_a_known_session_the_fix_is_refused() -> None:
    assert "how the project opens a session" in outcome(
        method(DONE), DELETE, session=None
    )


def test_a_session_is_recognised_and_awaited_if_it_is_a_coroutine() -> None:
    source = method(DONE) + (
        "\n\nclass Bot:\n    async def get_db_session(self):\n"
        "        return self.new()\n"
    )

    assert "async with await self.bot.get_db_session() as session:" in fixed(
        source, DELETE, session=None
    )


def test_another_holder_of_the_bot_opens_the_session() -> None:
    source = method(DONE.replace("self.bot", "key.bot"))

    assert "async with key.bot.get_db_session() as" in fixed(source, DELETE)
    assert "is not known here" in outcome(
        method(DONE.replace("self.bot.db", "key.pool")), DELETE, session="x.db.open()"
    )


def test_fixed_twice_is_fixed_once() -> None:
    once = fixed(method(f"{DONE}\n{DONE}"), DELETE)

    assert once.count("async with") == 2
    assert fixed(once, DELETE) == once
