"""Statements about `tuxdb_meta`, which may not be there."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import INET, insert
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import Meta

ENVIRONMENT = "environment"


class MetaRepository:
    """Facts that a database holds about itself."""

    async def place(self, session: Executor) -> tuple[str, str | None, int | None]:
        """Database, address and port of where the session is; no address: a socket."""
        row = await session.execute(
            select(
                func.current_database(),
                func.host(func.inet_server_addr(type_=INET)),
                func.inet_server_port(),
            )
        )
        database, address, port = row.one()
        return database, address, port

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
