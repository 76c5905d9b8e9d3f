"""Forgetting people, purging guilds, merging two members into one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col

from tests.harness.economy import (
    BOB,
    GUILD,
    assert_conserved,
    join,
    points_of,
    set_rules,
)
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.controllers.guard import Protection
from tuxdb.controllers.removals import Removed
from tuxdb.database import Database
from tuxdb.errors import AccountFrozen, InvalidValue, NotFound, Refused
from tuxdb.models import Case, User

ANN = 770_077_007_700_770_077
WHO = Author("test", "ann", "asked for")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def agree(_removed: Removed, _protection: Protection) -> None:
    """Have it committed."""


def decline(_removed: Removed, _protection: Protection) -> None:
    """Have it rolled back."""
    raise Refused("declined")


@pytest.fixture
async def ann(db: Database) -> User:
    """Ann, with all that can be known of a member."""
    ann = await join(db, ANN, 100)
    await db.user.update_by_id(ann.id, message_count=5, last_active=MOMENT)
    await db.case.create(
        guild_id=GUILD, user_id=ann.id, case_number=1, case_type="warn"
    )
    await db.messages.bulk_create(
        [
            {
                "id": number,
                "guild_id": GUILD,
                "channel_id": 1,
                "author_id": ANN,
                "content": f"secret {number}",
                "created_at": MOMENT,
            }
            for number in (1, 2)
        ]
    )
    return ann


@pytest.fixture
async def bob(db: Database, ann: User) -> User:
    """Bob, who moderates."""
    bob = await join(db, BOB, 10)
    await db.case.create(
        guild_id=GUILD,
        user_id=bob.id,
        case_number=2,
        case_type="warn",
        moderator_id=ANN,
    )
    return bob


async def everything(db: Database) -> str:
    """All rows of all tables, as text."""
    connection = await db.connect()
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        found = [
            await connection.fetchval(f'SELECT json_agg(t)::text FROM "{name}" AS t')
            for (name,) in tables
        ]
        return "\n".join(text for text in found if text)
    finally:
        await connection.close()


def counts(removed: Removed) -> dict[str, int]:
    return {table.table: table.rows for table in removed.tables}


# -- forgetting ---------------------------------------------------------------------


async def test_a_person_is_forgotten_table_by_table(
    db: Database, ann: User, bob: User
) -> None:
    removed = await db.removals.forget(ANN, WHO, agree)

    assert counts(removed) == {"users": 1, "cases": 2, "messages": 2}
    assert await db.user.get_user(ann.id) is None
    (left,) = await db.case.find_all()
    assert (left.user_id, left.moderator_id) == (bob.id, None)
    await assert_conserved(db, 10)


async def test_nothing_of_a_forgotten_person_is_left_anywhere(
    db: Database, ann: User, bob: User
) -> None:
    for where, value in (
        (f"id = {ann.id}", "username=ann_of_old"),
        ("discord_id > 0", "username=also_ann"),
    ):
        request = UpdateRequest("users", WHO, assignments=(value,), where=where)
        await db.changes.update(request)
    request = UpdateRequest(
        "messages", WHO, assignments=("content=old secret",), where="id = 1"
    )
    await db.changes.update(request)
    purged = await db.removals.purge(GUILD, WHO, agree)
    await db.changes.undo(purged.changeset, WHO)

    await db.removals.forget(ANN, WHO, agree)

    left = await everything(db)
    for trace in (str(ANN), "ann_of_old", "secret"):
        assert trace not in left, trace
    assert "also_ann" in left  # which is Bob's name as well
    await assert_conserved(db, 10)


async def test_entries_of_the_ledger_stay_under_a_row_id(
    db: Database, ann: User, bob: User
) -> None:
    await db.points.transfer(GUILD, ANN, BOB, 40)

    await db.removals.forget(ANN, WHO, agree)

    last, transfer, *_ = (await db.points.history(GUILD)).items
    assert (transfer.from_user, transfer.from_row_id) == (None, ann.id)
    assert (last.kind, last.amount, last.actor) == ("set", 60, "ann")
    await assert_conserved(db, 50)


async def test_in_one_guild_only_that_guild_is_forgotten(
    db: Database, ann: User
) -> None:
    elsewhere = await join(db, ANN, 7, guild_id=2)

    removed = await db.removals.forget(ANN, WHO, agree, guild_id=GUILD)

    assert counts(removed) == {"users": 1, "cases": 1, "messages": 2}
    assert await db.user.get_user(elsewhere.id) is not None


async def test_who_left_messages_only_is_forgotten_too(db: Database, ann: User) -> None:
    await db.removals.forget(ANN, WHO, agree)
    message: dict[str, Any] = {"id": 3, "channel_id": 1, "author_id": ANN}
    await db.messages.create(**message, content="x", created_at=MOMENT)

    removed = await db.removals.forget(ANN, WHO, agree)

    assert counts(removed) == {"messages": 1}


async def test_of_nobody_there_is_nothing_to_forget(db: Database) -> None:
    with pytest.raises(NotFound, match="no user 5 anywhere"):
        await db.removals.forget(5, WHO, agree)


async def test_forgetting_cannot_be_undone(db: Database, ann: User) -> None:
    removed = await db.removals.forget(ANN, WHO, agree)

    with pytest.raises(Refused):
        await db.changes.undo(removed.changeset, WHO)


@pytest.mark.parametrize("way", ["declined", "dry run"])
async def test_what_is_not_agreed_to_is_not_done(
    db: Database, ann: User, way: str
) -> None:
    before = await everything(db)

    if way == "declined":
        with pytest.raises(Refused, match="declined"):
            await db.removals.forget(ANN, WHO, decline)
    else:
        removed = await db.removals.forget(ANN, WHO, agree, commit=False)
        assert counts(removed) == {"users": 1, "cases": 1, "messages": 2}

    assert await everything(db) == before


# -- purging ------------------------------------------------------------------------


async def test_a_guild_is_purged_but_for_its_ledger(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=5)
    await db.points.freeze(GUILD, BOB)
    await join(db, ANN, 7, guild_id=2)

    removed = await db.removals.purge(GUILD, WHO, agree)

    assert counts(removed) == {
        "messages": 2,
        "guild_configs": 1,
        "cases": 2,
        "points_freezes": 1,
        "users": 2,
        "guilds": 1,
    }
    assert await db.user.count(col(User.guild_id) == GUILD) == 0
    assert (await db.guild.require(GUILD)).name is None
    await assert_conserved(db, 0)
    assert (await db.points.supply(GUILD)).minted == 110
    assert await points_of(db, ANN, guild_id=2) == [7]


async def test_a_purge_can_be_undone_to_the_last_point(
    db: Database, ann: User, bob: User
) -> None:
    await db.points.freeze(GUILD, BOB)
    removed = await db.removals.purge(GUILD, WHO, agree)

    await db.changes.undo(removed.changeset, WHO)

    assert await points_of(db, ANN, BOB) == [100, 10]
    assert await db.case.count() == 2
    assert (await db.points.account(GUILD, BOB)).frozen
    await assert_conserved(db, 110)


async def test_an_unknown_guild_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="no guild 5"):
        await db.removals.purge(5, WHO, agree)


# -- merging ------------------------------------------------------------------------


async def test_all_of_a_member_goes_to_another(
    db: Database, ann: User, bob: User
) -> None:
    removed = await db.removals.merge(GUILD, ANN, BOB, WHO, agree)

    assert counts(removed) == {"points_transactions": 1, "cases": 1, "users": 2}
    merged = await db.user.require_member(GUILD, BOB)
    assert (merged.points, merged.message_count) == (110, 5)
    assert merged.last_active == MOMENT
    assert await db.case.count(col(Case.user_id) == bob.id) == 2
    assert await db.user.get_user(ann.id) is None
    await assert_conserved(db, 110)


async def test_a_merge_is_not_bound_by_daily_limits(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=1, daily_receive=1)

    await db.removals.merge(GUILD, ANN, BOB, WHO, agree)

    assert await points_of(db, BOB) == [110]


async def test_points_in_dispute_are_not_merged_away(
    db: Database, ann: User, bob: User
) -> None:
    await db.points.freeze(GUILD, ANN)

    with pytest.raises(AccountFrozen):
        await db.removals.merge(GUILD, ANN, BOB, WHO, agree)


async def test_a_merge_can_be_undone_to_the_last_point(
    db: Database, ann: User, bob: User
) -> None:
    removed = await db.removals.merge(GUILD, ANN, BOB, WHO, agree)

    await db.changes.undo(removed.changeset, WHO)

    assert await points_of(db, ANN, BOB) == [100, 10]
    again = await db.user.require_member(GUILD, ANN)
    assert (again.id, again.message_count) == (ann.id, 5)
    assert await db.case.count(col(Case.user_id) == ann.id) == 1
    await assert_conserved(db, 110)


@pytest.mark.parametrize(
    ("pair", "error"),
    [((ANN, ANN), InvalidValue), ((ANN, 5), NotFound), ((5, ANN), NotFound)],
)
async def test_a_merge_takes_two_members(
    db: Database, ann: User, pair: tuple[int, int], error: Any
) -> None:
    with pytest.raises(error):
        await db.removals.merge(GUILD, *pair, WHO, agree)
