"""Changes of single rows are recorded, and can be taken back."""

from typing import Any

import pytest

from tests.harness.economy import ANN, BOB, GUILD, assert_conserved, join
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.undo import RowsChanged
from tuxdb.controllers.edits import Edited
from tuxdb.database import Database
from tuxdb.errors import Conflict, NotFound
from tuxdb.models import User

WHO = Author("users set", "ann", "a typo")


@pytest.fixture
async def ann(db: Database) -> User:
    """Ann has 10 points."""
    return await join(db, ANN, 10)


async def rename(db: Database, name: str, **more: Any) -> Edited[User]:
    """Give Ann another name."""
    return await db.edits.member(
        GUILD,
        ANN,
        WHO,
        lambda: db.user.update_member(GUILD, ANN, username=name, **more),
    )


async def test_a_change_is_recorded_before_and_after(db: Database, ann: User) -> None:
    edited = await rename(db, "ann")

    assert edited.row.username == "ann"
    assert edited.changeset
    summary = await db.changes.get(edited.changeset)
    assert (summary.actor, summary.reason, summary.rows) == ("ann", "a typo", 1)
    (row,) = (await db.changes.rows(edited.changeset)).items
    assert row.row_key == {"id": str(ann.id)}
    assert row.before
    assert row.after
    assert (row.before["username"], row.after["username"]) == ("user11", "ann")
    assert set(row.after) == {"username", "updated_at"}


async def test_what_was_so_already_is_no_change(db: Database, ann: User) -> None:
    before = await db.user.get_or_raise(ann.id)

    async def nothing() -> User:
        return await db.user.require_member(GUILD, ANN)

    edited = await db.edits.member(GUILD, ANN, WHO, nothing)

    assert edited.changeset is None
    assert (await db.changes.list()).items == []
    assert await db.user.get_or_raise(ann.id) == before


async def test_a_change_is_taken_back_byte_for_byte(db: Database, ann: User) -> None:
    before = await db.user.get_or_raise(ann.id)
    edited = await rename(db, "ann", is_active=False)
    assert edited.changeset

    await db.changes.undo(edited.changeset, WHO)

    assert await db.user.get_or_raise(ann.id) == before


async def test_a_change_that_was_changed_since_is_not_taken_back(
    db: Database, ann: User
) -> None:
    edited = await rename(db, "ann")
    assert edited.changeset
    await db.user.update_by_id(ann.id, is_active=False)

    with pytest.raises(RowsChanged):
        await db.changes.undo(edited.changeset, WHO)


async def test_a_new_member_is_taken_back_with_the_points(db: Database) -> None:
    edited = await db.edits.member(GUILD, ANN, WHO, lambda: join(db, ANN, 10))
    assert edited.changeset

    await db.changes.undo(edited.changeset, WHO)

    assert await db.user.count() == 0
    await assert_conserved(db, 0)


async def test_guilds_and_their_configuration_are_recorded_too(db: Database) -> None:
    made = await db.edits.guild(
        GUILD, WHO, lambda: db.guild.create(id=GUILD, name="Tux")
    )
    new = await db.edits.config(
        GUILD, WHO, lambda: db.guild_config.set_points_rule(GUILD, "daily_send", 5)
    )
    changed = await db.edits.config(
        GUILD, WHO, lambda: db.guild_config.set_points_rule(GUILD, "daily_send", 6)
    )
    for edited in (changed, new, made):
        assert edited.changeset
        await db.changes.undo(edited.changeset, WHO)
        config = await db.guild_config.get_config_by_guild_id(GUILD)
        if edited is changed:
            assert config
            assert config.settings == {"points": {"daily_send": 5}}

    assert await db.guild.count() == 0


async def test_a_guild_that_comes_with_its_first_member_is_recorded_and_goes_with_it(
    db: Database,
) -> None:
    edited = await db.edits.member(GUILD, ANN, WHO, lambda: join(db, ANN))
    assert edited.changeset
    summary = await db.changes.get(edited.changeset)

    undone = await db.changes.undo(edited.changeset, WHO)
    left = await db.guild.count()
    await db.changes.undo(undone.changeset, WHO)

    assert (summary.tables, summary.rows) == ("guilds, users", 2)
    assert left == 0
    assert (await db.user.require_member(GUILD, ANN)).username == "user11"


async def test_it_stays_if_others_have_joined_it(db: Database) -> None:
    edited = await db.edits.member(GUILD, ANN, WHO, lambda: join(db, ANN))
    assert edited.changeset
    await join(db, BOB)

    undone = await db.changes.undo(edited.changeset, WHO)

    assert (undone.changed, undone.left) == (1, [])
    assert [user.discord_id for user in await db.user.find_all()] == [BOB]


async def test_a_guild_with_members_is_not_taken_back(db: Database) -> None:
    made = await db.edits.guild(GUILD, WHO, lambda: db.guild.create(id=GUILD))
    assert made.changeset
    await join(db, ANN)

    with pytest.raises(RowsChanged, match="1 rows of change set .* in use") as caught:
        await db.changes.undo(made.changeset, WHO)
    in_part = await db.changes.undo(made.changeset, WHO, partial=True)

    assert caught.value.lines == (f"guilds id {GUILD}: users refers to it",)
    assert (in_part.changed, len(in_part.left)) == (0, 1)
    assert await db.user.count() == 1


async def test_a_member_enrolled_by_a_transfer_is_recorded(
    db: Database, ann: User
) -> None:
    await db.points.transfer(
        GUILD, ANN, BOB, 3, actor="ann", reason="hello", create_missing=True
    )

    (made,) = (await db.changes.list()).items
    (row,) = (await db.changes.rows(made.id)).items
    assert (made.actor, made.reason, made.tables) == ("ann", "hello", "users")
    assert row.before is None
    assert row.after
    assert row.after["discord_id"] == str(BOB)


@pytest.mark.parametrize("error", [NotFound, Conflict])
async def test_an_edit_that_fails_leaves_nothing(
    db: Database, ann: User, error: type[Exception]
) -> None:
    async def fail() -> User:
        if error is NotFound:
            return await db.user.update_member(GUILD, 99, username="x")
        return await join(db, ANN)

    with pytest.raises(error):
        await db.edits.member(GUILD, ANN, WHO, fail)

    assert (await db.changes.list()).items == []
