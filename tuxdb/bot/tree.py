"""The tree of commands: what happens before and after each of them, once for all.

A person with an outdated client, or a forged interaction, meets the same checks here
as in the command itself.
"""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from tuxdb.bot.answers import learn_locale
from tuxdb.bot.calls import note_error
from tuxdb.bot.declined import Restarting, SwitchedOff
from tuxdb.bot.errors import answer_error, cause_of
from tuxdb.errors import DatabaseUnavailable, TuxdbError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

WITHOUT_DATABASE = {"without_database": True}
"""`extras` of a command that works while the database is away."""


class Tree(app_commands.CommandTree["TuxdbBot"]):
    """The commands of a TuxdbBot."""

    async def interaction_check(
        self, interaction: "discord.Interaction[TuxdbBot]", /
    ) -> bool:
        """Refuse what cannot be done now, or not here; no round trip if known."""
        if interaction.type is discord.InteractionType.autocomplete:
            return await self._may_complete(interaction)
        bot = interaction.client
        if bot.stopping:
            raise Restarting
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        if not _without_database(interaction):
            bot.breaker.admit()
        await self._go_by_rules(interaction)
        return True

    async def on_error(
        self,
        interaction: "discord.Interaction[TuxdbBot]",
        error: app_commands.AppCommandError | TuxdbError,
        /,
    ) -> None:
        """Say what went wrong, to that person alone."""
        cause = cause_of(error)
        note_error(interaction, cause)
        if isinstance(cause, DatabaseUnavailable):
            interaction.client.breaker.failed()
        if interaction.type is discord.InteractionType.autocomplete:
            return
        await answer_error(interaction, cause)

    async def _call(self, interaction: "discord.Interaction[TuxdbBot]") -> None:
        """Run a command, or complete an option, and keep account of it."""
        if interaction.type is discord.InteractionType.autocomplete:
            await self._guarded(interaction)
            return
        with interaction.client.calls.one(interaction, name_of(interaction)):
            await self._guarded(interaction)
            if not interaction.command_failed and not _without_database(interaction):
                interaction.client.breaker.succeeded()

    async def _guarded(self, interaction: "discord.Interaction[TuxdbBot]") -> None:
        try:
            await super()._call(interaction)
        except (app_commands.AppCommandError, TuxdbError) as error:
            interaction.command_failed = True
            await self.on_error(interaction, error)

    async def _may_complete(self, interaction: "discord.Interaction[TuxdbBot]") -> bool:
        """Offer nothing at once where the answer would be late or refused."""
        bot = interaction.client
        away = bot.stopping or bot.breaker.is_open or interaction.guild_id is None
        if away:
            await interaction.response.autocomplete([])
        return not away

    async def _go_by_rules(self, interaction: "discord.Interaction[TuxdbBot]") -> None:
        """Speak the server's language; refuse a command whose part it switched off."""
        if interaction.guild_id is None:
            return
        rules = await interaction.client.rules(interaction.guild_id)
        learn_locale(interaction, rules)
        if rules.cogs_off and self.part_of(interaction) in rules.cogs_off:
            raise SwitchedOff

    def part_of(self, interaction: "discord.Interaction[TuxdbBot]") -> str | None:
        """The part of the bot that has a command, by its name in COGS."""
        from tuxdb.bot.client import COGS  # noqa: PLC0415 - client imports this module

        command = interaction.command
        binding = getattr(command, "binding", None)
        module = type(binding).__module__ if binding else getattr(command, "module", "")
        return next((name for name, place in COGS.items() if place == module), None)


def name_of(interaction: discord.Interaction[Any]) -> str:
    """The command's full name in English, as it is registered: `points transfer`."""
    command = interaction.command
    if command is not None:
        return command.qualified_name
    return "unknown"


def _without_database(interaction: discord.Interaction[Any]) -> bool:
    command = interaction.command
    return command is not None and "without_database" in command.extras
