"""tux-database-standards.md: queries and transactions, snippet by snippet."""

import logging
from typing import Any

import pytest
from sqlalchemy import and_, func, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import selectinload
from sqlmodel import col

from tests.guides.conftest import Bot, Cog
from tuxdb.database import Database
from tuxdb.errors import DatabaseOperationError, NotFound
from tuxdb.models import MAX_POINTS, Case, PointsTransaction, User
from tuxdb.repositories import PaginationResult

logger = logging.getLogger(__name__)

GUILD = 987654321


async def add_users(db: Database, *names: str, points: int = 0) -> list[User]:
    return [
        await db.user.create(
            guild_id=GUILD, discord_id=number, username=name, points=points
        )
        for number, name in enumerate(names, 1)
    ]


async def test_simple_queries_use_controller_methods(db: Database) -> None:
    users = await add_users(db, *"abcdefghijkl")

    found = await db.user.find_all(
        filters=User.guild_id == GUILD,
        limit=10,
        order_by=User.created_at.desc(),  # type: ignore[attr-defined]
    )

    assert found == users[:1:-1]


async def test_simple_queries_single_record_with_fallback(db: Database) -> None:
    defaults: dict[str, Any] = {"guild_id": GUILD, "discord_id": 1, "username": "x"}
    user_id = 5

    user = await db.user.get_by_id(user_id)
    if not user:
        user = await db.user.create(user_id=user_id, **defaults)

    assert await db.user.get_by_id(user_id) == user


async def test_complex_queries(bot: Bot) -> None:
    class MyCog(Cog):
        async def get_top_users_by_activity(
            self, guild_id: int, limit: int = 10
        ) -> list[User]:
            """Get most active users with custom query."""
            async with self.db.session() as session:
                query = (
                    select(User)
                    .where(User.guild_id == guild_id)  # type: ignore[arg-type]
                    .order_by(
                        User.message_count.desc(),  # type: ignore[attr-defined]
                        User.last_active.desc(),  # type: ignore[union-attr]
                    )
                    .limit(limit)
                )
                result = await session.execute(query)
                return list(result.scalars().all())

    ann, bob, _ = await add_users(bot.db, "ann", "bob", "eve")
    await bot.db.user.update_by_id(ann.id, message_count=5)
    await bot.db.user.update_by_id(bob.id, message_count=9)

    top = await MyCog(bot).get_top_users_by_activity(GUILD, 2)

    assert [user.username for user in top] == ["bob", "ann"]
    assert await bot.db.user.get_top_users_by_activity(GUILD, 2) == top


async def add_case(db: Database, user: User, **values: Any) -> Case:
    return await db.case.create(
        guild_id=GUILD, user_id=user.id, case_type="warn", **values
    )


async def test_relationship_queries_eager_loading(db: Database) -> None:
    ann, bob = await add_users(db, "ann", "bob")
    await add_case(db, ann)
    await add_case(db, ann)

    user = await db.user.find_one(
        filters=User.id == ann.id,
        options=[selectinload(User.cases)],  # type: ignore[arg-type]
    )
    same = await db.user.get_user_with_cases(ann.id)
    other = await db.user.get_user_with_cases(bob.id)

    assert user is not None
    assert same is not None
    assert other is not None
    assert [case.case_number for case in user.cases] == [1, 2]
    assert [case.case_number for case in same.cases] == [1, 2]
    assert other.cases == []
    assert await db.user.get_user_with_cases(0) is None


async def test_relationship_queries_filtering(db: Database) -> None:
    ann, bob, _ = await add_users(db, "ann", "bob", "eve")
    await add_case(db, ann)
    await add_case(db, bob, is_active=False)

    found = await db.user.find_all(
        filters=and_(
            User.guild_id == GUILD,  # type: ignore[arg-type]
            User.cases.any(Case.is_active == True),  # type: ignore[attr-defined] # noqa: E712
        )
    )

    assert found == [ann]
    assert await db.user.get_users_with_active_cases(GUILD) == [ann]


async def test_automatic_transactions(bot: Bot) -> None:
    class MyCog(Cog):
        async def update_user_stats(self, user_id: int, **stats: Any) -> User | None:
            """Update user statistics (automatically transactional)."""
            return await self.db.user.update_by_id(user_id, **stats)

    (ann,) = await add_users(bot.db, "ann")

    updated = await MyCog(bot).update_user_stats(ann.id, message_count=7)

    assert updated is not None
    assert updated.message_count == 7
    assert await MyCog(bot).update_user_stats(0, message_count=7) is None


class Transfers(Cog):
    """The guide's manual transaction: as it is written there, and made correct."""

    async def transfer_points_as_written(
        self, from_user: int, to_user: int, points: int
    ) -> bool:
        """Transfer points between users."""
        try:
            async with self.db.transaction() as session:
                sender = await session.get_one(User, from_user)
                if sender.points < points:
                    raise ValueError("Insufficient points")
                sender.points -= points
                receiver = await session.get_one(User, to_user)
                receiver.points += points
                await session.merge(
                    PointsTransaction(  # type: ignore[call-arg]
                        from_user=from_user, to_user=to_user, amount=points
                    )
                )
                return True
        except (ValueError, DatabaseOperationError) as e:
            logger.error("Points transfer failed: %s", e)
            return False

    async def transfer_points(self, from_user: int, to_user: int, points: int) -> bool:
        """Lock in the order of ids; the entry of the ledger moves the points."""
        try:
            async with self.db.transaction() as session:
                for user_id in sorted((from_user, to_user)):
                    await session.get_one(User, user_id, with_for_update=True)
                sender = await session.get_one(User, from_user)
                receiver = await session.get_one(User, to_user)
                if sender.points < points:
                    raise ValueError("Insufficient points")
                await session.merge(
                    PointsTransaction(
                        guild_id=sender.guild_id,
                        kind="transfer",
                        from_user=from_user,
                        to_user=to_user,
                        amount=points,
                        from_balance=sender.points - points,
                        to_balance=receiver.points + points,
                    )
                )
                return True
        except (ValueError, DatabaseOperationError) as e:
            logger.error("Points transfer failed: %s", e)
            return False


