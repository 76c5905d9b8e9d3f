"""`/privacy`: what this server's bot knows of oneself, as a file; and its removal."""

import gzip
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.embeds import QUESTION, QUIET, Markup, embed
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.views.confirm import ask, confirmation
from tuxdb.controllers.leaving import StillNeeded
from tuxdb.errors import NotFound

if TYPE_CHECKING:
    from tuxdb.controllers.removals import Removed

FORGET = "pf"
SCHEMA = "tuxdb.users.export/1"
FILE_LIMIT = 8 * 2**20
"""What Discord has taken everywhere and always."""
MOST_BYTES = 64 * 2**20
SAFE_INTEGER = 2**53 - 1
KNOWN_TABLES = ("users", "cases", "messages", "tuxdb_change")


class TooMuch(Exception):
    """More is known of a person than fits into a message."""


class Privacy(
    BaseCog,
    commands.GroupCog,
    group_name="privacy",
    group_description="What is known of you here.",
):
    """A member's own data in one server. Other servers are asked there."""

    @app_commands.command(description="Get all that is known of you here, as a file.")
    async def export(self, interaction: Interaction) -> None:
        """Answer with a JSON document, to oneself."""
        await acknowledge(interaction, private=True)
        guild_id, user = interaction.guild_id or 0, interaction.user.id
        try:
            document = await self._document(guild_id, user)
            file = _file(interaction, document)
        except NotFound:
            await answer(interaction, say(interaction, "privacy.nothing"))
        except TooMuch:
            await answer(interaction, say(interaction, "privacy.too_much"))
        else:
            await answer(interaction, say(interaction, "privacy.export"), file=file)

    @app_commands.command(description="Have all that is known of you here deleted.")
    async def forget(self, interaction: Interaction) -> None:
        """Say what would go and what stays, and ask."""
        await acknowledge(interaction, private=True)
        guild_id, user = interaction.guild_id or 0, interaction.user.id
        try:
            removed = await self.db.leaving.preview(guild_id, user)
        except (NotFound, StillNeeded) as error:
            await answer(interaction, _refusal(interaction, error))
            return
        prompt = embed(
            say(interaction, "privacy.forget.title"),
            _what_goes(interaction, removed),
            colour=QUESTION,
        )
        await ask(interaction, FORGET, prompt)

    async def _document(self, guild_id: int, user: int) -> bytes:
        tables: dict[str, list[str]] = {}
        size = 0
        async for table, rows in self.db.people.export(user, guild_id):
            lines = [json.dumps(_plain(row), ensure_ascii=False) for row in rows]
            tables.setdefault(table, []).extend(lines)
            size += sum(map(len, lines))
            if size > MOST_BYTES:
                raise TooMuch
        head = {
            "schema": SCHEMA,
            "guild_id": str(guild_id),
            "discord_id": str(user),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        parts = [
            f"{json.dumps(name)}: {json.dumps(text)}" for name, text in head.items()
        ]
        data = ",\n".join(
            f"{json.dumps(name)}: [\n" + ",\n".join(lines) + "\n]"
            for name, lines in tables.items()
        )
        parts.append(f'"data": {{\n{data}\n}}')
        return ("{\n" + ",\n".join(parts) + "\n}\n").encode(errors="replace")


@confirmation(FORGET, nothing="privacy.forget")
async def forget(interaction: Interaction) -> None:
    """Carry it out; whoever confirms twice is told that nothing is known any more."""
    guild_id, user = interaction.guild_id or 0, interaction.user.id
    try:
        removed = await interaction.client.db.leaving.leave(guild_id, user)
    except (NotFound, StillNeeded) as error:
        await answer(interaction, _refusal(interaction, error))
        return
    text = say(interaction, "privacy.forget.done", count=removed.changed)
    await answer(interaction, embed=embed(text=text, colour=QUIET))


def _refusal(interaction: Interaction, error: NotFound | StillNeeded) -> str:
    if isinstance(error, StillNeeded):
        values: dict[str, Any] = dict(error.details)
        del values["what"]
        return say(interaction, f"privacy.needed.{error.what}", **values)
    return say(interaction, "privacy.nothing")


def _what_goes(interaction: Interaction, removed: "Removed") -> str:
    """What would be deleted by kind, and what stays without a name."""
    lines = []
    for part in removed.tables:
        if part.table in KNOWN_TABLES:
            key = f"privacy.rows.{part.table}"
            lines.append(f"- {say(interaction, key, count=part.rows)}")
    goes = Markup("\n".join(lines))
    return say(interaction, "privacy.forget.prompt", goes=goes)


def _file(interaction: Interaction, document: bytes) -> discord.File:
    """The document, compressed if that is needed for Discord to take it."""
    limit = min(interaction.filesize_limit or FILE_LIMIT, FILE_LIMIT)
    name = f"{interaction.guild_id}-{interaction.user.id}.json"
    if len(document) > limit:
        document, name = gzip.compress(document), f"{name}.gz"
    if len(document) > limit:
        raise TooMuch
    return discord.File(io.BytesIO(document), filename=name)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """A value as JSON has it; numbers that JavaScript would round are texts."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= SAFE_INTEGER else str(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Privacy(bot))
