"""`/config`: what a server has set, one key at a time, with what changed in the reply.

A change is recorded with its author like one by the command line, and can be taken
back by it. The table's trigger tells every other process of it.
"""

import asyncio
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.changes_shown import as_block, shown, what_changed
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.declined import Restarting
from tuxdb.bot.embeds import GOOD, QUIET, Markup, embed
from tuxdb.bot.errors import answer_error
from tuxdb.bot.guild_keys import (
    LONG,
    Value,
    as_text,
    change,
    matching,
    require_key,
    typed_value,
    value_of,
)
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import permission_only, require_permission
from tuxdb.bulk.changesets import Author
from tuxdb.errors import Busy, DatabaseUnavailable, InvalidValue
from tuxdb.guild_keys import KEYS, SETTINGS

if TYPE_CHECKING:
    from tuxdb.models import GuildConfig

MANAGE = "manage_guild"
LONGEST_INPUT = 4000
PREFILL_SECONDS = 0.8
"""A window cannot be opened after an acknowledgement, so it has to come at once."""
WINDOW_SECONDS = 840.0
"""An interaction's token lasts for 15 minutes."""
Text = app_commands.Range[str, 1, LONGEST_INPUT]
Choices = list[app_commands.Choice[str]]


@app_commands.default_permissions(manage_guild=True)
class Config(
    BaseCog,
    commands.GroupCog,
    group_name="config",
    group_description="The settings of this server.",
):
    """Showing and changing the configuration of a server."""

    @app_commands.command(description="Show the settings of this server, or one.")
    @app_commands.describe(key="One setting only.")
    @permission_only(MANAGE)
    async def show(self, interaction: Interaction, key: str | None = None) -> None:
        """Show settings; defaults where the server has none."""
        wanted = None if key is None else require_key(key)
        await acknowledge(interaction, private=True)
        config = await self.db.guild_config.effective(interaction.guild_id or 0)
        title = say(interaction, "config.title")
        if wanted is None:
            text = "\n".join(_line(interaction, config, name) for name in KEYS)
        elif wanted in LONG:
            text = f"`{wanted}`\n{as_block(as_text(wanted, value_of(config, wanted)))}"
        else:
            text = _line(interaction, config, wanted)
        await answer(interaction, embed=embed(title, text))

    @app_commands.command(name="set", description="Change a setting of this server.")
    @app_commands.describe(
        key="Which setting.", value="The new value; without one, a window opens."
    )
    @permission_only(MANAGE)
    async def set_key(
        self, interaction: Interaction, key: str, value: Text | None = None
    ) -> None:
        """Change one setting and no other."""
        name = require_key(key)
        if value is None:
            await self._open_window(interaction, name)
        else:
            await self.store(interaction, name, value)

    @app_commands.command(description="Put a setting back to what it is without one.")
    @app_commands.describe(key="Which setting.")
    @permission_only(MANAGE)
    async def reset(self, interaction: Interaction, key: str) -> None:
        """Take a setting away."""
        name = require_key(key)
        await acknowledge(interaction, private=True)
        await self._change(interaction, "/config reset", name, None)

    @show.autocomplete("key")
    @set_key.autocomplete("key")
    @reset.autocomplete("key")
    async def keys(self, _: Interaction, typed: str) -> Choices:
        """Keys that contain what is typed."""
        return [app_commands.Choice(name=key, value=key) for key in matching(typed)]

    async def store(self, interaction: Interaction, key: str, text: str) -> None:
        """Set a key to what was typed, in the option or in the window."""
        require_permission(interaction, MANAGE)
        if interaction.guild is None or len(text) > LONGEST_INPUT:
            raise InvalidValue(key, f"is longer than {LONGEST_INPUT} characters")
        value = typed_value(key, text, interaction.guild)
        await acknowledge(interaction, private=True)
        await self._change(interaction, "/config set", key, value)

    async def _open_window(self, interaction: Interaction, key: str) -> None:
        guild_id = interaction.guild_id or 0
        try:
            async with asyncio.timeout(PREFILL_SECONDS):
                config = await self.db.guild_config.get_cached_config(guild_id)
        except TimeoutError as error:
            raise Busy("the present value could not be read in time") from error
        text = as_text(key, value_of(config, key)) if config else ""
        if len(text) > LONGEST_INPUT:
            raise InvalidValue(key, "is too long for a window; use the command line")
        await interaction.response.send_modal(Window(self, key, text))

    async def _change(
        self, interaction: Interaction, command: str, key: str, value: Value
    ) -> None:
        guild_id = interaction.guild_id or 0
        before: list[Value] = []

        async def edit() -> "GuildConfig":
            # as of this transaction, in which the row is locked
            config = await self.db.guild_config.get_config_by_guild_id(guild_id)
            before.append(value_of(config, key) if config else None)
            return await change(self.db, guild_id, key, value)()

        author = Author(command, actor=f"discord:{interaction.user.id}")
        edited = await self.db.edits.config(guild_id, author, edit)
        after = value_of(edited.row, key)
        if edited.changeset is None or before[0] == after:
            text = say(interaction, "config.unchanged", key=Markup(f"`{key}`"))
            await answer(interaction, embed=embed(text=text, colour=QUIET))
            return
        await answer(
            interaction,
            embed=embed(
                say(interaction, "config.changed"),
                what_changed(key, before[0], after),
                colour=GOOD,
                footer=say(interaction, "config.recorded", id=str(edited.changeset)),
            ),
        )


class Window(discord.ui.Modal):
    """Where a long value is typed; it holds what is set at present."""

    def __init__(self, cog: Config, key: str, text: str) -> None:
        super().__init__(title=key, timeout=WINDOW_SECONDS)
        self.cog = cog
        self.key = key
        self.text: discord.ui.TextInput[Window] = discord.ui.TextInput(
            label=key,
            custom_id="value",
            style=discord.TextStyle.paragraph
            if key in LONG
            else discord.TextStyle.short,
            default=text or None,
            max_length=LONGEST_INPUT,
        )
        self.add_item(self.text)

    async def on_submit(self, interaction: Interaction) -> None:  # type: ignore[override]
        """Store it as if it had come with the command."""
        bot = self.cog.bot
        with bot.calls.one(interaction, "config set"):
            if bot.stopping:
                raise Restarting
            bot.breaker.admit()
            await self.cog.store(interaction, self.key, self.text.value)

    async def on_error(  # type: ignore[override]
        self, interaction: Interaction, error: Exception, /
    ) -> None:
        """Say what went wrong, as for a command."""
        if isinstance(error, DatabaseUnavailable):
            self.cog.bot.breaker.failed()
        await answer_error(interaction, error)


def _line(interaction: Interaction, config: "GuildConfig", key: str) -> str:
    value = value_of(config, key)
    if key == SETTINGS:
        others = len(value)
        return f"`{key}` {say(interaction, 'config.parts', count=others)}"
    return f"`{key}` {shown(key, value)}"


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Config(bot))
