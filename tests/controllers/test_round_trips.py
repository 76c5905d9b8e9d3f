"""What each call costs on a connection that has made it before."""

from typing import Any

from sqlalchemy.orm import selectinload

from tests.controllers.conftest import RoundTrips
from tests.harness.members import GUILD, member, members
from tuxdb.database import Database
from tuxdb.models import User


async def test_a_point_read_is_one(distant: Database, round_trips: RoundTrips) -> None:
    user = await member(distant)

    assert await round_trips(lambda: distant.user.get_by_id(user.id)) == 1
    assert await round_trips(lambda: distant.user.get_by_id(0)) == 1


async def test_creating_is_one_with_the_guild_inserted_too(
    distant: Database, round_trips: RoundTrips
) -> None:
    guilds = iter(range(10, 20))

    def create() -> object:
        guild = next(guilds)
        return distant.user.create(guild_id=guild, discord_id=7, username="ann")

    assert await round_trips(create) == 1  # type: ignore[arg-type]
    assert await distant.guild.count() == 2


async def test_updating_deleting_and_closing_are_one(
    distant: Database, round_trips: RoundTrips
) -> None:
    user = await member(distant)
    names = iter(("ann", "bob"))

    async def rename() -> None:
        await distant.user.update_by_id(user.id, username=next(names))

    assert await round_trips(rename) == 1
    assert await round_trips(lambda: distant.user.delete_by_id(user.id)) == 1
    assert await round_trips(lambda: distant.case.close(GUILD, 1)) == 1


async def test_an_upsert_is_one(distant: Database, round_trips: RoundTrips) -> None:
    key = ("guild_id", "discord_id")
    values: dict[str, Any] = {"guild_id": GUILD, "discord_id": 7, "username": "ann"}

    assert await round_trips(lambda: distant.user.upsert(key, **values)) == 1


async def test_lists_counts_and_existence_are_one(
    distant: Database, round_trips: RoundTrips
) -> None:
    await members(distant, 3)
    mine = User.guild_id == GUILD

    assert await round_trips(lambda: distant.user.find_all(mine, limit=2)) == 1
    assert await round_trips(lambda: distant.user.find_one(mine)) == 1
    assert await round_trips(lambda: distant.user.count(mine)) == 1
    assert await round_trips(lambda: distant.user.exists(mine)) == 1


async def test_a_page_by_keyset_is_one_and_a_numbered_page_two(
    distant: Database, round_trips: RoundTrips
) -> None:
    await members(distant, 3)
    first = await distant.user.page_after(limit=1)

    assert await round_trips(lambda: distant.user.page_after(first.next, limit=1)) == 1
    assert await round_trips(lambda: distant.user.paginate(per_page=1)) == 2


async def test_changing_many_rows_by_a_filter_is_one(
    distant: Database, round_trips: RoundTrips
) -> None:
    mine = User.guild_id == GUILD
    user = distant.user

    assert await round_trips(lambda: user.update_where(mine, is_active=False)) == 1
    assert await round_trips(lambda: user.bulk_delete([1, 2, 3])) == 1
    assert await round_trips(lambda: user.delete_where(mine)) == 1


async def test_a_transfer_is_one(distant: Database, round_trips: RoundTrips) -> None:
    ann, bob = await members(distant, 2, 100)
    transfer = distant.points.transfer

    assert (
        await round_trips(lambda: transfer(GUILD, ann.discord_id, bob.discord_id, 1))
        == 1
    )
    assert (
        await round_trips(lambda: distant.user.transfer_points(ann.id, bob.id, 1)) == 1
    )
    assert (
        await round_trips(lambda: distant.points.grant(GUILD, ann.discord_id, 1)) == 1
    )


async def test_a_case_with_its_number_is_one(
    distant: Database, round_trips: RoundTrips
) -> None:
    ann = await member(distant)

    def warn() -> object:
        return distant.case.create(guild_id=GUILD, user_id=ann.id, case_type="warn")

    assert await round_trips(warn) == 1  # type: ignore[arg-type]
    assert [case.case_number for case in await distant.case.find_all()] == [1, 2]


async def test_relationships_take_one_more_however_many_rows(
    distant: Database, round_trips: RoundTrips
) -> None:
    for ann in await members(distant, 5):
        await distant.case.create(guild_id=GUILD, user_id=ann.id, case_type="warn")
    eager = [selectinload(User.cases)]  # type: ignore[arg-type]

    assert await round_trips(lambda: distant.user.find_all(options=eager)) == 2


async def test_a_hundred_rows_updated_cost_as_much_as_one(
    distant: Database, round_trips: RoundTrips
) -> None:
    users = await members(distant, 100)
    one = [{"id": users[0].id, "message_count": 1}]
    many = [{"id": user.id, "message_count": 2} for user in users]

    few = await round_trips(lambda: distant.user.bulk_update(one))

    assert await round_trips(lambda: distant.user.bulk_update(many)) == few
    assert few == 3  # BEGIN, UPDATE, COMMIT


async def test_an_empty_list_costs_nothing(
    distant: Database, round_trips: RoundTrips
) -> None:
    assert await round_trips(lambda: distant.user.bulk_update([])) == 0
    assert await round_trips(lambda: distant.user.bulk_create([])) == 0


async def test_a_transaction_costs_its_statements_begin_and_commit(
    distant: Database, round_trips: RoundTrips
) -> None:
    user = await member(distant)

    async def work() -> None:
        async with distant.transaction():
            await distant.user.get_by_id(user.id)
            await distant.user.update_by_id(user.id, message_count=1)

    assert await round_trips(work) == 4


async def test_a_cached_read_costs_nothing(
    distant: Database, round_trips: RoundTrips
) -> None:
    await distant.guild_config.create(guild_id=GUILD)

    assert await round_trips(lambda: distant.guild_config.get_cached_config(GUILD)) == 0