async def test_manual_transactions(bot: Bot) -> None:
    ann, bob = await add_users(bot.db, "ann", "bob", points=100)
    cog = Transfers(bot)

    assert await cog.transfer_points(ann.id, bob.id, 30) is True
    assert await cog.transfer_points(ann.id, bob.id, 71) is False

    assert [user.points for user in await bot.db.user.find_all()] == [70, 130]
    assert (await bot.db.points.verify()).mismatches == []


async def test_manual_transactions_cannot_change_points_without_an_entry(
    bot: Bot,
) -> None:
    ann, bob = await add_users(bot.db, "ann", "bob", points=100)

    assert await Transfers(bot).transfer_points_as_written(ann.id, bob.id, 30) is False

    assert [user.points for user in await bot.db.user.find_all()] == [100, 100]


async def test_efficient_queries_pagination(bot: Bot) -> None:
    class MyCog(Cog):
        async def get_all_users_paginated(
            self, guild_id: int, page: int = 1
        ) -> PaginationResult[User]:
            """Get users with pagination."""
            return await self.db.user.paginate(
                filters=User.guild_id == guild_id, page=page, per_page=50
            )

    await bot.db.user.bulk_create(
        [
            {"guild_id": GUILD, "discord_id": n, "username": f"u{n}"}
            for n in range(1, 121)
        ]
    )

    last = await MyCog(bot).get_all_users_paginated(GUILD, page=3)

    assert [user.discord_id for user in last.items] == list(range(101, 121))
    assert (last.total, last.pages, last.page, last.per_page) == (120, 3, 3, 50)
    assert (last.has_prev, last.has_next) == (True, False)


async def test_efficient_queries_bulk_operations(bot: Bot) -> None:
    class MyCog(Cog):
        async def update_multiple_users(self, updates: list[dict[str, Any]]) -> int:
            """Bulk update users."""
            return await self.db.user.bulk_update(updates)

    ann, bob = await add_users(bot.db, "ann", "bob")
    updates: list[dict[str, Any]] = [
        {"id": ann.id, "username": "Ann"},
        {"id": bob.id, "message_count": 3, "points": 5},
        {"id": 999, "username": "nobody"},
    ]

    assert await MyCog(bot).update_multiple_users(updates) == 2

    first, second = await bot.db.user.find_all()
    assert (first.username, second.username) == ("Ann", "bob")
    assert (second.message_count, second.points) == (3, 5)


async def test_n_plus_1_query_problems_eager_loading(db: Database) -> None:
    for user in await add_users(db, "ann", "bob"):
        await add_case(db, user)

    users = await db.user.find_all(
        options=[selectinload(User.cases)]  # type: ignore[arg-type]
    )

    assert [len(user.cases) for user in users] == [1, 1]


async def test_input_validation(db: Database) -> None:
    (ann,) = await add_users(db, "ann", points=10)

    updated = await db.user.update_user_points(ann.id, MAX_POINTS)
    assert updated is not None
    assert updated.points == MAX_POINTS == 2**53 - 1
    with pytest.raises(ValueError, match="cannot be negative"):
        await db.user.update_user_points(ann.id, -1)
    with pytest.raises(ValueError, match=f"cannot exceed {MAX_POINTS}"):
        await db.user.update_user_points(ann.id, MAX_POINTS + 1)
    assert await db.user.update_user_points(999, 5) is None
    last = await db.points.history(GUILD, limit=1)
    assert (last.items[0].kind, last.items[0].amount) == ("set", MAX_POINTS - 10)


async def test_sql_injection_prevention(db: Database) -> None:
    name = "x' OR '1'='1'; DROP TABLE users; --"
    await add_users(db, "ann")

    assert await db.user.find_all(filters=User.username == name) == []
    (hostile,) = [await db.user.create(guild_id=1, discord_id=9, username=name)]
    assert await db.user.find_all(filters=User.username == name) == [hostile]


async def test_quick_reference_common_operations(db: Database) -> None:
    # Create record
    user = await db.user.create(guild_id=GUILD, discord_id=123, username="test")
    # Get single record
    assert await db.user.get_by_id(user.id) == user
    # Update record
    updated = await db.user.update_by_id(user.id, points=100)
    assert updated is not None
    assert updated.points == 100
    # Find with filters
    users = await db.user.find_all(filters=User.guild_id == GUILD, limit=10)
    assert users == [updated]
    # Pagination
    result = await db.user.paginate(page=1, per_page=20)
    assert (result.items, result.total) == ([updated], 1)
    # Transaction
    async with db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1
    # Delete record
    success = await db.user.delete_by_id(user.id)
    assert success is True
    assert await db.user.find_all() == []


async def test_error_handling_checklist_required_records(db: Database) -> None:
    with pytest.raises(NotFound, match="no user 5"):
        await db.user.get_or_raise(5)
    async with db.session() as session:
        result = await session.execute(select(User).where(col(User.id) == 5))
        with pytest.raises(NoResultFound):
            result.one()
