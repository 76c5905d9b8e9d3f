"""Users: members of guilds, by row id and by Discord id."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.harness.members import GUILD, member, members
from tuxdb.database import Database
from tuxdb.errors import InvalidValue, NotFound, UsageError
from tuxdb.models import User


async def test_a_member_is_found_by_discord_id_within_its_guild(db: Database) -> None:
    ann = await member(db)

    assert await db.user.get_member(GUILD, ann.discord_id) == ann
    assert await db.user.get_member(2, ann.discord_id) is None
    assert await db.user.require_member(GUILD, ann.discord_id) == ann
    with pytest.raises(NotFound, match=f"no user {ann.discord_id} in guild 2"):
        await db.user.require_member(2, ann.discord_id)


async def test_a_member_is_changed_by_discord_id(db: Database) -> None:
    ann = await member(db, 5)

    changed = await db.user.update_member(
        GUILD, ann.discord_id, username="Ann", points=9
    )

    assert (changed.id, changed.username, changed.points) == (ann.id, "Ann", 9)
    assert (await db.points.verify()).mismatches == []
    with pytest.raises(NotFound):
        await db.user.update_member(2, ann.discord_id, username="Ann")


async def test_points_and_other_columns_change_together_or_not_at_all(
    db: Database,
) -> None:
    ann = await member(db, 5)

    with pytest.raises(InvalidValue, match="username must not be blank"):
        await db.user.update_by_id(ann.id, points=9, username=" ")

    assert await db.user.get_by_id(ann.id) == ann


async def test_points_can_be_set_for_a_user_that_is_not_there(db: Database) -> None:
    assert await db.user.update_by_id(999, points=9) is None
    assert await db.user.update_by_id(999, points=9, username="x") is None


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["id", "username", "points", "last_active"])
async def test_members_are_paged_in_the_order_of_a_column(
    db: Database, sort: str, descending: bool
) -> None:
    now = datetime.now(UTC)
    for number in range(7):
        await db.user.create(
            guild_id=GUILD,
            discord_id=number + 1,
            username=f"user{number % 3}",
            points=number % 2,
            last_active=now + timedelta(hours=number % 3) if number % 2 else None,
        )
    await member(db, guild=2)

    seen: list[User] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = await db.user.page_by_guild(
            GUILD, sort=sort, descending=descending, after=cursor, limit=2
        )
        seen += page.items
        cursor = page.next

    column = db.user.repository.column(sort)
    order = column.desc() if descending else column
    assert seen == await db.user.find_all(User.guild_id == GUILD, order_by=order)
    assert len(seen) == 7


async def test_an_unknown_order_and_a_cursor_of_another_guild_are_refused(
    db: Database,
) -> None:
    await members(db, 2)
    page = await db.user.page_by_guild(GUILD, limit=1)

    with pytest.raises(InvalidValue, match="height is not a column of users"):
        await db.user.page_by_guild(GUILD, sort="height")
    with pytest.raises(UsageError):
        await db.user.page_by_guild(2, after=page.next)


async def test_the_most_active_come_first_and_those_never_active_last(
    db: Database,
) -> None:
    now = datetime.now(UTC)
    idle, recent, earlier, busy = await members(db, 4)
    await db.user.bulk_update(
        [
            {"id": busy.id, "message_count": 9},
            {"id": recent.id, "message_count": 3, "last_active": now},
            {
                "id": earlier.id,
                "message_count": 3,
                "last_active": now - timedelta(days=1),
            },
            {"id": idle.id, "message_count": 3},
        ]
    )

    top = await db.user.get_top_users_by_activity(GUILD)

    assert [user.id for user in top] == [busy.id, recent.id, earlier.id, idle.id]
    assert await db.user.get_top_users_by_activity(GUILD, 1) == top[:1]


async def test_users_of_a_guild_go_with_it(db: Database) -> None:
    ann = await member(db, guild=2)
    await db.case.create(guild_id=2, user_id=ann.id, case_type="warn")
    await db.guild_config.create(guild_id=2)
    await db.gallery.create(guild_id=2, channel_id=5, channel_name="art")

    assert await db.guild.delete_by_id(2) is True

    for controller in (db.user, db.case, db.guild_config, db.gallery, db.guild):
        assert await controller.count() == 0
