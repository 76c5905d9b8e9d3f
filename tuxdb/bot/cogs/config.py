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
from tuxdb.bot.embeds import GOOD, QUIET, Markup, embed
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
from tuxdb.bot.views.dialogs import presses, typed_text
from tuxdb.bulk.changesets import Author
from tuxdb.errors import Busy, InvalidValue
from tuxdb.guild_keys import KEYS, SETTINGS

if TYPE_CHECKING:
    from tuxdb.models import GuildConfig

MANAGE = "manage_guild"
LONGEST_INPUT = 4000
PREFILL_SECONDS = 0.8
"""A window cannot be opened after an acknowledgement, so it has to come at once."""
WINDOW, FIELD = "config", "value"
"""What the window and its field are known by."""
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
            await store(interaction, name, value)

    @app_commands.command(description="Put a setting back to what it is without one.")
    @app_commands.describe(key="Which setting.")
    @permission_only(MANAGE)
    async def reset(self, interaction: Interaction, key: str) -> None:
        """Take a setting away."""
        name = require_key(key)
        await acknowledge(interaction, private=True)
        await _change(interaction, "/config reset", name, None)

    @show.autocomplete("key")
    @set_key.autocomplete("key")
    @reset.autocomplete("key")
    async def keys(self, _: Interaction, typed: str) -> Choices:
        """Keys that contain what is typed."""
        return [app_commands.Choice(name=key, value=key) for key in matching(typed)]

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
        await interaction.response.send_modal(_window(key, text))


def _window(key: str, text: str) -> discord.ui.Modal:
    """Where a long value is typed; it holds what is set at present.

    It is known by its custom_id alone, as buttons are, so it survives a restart.
    """
    window = discord.ui.Modal(title=key, timeout=None, custom_id=f"{WINDOW}:{key}")
    style = discord.TextStyle.paragraph if key in LONG else discord.TextStyle.short
    window.add_item(
        discord.ui.TextInput(
            label=key,
            custom_id=FIELD,
            style=style,
            default=text or None,
            max_length=LONGEST_INPUT,
        )
    )
    window.stop()  # discord.py need not keep it
    return window


@presses(WINDOW)
async def typed(interaction: Interaction, parts: list[str]) -> None:
    """Store what was typed in a window as if it had come with the command."""
    key = require_key(":".join(parts))
    interaction.client.breaker.admit()
    await store(interaction, key, typed_text(interaction, FIELD))
    interaction.client.breaker.succeeded()


async def store(interaction: Interaction, key: str, text: str) -> None:
    """Set a key to what was typed, in the option or in the window."""
    require_permission(interaction, MANAGE)
    if interaction.guild is None or len(text) > LONGEST_INPUT:
        raise InvalidValue(key, f"is longer than {LONGEST_INPUT} characters")
    value = typed_value(key, text, interaction.guild)
    await acknowledge(interaction, private=True)
    await _change(interaction, "/config set", key, value)


async def _change(
    interaction: Interaction, command: str, key: str, value: Value
) -> None:
    db, guild_id = interaction.client.db, interaction.guild_id or 0
    before: list[Value] = []

    async def edit() -> "GuildConfig":
        # as of this transaction, in which the row is locked
        config = await db.guild_config.get_config_by_guild_id(guild_id)
        before.append(value_of(config, key) if config else None)
        return await change(db, guild_id, key, value)()

    author = Author(command, actor=f"discord:{interaction.user.id}")
    edited = await db.edits.config(guild_id, author, edit)
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


def _line(interaction: Interaction, config: "GuildConfig", key: str) -> str:
    value = value_of(config, key)
    if key == SETTINGS:
        others = len(value)
        return f"`{key}` {say(interaction, 'config.parts', count=others)}"
    return f"`{key}` {shown(key, value)}"


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Config(bot))
