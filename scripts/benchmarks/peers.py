"""What the peers need: a plain engine, and tables mapped as their users map them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.util import find_spec

import asyncpg
from sqlalchemy import BigInteger, DateTime, FetchedValue, Identity, String, Table
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tuxdb.urls import DatabaseUrl

BARE = "bare"
"""The schema with copies of the tables that have no triggers."""


class Base(DeclarativeBase):
    """Plain declarative mapping, server defaults fetched."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own way
        int: BigInteger,
        datetime: DateTime(timezone=True),
    }


class Member(Base):
    """A row of `users`."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int]
    discord_id: Mapped[int]
    username: Mapped[str] = mapped_column(String(100))
    points: Mapped[int] = mapped_column(server_default=FetchedValue())
    is_active: Mapped[bool] = mapped_column(server_default=FetchedValue())
    message_count: Mapped[int] = mapped_column(server_default=FetchedValue())
    last_active: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class LedgerEntry(Base):
    """A row of `points_transactions`, as far as a transfer fills it."""

    __tablename__ = "points_transactions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int]
    from_user: Mapped[int | None]
    to_user: Mapped[int | None]
    amount: Mapped[int]
    from_balance: Mapped[int | None]
    to_balance: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))
    idempotency_key: Mapped[str | None] = mapped_column(String(100))


def table(model: type[Base]) -> Table:
    """The table of a mapped class, for Core statements."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


@asynccontextmanager
async def plain_engine(
    url: str, pool_size: int = 5, *, schema: str = "public"
) -> AsyncIterator[AsyncEngine]:
    """Open an engine as SQLAlchemy's documentation opens it, without a pre-ping."""
    connect = partial(
        asyncpg.connect,
        **DatabaseUrl.parse(url).connect_args(),
        server_settings={"search_path": f"{schema}, public"},
    )
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": lambda *_, **__: connect()},
        pool_size=pool_size,
        max_overflow=0,
    )
    try:
        yield engine
    finally:
        await engine.dispose()


def installed(package: str) -> bool:
    """Whether a peer can be measured here."""
    return find_spec(package) is not None
