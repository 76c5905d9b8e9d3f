"""The points ledger: append-only, each entry with the balances it led to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from tuxdb.models.base import MAX_POINTS, Model, big_integer, created_at, row_id


class EntryKind(StrEnum):
    """Why points moved."""

    TRANSFER = "transfer"
    GRANT = "grant"
    DEDUCT = "deduct"
    SET = "set"
    REVERSE = "reverse"
    SEED = "seed"


KINDS = ", ".join(f"'{kind}'" for kind in EntryKind)


class PointsTransaction(Model, table=True):
    """One movement of points. A side that is NULL is the outside world.

    `from_user` and `to_user` are users.id without a foreign key: the ledger outlives
    its users. Inserting an entry is what changes `users.points`.
    """

    __tablename__ = "points_transactions"
    __table_args__ = (
        UniqueConstraint("guild_id", "idempotency_key"),
        UniqueConstraint("reverses"),
        CheckConstraint(f"amount BETWEEN 1 AND {MAX_POINTS}", name="amount_range"),
        CheckConstraint("from_user IS DISTINCT FROM to_user", name="two_sides"),
        CheckConstraint(f"kind IN ({KINDS})", name="kind_known"),
        CheckConstraint(
            "(from_user IS NULL) = (from_balance IS NULL)"
            " AND (to_user IS NULL) = (to_balance IS NULL)",
            name="balance_of_each_side",
        ),
        CheckConstraint(
            "(kind = 'transfer') <= (from_user IS NOT NULL AND to_user IS NOT NULL)",
            name="transfer_two_users",
        ),
        Index(None, "guild_id", "from_user", "id"),
        Index(None, "guild_id", "to_user", "id"),
    )

    id: int = row_id()
    guild_id: int = big_integer(foreign_key="guilds.id")
    from_user: int | None = big_integer(default=None)
    to_user: int | None = big_integer(default=None)
    amount: int = big_integer(minimum=1, maximum=MAX_POINTS)
    from_balance: int | None = big_integer(default=None)
    to_balance: int | None = big_integer(default=None)
    kind: str = Field(max_length=16)
    reason: str | None = Field(default=None, max_length=500)
    actor: str | None = Field(default=None, max_length=100)
    idempotency_key: str | None = Field(default=None, max_length=100)
    request_hash: str | None = Field(default=None, max_length=64)
    reverses: int | None = big_integer(default=None)
    created_at: datetime = created_at()


class PointsFreeze(Model, table=True):
    """A user who may neither send nor receive transfers, and why."""

    __tablename__ = "points_freezes"
    __table_args__ = (
        UniqueConstraint("guild_id", "user_id"),
        ForeignKeyConstraint(
            ["guild_id", "user_id"],
            ["users.guild_id", "users.id"],
            ondelete="CASCADE",
        ),
    )

    user_id: int = big_integer(primary_key=True)
    guild_id: int = big_integer(minimum=1)
    reason: str | None = Field(default=None, max_length=500)
    actor: str | None = Field(default=None, max_length=100)
    created_at: datetime = created_at()
