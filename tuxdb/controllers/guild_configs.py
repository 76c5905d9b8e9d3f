"""Guild configuration, cached."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.base import BaseController
from tuxdb.engine.service import DatabaseService
from tuxdb.models import GuildConfig
from tuxdb.models.guild_settings import with_points_rule


class GuildConfigController(BaseController[GuildConfig]):
    """Configuration by guild; `get_cached_config` is what a command calls each time.

    A cached entry goes when its row is committed changed, by whomever: the table's
    trigger tells other processes.
    """

    def __init__(
        self,
        model: type[GuildConfig] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        super().__init__(model, db)
        self._cache = self.db.cache(GuildConfig)

    async def get_config_by_guild_id(self, guild_id: int) -> GuildConfig | None:
        """The configuration of a guild as it is in the database, or None."""
        return await self.get_by_id(guild_id)

    async def get_cached_config(self, guild_id: int) -> GuildConfig | None:
        """The configuration of a guild, or None; a copy that is the caller's own."""
        return await self._cache.get(guild_id, lambda: self._load(guild_id))

    async def get_or_create_config(
        self,
        guild_id: int,
        *,
        session: AsyncSession | None = None,
        **defaults: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """The configuration of a guild, made with `defaults` if there is none."""
        config, created = await self.get_or_create(
            defaults, session=session, guild_id=guild_id
        )
        if created:
            self._forget(guild_id, session)
        return config

    async def update_config(
        self,
        guild_id: int,
        *,
        session: AsyncSession | None = None,
        **updates: Any,  # noqa: ANN401
    ) -> GuildConfig | None:
        """Change a guild's configuration; None if it has none."""
        return await self.update_by_id(guild_id, session=session, **updates)

    async def set_points_rule(
        self,
        guild_id: int,
        rule: str,
        value: int | str | None,
        *,
        session: AsyncSession | None = None,
    ) -> GuildConfig:
        """Set a rule in `settings.points`, and leave all others; None takes it away.

        Raises InvalidValue that names `settings.points.<rule>`.
        """

        async def work(own: AsyncSession) -> GuildConfig:
            await self.repository.add_if_absent(own, {"guild_id": guild_id})
            config = await own.get_one(
                GuildConfig, guild_id, with_for_update=True, populate_existing=True
            )
            settings = with_points_rule(config.settings, rule, value)
            changed = await self.update_by_id(guild_id, session=own, settings=settings)
            return changed or config

        return await self._in_transaction(session, work)

    async def effective(self, guild_id: int) -> GuildConfig:
        """The configuration of a guild; the defaults, unsaved, if it has none."""
        found = await self.get_by_id(guild_id)
        return found or GuildConfig(guild_id=guild_id)

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """Insert a guild's configuration."""
        config = await super().create(joined, session=session, **values)
        self._forget(config.guild_id, session or joined)
        return config

    async def update_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> GuildConfig | None:
        """Change a guild's configuration; None if it has none."""
        config = await super().update_by_id(key, session=session, **changes)
        self._forget(key, session)
        return config

    async def upsert(
        self,
        conflict: Sequence[str] = ("guild_id",),
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """Insert a guild's configuration or change it."""
        config = await super().upsert(conflict, session=session, **values)
        self._forget(config.guild_id, session)
        return config

    async def delete_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
    ) -> bool:
        """Delete a guild's configuration; whether it was there."""
        deleted = await super().delete_by_id(key, session=session)
        self._forget(key, session)
        return deleted

    async def bulk_update(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        session: AsyncSession | None = None,
    ) -> int:
        """Change the configurations of many guilds."""
        count = await super().bulk_update(rows, session=session)
        for row in rows:
            self._forget(row["guild_id"], session)
        return count

    async def _load(self, guild_id: int) -> GuildConfig | None:
        return await self.repository.get_by_id(self.db.reads, guild_id)

    def _forget(self, guild_id: int, session: AsyncSession | None) -> None:
        """Drop a cached entry once its change is committed."""
        joined = session or self.db.current_session()
        if joined is None:
            self._cache.invalidate(guild_id)
        else:
            _after_commit(joined, lambda: self._cache.invalidate(guild_id))


def _after_commit(session: AsyncSession, action: Callable[[], None]) -> None:
    def committed(_session: object) -> None:
        action()

    event.listen(session.sync_session, "after_commit", committed, once=True)
