"""`/cases`: what was decided about members of a server, and taking it back.

Closing a case ends what it is about: a ban is lifted and a timeout ended on Discord
first, then the case is closed. So no closed case leaves somebody banned, and whoever
closes a ban needs the permission to ban.
"""

from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say, suggest
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.case_texts import headline, in_line, number_of, of_case
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.declined import Outranked
from tuxdb.bot.embeds import GOOD, QUIET, clean, embed, plain
from tuxdb.bot.interaction import HIGHEST_OPTION, Interaction, Person
from tuxdb.bot.permissions import (
    permission_only,
    require_outranks,
    require_permission,
)
from tuxdb.bot.renewals import is_renewed
from tuxdb.bot.sanctions import Kind, Outcome, Sanction, audit_reason, lift
from tuxdb.bot.views.pages import PageView, pages
from tuxdb.bot.views.pages import show as show_page
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.repositories import PageAt

if TYPE_CHECKING:
    from tuxdb.models import Case

MODERATE = "moderate_members"
BAN = "ban_members"
LIST = "cl"
ON_A_PAGE = 10
LONGEST_NOTE = 500
ANY = "-"
Number = app_commands.Range[int, 1, HIGHEST_OPTION]
Text = app_commands.Range[str, 1, LONGEST_NOTE]
Type = Literal["warn", "timeout", "kick", "ban"]
Choices = list[app_commands.Choice[int]]


@app_commands.default_permissions(moderate_members=True)
class Cases(
    BaseCog,
    commands.GroupCog,
    group_name="cases",
    group_description="What was decided about members.",
):
    """Looking cases up, adding to them, closing them."""

    @app_commands.command(name="list", description="List cases, newest first.")
    @app_commands.describe(member="Of this member only.", type_="Of this type only.")
    @app_commands.rename(type_="type")
    @permission_only(MODERATE)
    async def list_cases(
        self,
        interaction: Interaction,
        member: Person | None = None,
        type_: Type | None = None,
    ) -> None:
        """List the cases of the server or of somebody."""
        await acknowledge(interaction, private=True)
        who = ANY if member is None else str(member.id)
        await show_page(interaction, LIST, who, type_ or ANY)

    @app_commands.command(description="Show a case.")
    @app_commands.describe(number="Its number.")
    @permission_only(MODERATE)
    async def show(self, interaction: Interaction, number: Number) -> None:
        """Show all of a case."""
        await acknowledge(interaction, private=True)
        case = await self._require(interaction, number)
        await answer(interaction, embed=of_case(interaction, case))

    @app_commands.command(description="Add a note to a case.")
    @app_commands.describe(number="Its number.", text="What is to be added.")
    @permission_only(MODERATE)
    async def note(self, interaction: Interaction, number: Number, text: Text) -> None:
        """Add a line, with the name of who wrote it."""
        said = clean(text)
        if not 1 <= len(said) <= LONGEST_NOTE:
            problem = f"is blank or longer than {LONGEST_NOTE} characters"
            raise InvalidValue("text", problem)
        await acknowledge(interaction, private=True)
        case = await self._require_of_another(interaction, number)
        author = f"{interaction.user.name} ({interaction.user.id})"
        noted = await self.db.case.note(
            case.guild_id, case.case_number, f"{author}: {said}"
        )
        await answer(interaction, embed=of_case(interaction, noted or case))

    @app_commands.command(description="Close a case; a ban or timeout of it ends.")
    @app_commands.describe(number="Its number.")
    @permission_only(MODERATE)
    async def close(self, interaction: Interaction, number: Number) -> None:
        """Close a case, and end what it is about."""
        await acknowledge(interaction, private=True)
        case = await self._require_of_another(interaction, number)
        if not case.is_active:
            text = say(interaction, "cases.was_closed", number=number_of(case))
            await answer(interaction, embed=embed(text=text, colour=QUIET))
            return
        if not await self._end(interaction, case):
            return
        await self.db.case.close(case.guild_id, case.case_number)
        text = say(interaction, "cases.closed", number=number_of(case))
        await answer(interaction, embed=embed(text=text, colour=GOOD))

    @show.autocomplete("number")
    @note.autocomplete("number")
    @close.autocomplete("number")
    async def numbers(self, interaction: Interaction, typed: str) -> Choices:
        """The newest cases whose numbers begin with what is typed."""
        prefix = str(typed).strip()

        async def find() -> Choices:
            require_permission(interaction, MODERATE)
            found = await self.db.case.numbers(interaction.guild_id or 0, prefix)
            return [
                app_commands.Choice(
                    name=headline(interaction, case), value=case.case_number
                )
                for case in found
            ]

        return await suggest(find)

    async def _require(self, interaction: Interaction, number: int) -> "Case":
        """The case of this server, or NotFound with the last ones."""
        guild_id = interaction.guild_id or 0
        case = await self.db.case.get_case(guild_id, number)
        if case is not None:
            return case
        missing = NotFound("case", number)
        near = await self.db.case.numbers(guild_id, "", 3)
        missing.details["near"] = [str(case.case_number) for case in near]
        raise missing

    async def _require_of_another(
        self, interaction: Interaction, number: int
    ) -> "Case":
        """The case, unless it is about who asks: nobody is their own judge."""
        case = await self._require(interaction, number)
        if case.user.discord_id == interaction.user.id:
            raise Outranked("self")
        return case

    async def _end(self, interaction: Interaction, case: "Case") -> bool:
        """End a ban or a timeout; False, and the person is told, if Discord refuses."""
        if case.case_type not in (Kind.BAN, Kind.TIMEOUT):
            return True
        kind, user_id = Kind(case.case_type), case.user.discord_id
        if kind is Kind.BAN:
            require_permission(interaction, BAN)
        else:
            await _require_outranks(interaction, user_id)
        if await is_renewed(self.db, case):
            return True
        reason = audit_reason(interaction.user, case.case_number, "closed")
        sanction = Sanction(kind, case.guild_id, user_id)
        result = await lift(interaction.client.http, sanction, reason)
        if result.outcome is Outcome.DONE:
            return True
        words = plain(result.words)
        text = say(interaction, f"cases.{result.outcome}", words=words)
        await answer(interaction, text)
        return False


async def page_at(interaction: Interaction, number: int, who: str, kind: str) -> PageAt:
    """Where a page of them begins."""
    return await interaction.client.db.case.page_at(
        interaction.guild_id or 0,
        number,
        user=None if who == ANY else int(who),
        case_type=None if kind == ANY else kind,
        limit=ON_A_PAGE,
    )


@pages(LIST, at=page_at)
async def page(
    interaction: Interaction, cursor: str | None, who: str, kind: str
) -> PageView:
    """Ten cases, newest first."""
    require_permission(interaction, MODERATE)
    found = await interaction.client.db.case.page(
        interaction.guild_id or 0,
        user=None if who == ANY else int(who),
        case_type=None if kind == ANY else kind,
        after=cursor,
        limit=ON_A_PAGE,
    )
    lines = [in_line(interaction, case) for case in found.items]
    text = "\n".join(lines) or say(interaction, "cases.none")
    return PageView(embed(say(interaction, "cases.title"), text), found.next)


async def _require_outranks(interaction: Interaction, user_id: int) -> None:
    """Refuse to end the timeout of a member of higher rank, if still a member."""
    if interaction.guild is None:
        return
    try:
        member = await interaction.guild.fetch_member(user_id)
    except discord.NotFound:
        return
    require_outranks(interaction, member)


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Cases(bot))
