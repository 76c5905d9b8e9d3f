"""Points for members: a balance, sending, what has happened, and who has most."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say, say_publicly
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.cooldowns import LEADERBOARD, TRANSFER, spend_own, spend_shared
from tuxdb.bot.declined import InvalidAmount
from tuxdb.bot.embeds import embed, mention, plain
from tuxdb.bot.interaction import Interaction, Person
from tuxdb.bot.permissions import require_manager, rules_of
from tuxdb.bot.points import entries, rankings
from tuxdb.bot.points.accounts import (
    MAX_REASON,
    checked_reason,
    enrolled,
    known,
    member_of,
    refuse_bot,
)
from tuxdb.bot.points.transfers import Transfer, ask_for, send
from tuxdb.bot.views.dialogs import base36
from tuxdb.bot.views.pages import show
from tuxdb.errors import SelfTransfer
from tuxdb.models import MAX_POINTS, EntryKind

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

KINDS = [
    app_commands.Choice(name=kind.value.capitalize(), value=kind.value)
    for kind in EntryKind
    if kind is not EntryKind.SEED
]
BOARDS = [
    app_commands.Choice(name="Points", value=rankings.POINTS),
    app_commands.Choice(name="Messages", value=rankings.MESSAGES),
]


class Points(
    BaseCog,
    commands.GroupCog,
    group_name="points",
    group_description="Points of the members of this server.",
):
    """Points of the members of this server."""

    def __init__(self, bot: "TuxdbBot") -> None:
        super().__init__(bot)
        self._menu = app_commands.ContextMenu(
            name="Show points", callback=self.show_points
        )

    async def cog_load(self) -> None:
        """Add the entry to the menu of a member."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take it away again."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command()
    @app_commands.describe(member="Whose points; your own if left out.")
    async def balance(
        self,
        interaction: Interaction,
        member: discord.Member | discord.User | None = None,
    ) -> None:
        """Show what somebody has, the rank, and the last change."""
        who = member or interaction.user
        refuse_bot(who)
        await acknowledge(interaction, private=False)
        await answer(interaction, embed=await self._account(interaction, who))

    @app_commands.command()
    @app_commands.describe(
        member="Who gets the points.",
        amount="How many points.",
        reason="What it is for; both of you see it.",
    )
    async def transfer(
        self,
        interaction: Interaction,
        member: discord.Member,
        amount: app_commands.Range[int, 1, MAX_POINTS],
        reason: app_commands.Range[str, 1, MAX_REASON] | None = None,
    ) -> None:
        """Send some of your points to another member."""
        if not 1 <= amount <= MAX_POINTS:
            raise InvalidAmount
        if member.id == interaction.user.id:
            raise SelfTransfer
        refuse_bot(member)
        wanted = Transfer(member.id, amount, checked_reason(reason))
        spend_own(interaction, TRANSFER)
        await acknowledge(interaction)
        sender = await enrolled(interaction, member_of(interaction))
        await enrolled(interaction, member)
        confirm_from = (await rules_of(interaction)).confirm_from
        if confirm_from is not None and amount >= confirm_from:
            await ask_for(interaction, wanted, sender.points)
        else:
            await send(interaction, wanted)

    @app_commands.command()
    @app_commands.describe(
        member="Whose history; others' needs Manage Server.",
        kind="Only entries of one kind.",
    )
    @app_commands.choices(kind=KINDS)
    async def history(
        self,
        interaction: Interaction,
        member: discord.Member | discord.User | None = None,
        kind: str | None = None,
    ) -> None:
        """Show what has happened to your points, newest first."""
        who = member or interaction.user
        if who.id != interaction.user.id:
            await require_manager(interaction)
        await acknowledge(interaction)
        await show(interaction, entries.TAG, base36(who.id), kind or entries.ALL)

    @app_commands.command()
    @app_commands.describe(
        by="What counts; points if left out.",
        around_me="The places around your own.",
    )
    @app_commands.rename(around_me="around-me")
    @app_commands.choices(by=BOARDS)
    async def leaderboard(
        self,
        interaction: Interaction,
        by: str = rankings.POINTS,
        around_me: bool = False,
    ) -> None:
        """Show who has most."""
        spend_shared(interaction, LEADERBOARD)
        await acknowledge(interaction, private=False)
        if around_me:
            await answer(interaction, embed=await rankings.around(interaction, by))
        else:
            await show(interaction, rankings.TAG, by)

    async def show_points(
        self, interaction: Interaction, member: discord.Member | discord.User
    ) -> None:
        """Show what a member has, to the person alone."""
        refuse_bot(member)
        await acknowledge(interaction)
        await answer(
            interaction, embed=await self._account(interaction, member, private=True)
        )

    async def _account(
        self,
        interaction: Interaction,
        who: Person,
        *,
        private: bool = False,
    ) -> discord.Embed:
        """A member's balance, rank and last change; one's own account is made."""
        tell = say if private else say_publicly
        if who.id == interaction.user.id:
            user = await enrolled(interaction, member_of(interaction))
        else:
            user = await known(interaction, who)
        place = await self.db.points.place(user)
        fields = [(tell(interaction, "points.field.rank"), f"#{place.rank}")]
        if place.last_entry is not None:
            when = tell(interaction, "points.last", when=place.last_entry)
            fields.append((tell(interaction, "points.field.last"), when))
        text = tell(
            interaction,
            "points.balance.text",
            who=mention(who.id),
            amount=place.points,
        )
        title = tell(interaction, "points.balance.title", name=plain(who.display_name))
        return embed(title, text, fields=fields)


async def setup(bot: "TuxdbBot") -> None:
    """Load the part."""
    await bot.add_cog(Points(bot))
