"""The prover says no to whatever is not the same to PostgreSQL."""

import pytest

from tests.audit.sql.bot import STATEMENTS, pairs
from tests.audit.sql.mutants import mutants
from tuxdb.audit.sql.compiled import sql_of
from tuxdb.audit.sql.namespace import evaluate
from tuxdb.audit.sql.results import Converted
from tuxdb.audit.sql.schema import ScratchSchema

NEIGHBOURS = {
    "id": "user_id",
    "user_id": "guild_id",
    "guild_id": "id",
    "points": "user_id",
    "nick": "name",
    "name": "nick",
    "body": "kind",
    "kind": "body",
    "author_id": "guild_id",
    "uses": "owner_id",
    "prefix": "name",
    "joined": "seen",
    "seen": "joined",
    "made": "id",
    "streak": "points",
    "level": "id",
    "active": "streak",
}
AT_LEAST = 1500


async def test_no_mutant_is_called_equal(bot: ScratchSchema) -> None:
    """Each differs in an operator, a column, a constant, a join, NULL or an order."""
    judged, survivors = 0, []
    for text in STATEMENTS:
        converted = await bot.convert(text)
        assert isinstance(converted, Converted)
        replacement = sql_of(evaluate(converted, {}))
        parameters = (await bot.check(text)).parameters
        for change, mutant in mutants(text, NEIGHBOURS):
            proof = await bot.compare(replacement, mutant, parameters)
            if "is refused" in proof.reason:
                continue  # the server takes no part in it
            judged += 1
            if proof.state == "proved":
                survivors.append((change, mutant))
    assert survivors == []
    assert judged >= AT_LEAST


@pytest.mark.parametrize("pair", pairs("unlike.sql"))
async def test_what_only_looks_alike_is_not_proved(
    bot: ScratchSchema, pair: tuple[str, str]
) -> None:
    original, replacement = pair
    checked = await bot.check(original)
    assert checked.accepted, checked

    proof = await bot.compare(original, replacement, checked.parameters)

    assert proof.state == "unproved"
    assert proof.reason == "PostgreSQL reads them differently"


@pytest.mark.parametrize("pair", pairs("alike.sql"))
async def test_two_ways_to_write_one_thing_are_proved(
    bot: ScratchSchema, pair: tuple[str, str]
) -> None:
    assert (await bot.compare(*pair, ())).state == "proved"


async def test_nothing_of_a_proof_stays(bot: ScratchSchema) -> None:
    await bot.compare("DELETE FROM notes", "DELETE FROM notes", ())

    count = await bot.scratch.connection.fetchval(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'tuxdb_audit'::regnamespace"
    )
    assert count == 0
