"""Conversion: readable source, and a reason where there is none."""

import pytest

from tests.audit.sql.bot import STATEMENTS
from tuxdb.audit.sql.results import Converted, Unsupported
from tuxdb.audit.sql.schema import ScratchSchema


async def test_what_is_converted_is_proved_and_does_the_same(
    bot: ScratchSchema,
) -> None:
    wrong = []
    for text in STATEMENTS:
        converted = await bot.convert(text)
        assert isinstance(converted, Converted), converted
        proof = await bot.prove(text, converted)
        executed = await bot.execute(text, converted)
        if (proof.state, executed.state) != ("proved", "executed"):
            wrong.append((text, proof, executed))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (
            "SELECT name FROM guilds WHERE id = $1",
            "select(guilds_table.c.name).where(guilds_table.c.id == tuxdb_arg_1)",
        ),
        (
            "UPDATE guilds SET level = 1 WHERE name = 'x'",
            "update(guilds_table).where(guilds_table.c.name == 'x').values(level=1)",
        ),
        ("DELETE FROM notes", "delete(notes_table)"),
    ],
)
async def test_the_source_reads_like_a_persons(
    bot: ScratchSchema, text: str, expression: str
) -> None:
    converted = await bot.convert(text)

    assert isinstance(converted, Converted)
    assert converted.expression == expression


async def test_an_argument_that_may_be_none_stays_a_comparison(
    bot: ScratchSchema,
) -> None:
    """`= NULL` finds nothing, where SQLAlchemy would make IS NULL of None."""
    text = "SELECT id FROM members WHERE streak = $1"

    careful, plain = await bot.convert(text), await bot.convert(text, not_null={1})

    assert isinstance(careful, Converted)
    assert isinstance(plain, Converted)
    assert "streak == literal(tuxdb_arg_1, Integer)" in careful.expression
    assert "streak == tuxdb_arg_1" in plain.expression


async def test_arguments_take_their_places_in_parentheses_if_need_be(
    bot: ScratchSchema,
) -> None:
    converted = await bot.convert("SELECT name FROM guilds WHERE id = $1 OR level = $2")

    assert isinstance(converted, Converted)
    _, code = converted.code(["a or b", "ctx.guild.id"])
    assert "(a or b)" in code
    assert "ctx.guild.id" in code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT relname FROM pg_class", "catalogue"),
        ("DELETE FROM members m USING guilds g RETURNING *", "one name in RETURNING"),
        (
            (
                "WITH RECURSIVE a AS (SELECT 1 n UNION SELECT n FROM a) "
                "SEARCH DEPTH FIRST BY n SET o SELECT n FROM a"
            ),
            "SEARCH or CYCLE",
        ),
        ("SELECT 1 FROM members m FULL JOIN guilds g USING (id)", "FULL JOIN USING"),
        ("CREATE TABLE x ()", "not a query"),
    ],
)
async def test_what_is_not_converted_has_a_reason(
    bot: ScratchSchema, text: str, reason: str
) -> None:
    converted = await bot.convert(text)

    assert isinstance(converted, Unsupported)
    assert reason in converted.reason


async def test_names_that_are_taken_are_left_alone(bot: ScratchSchema) -> None:
    converted = await bot.convert(
        "WITH top AS (SELECT id FROM guilds) SELECT id FROM top",
        taken=frozenset({"top", "select"}),
    )

    assert isinstance(converted, Converted)
    assert converted.names == ("top_2",)
    assert converted.expression == "sa.select(top_2.c.id)"
