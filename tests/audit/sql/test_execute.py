"""Execution notices what differs, and leaves nothing behind."""

from dataclasses import replace

from tuxdb.audit.sql.results import Converted, Proof
from tuxdb.audit.sql.schema import ScratchSchema


async def executed(
    bot: ScratchSchema, text: str, wrong: str, instead: str | None = None
) -> Proof:
    """Convert a statement, put a mistake into the replacement, run both."""
    converted = await bot.convert(text)
    assert isinstance(converted, Converted)
    code = converted.expression
    if instead is not None:
        assert wrong in code
        code = code.replace(wrong, instead)
    return await bot.execute(text, replace(converted, expression=code))


async def test_other_rows_are_noticed(bot: ScratchSchema) -> None:
    proof = await executed(bot, "SELECT id FROM members WHERE points > 3", "> 3", "> 4")

    assert proof.state == "unproved"
    assert "rows differ" in proof.reason


async def test_another_order_is_noticed_where_the_order_is_total(
    bot: ScratchSchema,
) -> None:
    text = "SELECT id FROM members ORDER BY id DESC"

    assert (await executed(bot, text, ".desc()", ".asc()")).state == "unproved"


async def test_other_contents_are_noticed(bot: ScratchSchema) -> None:
    text = "UPDATE members SET points = points + 1"

    proof = await executed(bot, text, "+ 1", "+ 2")

    assert proof.reason == "the tables hold different rows afterwards"


async def test_sequences_and_chance_are_set_back(bot: ScratchSchema) -> None:
    text = "INSERT INTO notes (body) SELECT random()::text FROM guilds RETURNING id"

    assert (await executed(bot, text, "")).state == "executed"


async def test_rows_stay_as_they_were(bot: ScratchSchema) -> None:
    await executed(bot, "DELETE FROM tags", "")

    count = await bot.scratch.connection.fetchval("SELECT count(*) FROM tags")
    assert count > 0


async def test_what_reaches_out_of_the_database_is_refused(
    bot: ScratchSchema,
) -> None:
    text = "SELECT set_config('role', 'postgres', false)"

    assert (await executed(bot, text, "")).state == "refused"


async def test_the_servers_files_are_out_of_reach(bot: ScratchSchema) -> None:
    text = "SELECT pg_read_file('PG_VERSION')"

    proof = await executed(bot, text, "")

    assert proof.reason.endswith("42501")
