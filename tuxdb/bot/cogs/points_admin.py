"""Points for managers: grants, deductions, balances set, reversals, and the audit."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say, suggest
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.declined import InvalidAmount
from tuxdb.bot.embeds import GOOD, QUESTION, embed
from tuxdb.bot.interaction import HIGHEST_OPTION, Interaction
from tuxdb.bot.permissions import is_manager, managers_only
from tuxdb.bot.points import corrections, reversals
from tuxdb.bot.points.accounts import (
    MAX_REASON,
    checked_reason,
    guild_of,
    looked_up,
    refuse_bot,
)
from tuxdb.bot.points.corrections import DEDUCT, GRANT, SET, Correction
from tuxdb.bot.points.entries import choice_of
from tuxdb.bot.points.verification import report
from tuxdb.errors import InvalidTransfer
from tuxdb.models import MAX_POINTS

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

Amount = app_commands.Range[int, 1, MAX_POINTS]
Reason = app_commands.Range[str, 1, MAX_REASON]


@app_commands.default_permissions(manage_guild=True)
class PointsAdmin(
    BaseCog,
    commands.GroupCog,
    group_name="points-admin",
    group_description="Correct the points of this server; for its managers.",
):
    """Correct the points of this server."""

    @app_commands.command()
    @app_commands.describe(
        amount="How many points each gets.",
        reason="What it is for.",
        member="Who gets them.",
        role="Everybody with this role gets them.",
    )
    @managers_only()
    async def grant(
        self,
        interaction: Interaction,
        amount: Amount,
        reason: Reason,
        member: discord.Member | discord.User | None = None,
        role: discord.Role | None = None,
    ) -> None:
        """Give points to a member, or to all of a role."""
        await self._correct(
            interaction, GRANT, amount, reason, member=member, role=role
        )

    @app_commands.command()
    @app_commands.describe(
        amount="How many points each loses.",
        reason="What it is for.",
        member="Who loses them.",
        role="Everybody with this role loses them.",
    )
    @managers_only()
    async def deduct(
        self,
        interaction: Interaction,
        amount: Amount,
        reason: Reason,
        member: discord.Member | discord.User | None = None,
        role: discord.Role | None = None,
    ) -> None:
        """Take points from a member, or from all of a role."""
        await self._correct(
            interaction, DEDUCT, amount, reason, member=member, role=role
        )

    @app_commands.command()
    @app_commands.describe(
        amount="What each is to have.",
        reason="What it is for.",
        member="Whose balance.",
        role="The balances of all with this role.",
    )
    @managers_only()
    async def set(
        self,
        interaction: Interaction,
        amount: app_commands.Range[int, 0, MAX_POINTS],
        reason: Reason,
        member: discord.Member | discord.User | None = None,
        role: discord.Role | None = None,
    ) -> None:
        """Set a balance; the difference is entered."""
        await self._correct(interaction, SET, amount, reason, member=member, role=role)

    @app_commands.command()
    @app_commands.describe(
        entry="The entry to reverse.",
        force="Take back what is left, if part of it was spent.",
        reason="Why it is reversed.",
    )
    @managers_only()
    async def reverse(
        self,
        interaction: Interaction,
        entry: app_commands.Range[int, 1, HIGHEST_OPTION],
        force: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Undo an entry by one the other way round."""
        checked = checked_reason(reason)
        await acknowledge(interaction)
        await reversals.begin(interaction, entry, checked, force=force)

    @reverse.autocomplete("entry")
    async def entries_like(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[int]]:
        """The last entries whose number begins like this; for managers alone."""

        async def find() -> list[app_commands.Choice[int]]:
            if not await is_manager(interaction):
                return []
            prefix = str(current).strip()
            if prefix and not (prefix.isascii() and prefix.isdigit()):
                return []
            found = await self.db.points.recent(guild_of(interaction), prefix)
            return [
                app_commands.Choice(name=choice_of(interaction, entry), value=entry.id)
                for entry in found
            ]

        return await suggest(find)

    @app_commands.command()
    @managers_only()
    async def verify(self, interaction: Interaction) -> None:
        """Check that no points were made or lost outside the ledger."""
        await acknowledge(interaction)
        found = await self.db.points.verify(guild_of(interaction))
        colour = QUESTION if found.mismatches else GOOD
        title = say(interaction, "points_admin.verify.title")
        text = report(interaction, found)
        await answer(interaction, embed=embed(title, text, colour=colour))

    @app_commands.command()
    @managers_only()
    async def supply(self, interaction: Interaction) -> None:
        """Show how many points were made, burned and are held."""
        await acknowledge(interaction)
        supply = await self.db.points.supply(guild_of(interaction))
        fields = [
            (
                say(interaction, f"points_admin.supply.{name}"),
                say(interaction, "points.amount", amount=value),
            )
            for name, value in (
                ("minted", supply.minted),
                ("burned", supply.burned),
                ("held", supply.held),
            )
        ]
        title = say(interaction, "points_admin.supply.title")
        await answer(interaction, embed=embed(title, fields=fields))

    async def _correct(
        self,
        interaction: Interaction,
        verb: str,
        amount: int,
        reason: str,
        *,
        member: discord.Member | discord.User | None,
        role: discord.Role | None,
    ) -> None:
        lowest = 0 if verb == SET else 1
        if not lowest <= amount <= MAX_POINTS:
            raise InvalidAmount(lowest)
        if (member is None) == (role is None):
            raise InvalidTransfer("member", say(interaction, "points_admin.one_target"))
        if member is not None:
            refuse_bot(member)
        why = checked_reason(reason)
        if why is None:
            raise InvalidTransfer("reason", say(interaction, "points_admin.no_reason"))
        await acknowledge(interaction)
        if member is not None:
            await looked_up(interaction, member)
        wanted = Correction(
            verb,
            amount,
            why,
            member=member.id if member else None,
            role=role.id if role else None,
        )
        await corrections.begin(interaction, wanted)


async def setup(bot: "TuxdbBot") -> None:
    """Load the part."""
    await bot.add_cog(PointsAdmin(bot))
