"""Guild configuration, cached."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import SessionTransaction

from tuxdb.controllers.base import BaseController
from tuxdb.engine.service import DatabaseService
from tuxdb.models import GuildConfig
from tuxdb.models.guild_settings import BotRules, bot_rules, with_rule
from tuxdb.repositories import Filters
from tuxdb.repositories.bulk import Rows


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

    def get_cached_config(
        self, guild_id: int
    ) -> Coroutine[Any, Any, GuildConfig | None]:
        """The configuration of a guild, or None; a copy that is the caller's own.

        Not a coroutine around the cache's: that would cost a hit a tenth.
        """
        return self._cache.get(guild_id, lambda: self._load(guild_id))

    async def get_or_create_config(
        self,
        guild_id: int,
        *,
        session: AsyncSession | None = None,
        **defaults: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """The configuration of a guild, made with `defaults` if there is none."""
        config, _ = await self.get_or_create(
            defaults, session=session, guild_id=guild_id
        )
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
        return await self._set_rule("points", guild_id, rule, value, session)

    async def set_bot_rule(
        self,
        guild_id: int,
        rule: str,
        value: int | str | bool | list[str] | None,
        *,
        session: AsyncSession | None = None,
    ) -> GuildConfig:
        """Set a rule in `settings.bot`, and leave all others; None takes it away.

        Raises InvalidValue that names `settings.bot.<rule>`.
        """
        return await self._set_rule("bot", guild_id, rule, value, session)

    async def bot_rules(self, guild_id: int) -> BotRules:
        """How the bot behaves in a guild; cached."""
        config = await self.get_cached_config(guild_id)
        return bot_rules(config.settings if config else {})

    async def _set_rule(
        self,
        part: str,
        guild_id: int,
        rule: str,
        value: object,
        session: AsyncSession | None,
    ) -> GuildConfig:
        async def work(own: AsyncSession) -> GuildConfig:
            await self.repository.add_if_absent(own, {"guild_id": guild_id})
            config = await own.get_one(
                GuildConfig, guild_id, with_for_update=True, populate_existing=True
            )
            settings = with_rule(config.settings, part, rule, value)
            changed = await self.update_by_id(guild_id, session=own, settings=settings)
            return changed or config

        return await self._in_transaction(session, work)

    async def effective(self, guild_id: int) -> GuildConfig:
        """The configuration of a guild; the defaults, unsaved, if it has none."""
        found = await self.get_by_id(guild_id)
        return found or GuildConfig(guild_id=guild_id)

    # -- the calls of BaseController; each makes the cache forget what it changes -----

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """Insert a guild's configuration."""
        with self._forgetting(session or joined, values.get("guild_id")):
            return await super().create(joined, session=session, **values)

    async def get_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        *,
        session: AsyncSession | None = None,
        **lookup: Any,  # noqa: ANN401
    ) -> tuple[GuildConfig, bool]:
        """The configuration with these values, made if there is none."""
        with self._forgetting(session, {**(defaults or {}), **lookup}.get("guild_id")):
            return await super().get_or_create(defaults, session=session, **lookup)

    async def update_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> GuildConfig | None:
        """Change a guild's configuration; None if it has none."""
        with self._forgetting(session, key):
            return await super().update_by_id(key, session=session, **changes)

    async def upsert(
        self,
        conflict: Sequence[str] = ("guild_id",),
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> GuildConfig:
        """Insert a guild's configuration or change it."""
        with self._forgetting(session, values.get("guild_id")):
            return await super().upsert(conflict, session=session, **values)

    async def delete_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
    ) -> bool:
        """Delete a guild's configuration; whether it was there."""
        with self._forgetting(session, key):
            return await super().delete_by_id(key, session=session)

    async def bulk_create(
        self, rows: Rows, *, session: AsyncSession | None = None
    ) -> int:
        """Insert the configurations of many guilds."""
        with self._forgetting(session):
            return await super().bulk_create(rows, session=session)

    async def bulk_update(
        self, rows: Rows, *, session: AsyncSession | None = None
    ) -> int:
        """Change the configurations of many guilds."""
        with self._forgetting(session):
            return await super().bulk_update(rows, session=session)

    async def bulk_upsert(
        self,
        rows: Rows,
        conflict: Sequence[str] = ("guild_id",),
        *,
        session: AsyncSession | None = None,
    ) -> int:
        """Insert or change the configurations of many guilds."""
        with self._forgetting(session):
            return await super().bulk_upsert(rows, conflict, session=session)

    async def bulk_delete(
        self, keys: Sequence[Any], *, session: AsyncSession | None = None
    ) -> int:
        """Delete the configurations of many guilds."""
        with self._forgetting(session):
            return await super().bulk_delete(keys, session=session)

    async def update_where(
        self,
        filters: Filters,
        values: Mapping[str, Any] | None = None,
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> int:
        """Change all configurations that match."""
        with self._forgetting(session):
            return await super().update_where(
                filters, values, session=session, **changes
            )

    async def delete_where(
        self, filters: Filters, *, session: AsyncSession | None = None
    ) -> int:
        """Delete all configurations that match."""
        with self._forgetting(session):
            return await super().delete_where(filters, session=session)

    async def _load(self, guild_id: int) -> GuildConfig | None:
        return await self.repository.get_by_id(self.db.reads, guild_id)

    @contextmanager
    def _forgetting(
        self, session: AsyncSession | None, guild_id: int | None = None
    ) -> Iterator[None]:
        """Drop a cached entry, or all, once the change in the block is committed.

        Also if the block fails: its outcome may be unknown.
        """

        def forget() -> None:
            if guild_id is None:
                self._cache.clear()
            else:
                self._cache.invalidate(guild_id)

        try:
            yield
        finally:
            joined = session or self.db.current_session()
            if joined is None:
                forget()
            else:
                _at_the_end(joined, forget)


def _at_the_end(session: AsyncSession, action: Callable[[], None]) -> None:
    """Act when the outermost transaction of a session is over; no savepoint is that."""

    def ended(_session: object, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            action()

    event.listen(session.sync_session, "after_transaction_end", ended)
