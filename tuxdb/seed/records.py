"""What is recorded about seeds in the database, and whether it takes any."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.errors import Refused
from tuxdb.models import Meta, Seed


async def refuse_protected(session: AsyncSession) -> None:
    """Raise Refused if the database itself says that it is protected."""
    key = select(col(Meta.value)).where(col(Meta.key) == "environment")
    environment = await session.scalar(key)
    if environment:
        raise Refused(
            f"this database is protected: {environment}; it takes no seeds",
            hint="tuxdb config show url",
        )


async def lift_timeout(session: AsyncSession) -> None:
    """Let the statements of this transaction take as long as the load takes."""
    await session.execute(select(func.set_config("statement_timeout", "0", True)))


async def claim(
    session: AsyncSession, name: str, content_hash: str, rows: int, actor: str | None
) -> bool:
    """Record a seed; whether it was unknown or other contents before.

    Who applies the same seed at the same time waits here for the end of the first.
    """
    new = insert(Seed).values(
        name=name, content_hash=content_hash, rows=rows, actor=actor
    )
    fresh = new.excluded
    statement = new.on_conflict_do_update(
        index_elements=[Seed.name],
        set_={
            "content_hash": fresh.content_hash,
            "rows": fresh.rows,
            "actor": fresh.actor,
            "updated_at": func.now(),
        },
        where=col(Seed.content_hash).is_distinct_from(fresh.content_hash),
    ).returning(col(Seed.name))
    return await session.scalar(statement) is not None
