"""Statements about `tuxdb_meta`, which may not be there."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import Meta

ENVIRONMENT = "environment"


class MetaRepository:
    """Facts that a database holds about itself."""

    async def database(self, session: Executor) -> str:
        """The name of the database that the session is really in."""
        return str(await session.scalar(select(func.current_database())))

    async def get(self, session: Executor, key: str) -> str | None:
        """A fact, or None where there is none, or no table for it."""
        table = func.to_regclass(Meta.__tablename__)
        if await session.scalar(select(table)) is None:
            return None
        found = await session.scalar(
            select(col(Meta.value)).where(col(Meta.key) == key)
        )
        return None if found is None else str(found)

    async def put(
        self, session: Executor, key: str, value: str, actor: str | None
    ) -> None:
        """Write a fact down, over the one before."""
        row = insert(Meta).values(key=key, value=value, actor=actor)
        changed = {"value": value, "actor": actor, "updated_at": func.now()}
        await session.execute(
            row.on_conflict_do_update(index_elements=[col(Meta.key)], set_=changed)
        )
