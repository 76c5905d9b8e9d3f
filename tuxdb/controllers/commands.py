"""Commands: which ones Discord has of the bot, so that it is told of changes only."""

from tuxdb.engine.service import DatabaseService
from tuxdb.models import CommandSync
from tuxdb.models.validation import validated
from tuxdb.repositories import Repository

CONFLICT = ("application_id",)


class CommandController:
    """Knows what was last registered at Discord, for each application."""

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self.repository = Repository(CommandSync)

    async def known(self, application_id: int) -> str | None:
        """The hash of the commands that Discord has; None if that is not known."""
        found = await self.repository.get_by_id(self.db.reads, application_id)
        return found.content_hash if found else None

    async def remember(self, application_id: int, content_hash: str) -> None:
        """Write down what Discord was told."""
        values = validated(
            CommandSync,
            {"application_id": application_id, "content_hash": content_hash},
        )
        await self.repository.upsert(self.db.statements, values, CONFLICT)
