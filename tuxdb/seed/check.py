"""The proof, before a commit, that loaded balances follow from the loaded ledger."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    any_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.errors import Conflict
from tuxdb.models import PointsTransaction, User


async def verify_ledger(session: AsyncSession, guild_ids: list[int]) -> None:
    """Raise Conflict unless every account of the guilds adds up, entry by entry."""
    broken = await session.scalar(broken_accounts(guild_ids))
    if broken:
        raise Conflict(f"{broken} accounts do not add up to their ledger entries")


def broken_accounts(guild_ids: list[int]) -> Select[int]:
    """Count accounts with a gap: each entry's balance follows from the one before.

    The first follows from 0, and the last is the user's, who is in the entry's guild.
    """
    guilds = any_(cast(literal(guild_ids, ARRAY(BigInteger)), ARRAY(BigInteger)))
    entry = PointsTransaction
    gained: Select[int, int, int, int, int] = select(
        col(entry.id),
        col(entry.guild_id),
        col(entry.to_user).label("user_id"),
        col(entry.amount).label("change"),
        col(entry.to_balance).label("balance"),
    ).where(col(entry.guild_id) == guilds, col(entry.to_user).is_not(None))
    lost = select(
        col(entry.id),
        col(entry.guild_id),
        col(entry.from_user),
        -col(entry.amount),
        col(entry.from_balance),
    ).where(col(entry.guild_id) == guilds, col(entry.from_user).is_not(None))
    sides = union_all(gained, lost).subquery()
    user_id, id_ = sides.c.user_id, sides.c.id
    before = func.lag(sides.c.balance, 1, 0).over(partition_by=user_id, order_by=id_)
    following = func.lead(id_).over(partition_by=user_id, order_by=id_)
    chain = select(
        sides.c.guild_id,
        user_id,
        sides.c.balance,
        (before + sides.c.change).label("due"),
        following.is_(None).label("is_last"),
    ).subquery()
    user = (
        select(col(User.guild_id), col(User.id), col(User.points))
        .where(col(User.guild_id) == guilds)
        .subquery()
    )
    both = chain.join(
        user,
        (user.c.id == chain.c.user_id)
        & (user.c.guild_id == chain.c.guild_id)
        & chain.c.is_last,
        full=True,
    )
    last = func.coalesce(chain.c.balance, 0)
    return (
        select(func.count(func.coalesce(chain.c.user_id, user.c.id).distinct()))
        .select_from(both)
        .where(
            (chain.c.balance != chain.c.due)
            | (chain.c.is_last.is_not(False) & user.c.points.is_distinct_from(last))
        )
    )
