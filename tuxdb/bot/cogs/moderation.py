"""`/warn`, `/timeout`, `/kick`, `/ban`: acts on people, each with its case.

Each is a top-level command, as Discord drops the permissions of sub-commands, and
each checks the permission again, as whoever forges an interaction skips Discord's.
`discipline.py` says in which order things happen, and why.
"""

from datetime import UTC, datetime, timedelta

import discord
from discord import app_commands

from tuxdb.bot.answers import (
    acknowledge,
    answer,
    say,
    say_publicly,
)
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.case_texts import number_of
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.declined import BotLacksPermission, Outranked
from tuxdb.bot.discipline import Decision, Discipline, Verdict
from tuxdb.bot.durations import (
    LONGEST_BAN,
    LONGEST_TIMEOUT,
    parse_duration,
    suggested,
)
from tuxdb.bot.embeds import GOOD, QUESTION, clean, embed, mention, plain
from tuxdb.bot.interaction import Interaction, Person
from tuxdb.bot.permissions import holds, require_outranks, require_permission
from tuxdb.bot.sanctions import Kind, Outcome
from tuxdb.errors import InvalidValue, NotFound

Choices = list[app_commands.Choice[str]]

LONGEST_REASON = 400
"""So that it fits the audit log, beside who acted and the case."""
Reason = app_commands.Range[str, 1, LONGEST_REASON]
NEEDS = {
    Kind.WARN: "moderate_members",
    Kind.TIMEOUT: "moderate_members",
    Kind.KICK: "kick_members",
    Kind.BAN: "ban_members",
}
"""What the moderator needs, and for all but a warning the bot itself."""
LONGEST = {Kind.TIMEOUT: LONGEST_TIMEOUT, Kind.BAN: LONGEST_BAN}


class Moderation(BaseCog):
    """Warnings, timeouts, kicks and bans."""

    def __init__(self, bot: TuxdbBot) -> None:
        super().__init__(bot)
        self.discipline = Discipline(bot)

    @app_commands.command(description="Warn a member; it is kept as a case.")
    @app_commands.default_permissions(moderate_members=True)
    @app_commands.describe(member="Whom.", reason="Why; the member is told.")
    async def warn(
        self, interaction: Interaction, member: Person, reason: Reason
    ) -> None:
        """Write a warning down."""
        await self._act(interaction, Kind.WARN, member, reason)

    @app_commands.command(description="Keep a member from talking for a time.")
    @app_commands.default_permissions(moderate_members=True)
    @app_commands.describe(
        member="Whom.",
        duration="Such as 10m, 2h or 7d; at most 28d.",
        reason="Why; the member is told.",
    )
    async def timeout(
        self,
        interaction: Interaction,
        member: Person,
        duration: str,
        reason: Reason | None = None,
    ) -> None:
        """Time somebody out; Discord itself ends it."""
        await self._act(interaction, Kind.TIMEOUT, member, reason, duration)

    @app_commands.command(description="Remove a member, who may come back.")
    @app_commands.default_permissions(kick_members=True)
    @app_commands.describe(member="Whom.", reason="Why; the member is told.")
    async def kick(
        self, interaction: Interaction, member: Person, reason: Reason | None = None
    ) -> None:
        """Kick somebody."""
        await self._act(interaction, Kind.KICK, member, reason)

    @app_commands.command(description="Ban somebody, for a time or for good.")
    @app_commands.default_permissions(ban_members=True)
    @app_commands.describe(
        member="Whom; also somebody who has left.",
        reason="Why; the member is told.",
        duration="Such as 2h or 7d; for good without one.",
    )
    async def ban(
        self,
        interaction: Interaction,
        member: Person,
        reason: Reason | None = None,
        duration: str | None = None,
    ) -> None:
        """Ban somebody; a ban for a time is lifted by the bot."""
        await self._act(interaction, Kind.BAN, member, reason, duration)

    @timeout.autocomplete("duration")
    async def timeout_durations(self, _: Interaction, typed: str) -> Choices:
        """Times that are often meant."""
        return _choices(typed, LONGEST_TIMEOUT)

    @ban.autocomplete("duration")
    async def ban_durations(self, _: Interaction, typed: str) -> Choices:
        """Times that are often meant."""
        return _choices(typed, LONGEST_BAN)

    async def _act(
        self,
        interaction: Interaction,
        kind: Kind,
        target: Person,
        reason: str | None,
        duration: str | None = None,
    ) -> None:
        _require_power(interaction, kind)
        reason = _cleaned(reason)
        _require_target(interaction, kind, target)
        until = None
        if duration is not None:
            until = datetime.now(UTC) + parse_duration(duration, LONGEST[kind])
        await acknowledge(interaction, private=True)
        decision = Decision(
            kind,
            interaction.guild_id or 0,
            target,
            interaction.user,
            reason,
            until,
            notice=_notice(interaction, kind, reason, until),
            key=f"i:{interaction.id}",
        )
        verdict = await self.discipline.carry_out(decision)
        await answer(interaction, embed=_shown(interaction, decision, verdict))


def _cleaned(reason: str | None) -> str | None:
    """The reason in one line; checked here as well, as others may call too."""
    if reason is None:
        return None
    said = clean(reason)
    if not 1 <= len(said) <= LONGEST_REASON:
        problem = f"is blank or longer than {LONGEST_REASON} characters"
        raise InvalidValue("reason", problem)
    return said


def _require_target(interaction: Interaction, kind: Kind, target: Person) -> None:
    """Refuse a target that outranks, and one that is not there unless for a ban."""
    if isinstance(target, discord.Member):
        require_outranks(interaction, target)
    elif kind is not Kind.BAN:
        raise NotFound("member", target.name)
    elif interaction.guild is None or target.id == interaction.guild.owner_id:
        raise Outranked("owner")
    elif target.id == interaction.application_id:
        raise Outranked("me")


def _require_power(interaction: Interaction, kind: Kind) -> None:
    """Refuse who lacks the permission, be it who owns the bot: it is not their server.

    Where the bot lacks it, Discord would refuse, but only after a case was written.
    """
    needed = NEEDS[kind]
    require_permission(interaction, needed)
    own = interaction.app_permissions
    if kind is not Kind.WARN and own.value and not holds(own, needed):
        raise BotLacksPermission(needed)


def _notice(
    interaction: Interaction, kind: Kind, reason: str | None, until: datetime | None
) -> str:
    """What the target is told, in the server's language."""
    server = plain(interaction.guild.name if interaction.guild else "")
    lines = [say_publicly(interaction, f"moderation.notice.{kind}", server=server)]
    if until is not None:
        lines.append(say_publicly(interaction, "moderation.until", until=until))
    if reason is not None:
        why = plain(reason, LONGEST_REASON)
        lines.append(say_publicly(interaction, "moderation.reason", reason=why))
    return "\n".join(lines)


def _shown(
    interaction: Interaction, decision: Decision, verdict: Verdict
) -> discord.Embed:
    """What the moderator sees of it."""
    number, kind = number_of(verdict.case), decision.kind
    done = verdict.answer is not None and verdict.answer.outcome is Outcome.DONE
    lines = [_outcome(interaction, decision, verdict)]
    if done and decision.until is not None:
        lines.append(say(interaction, "moderation.until", until=decision.until))
    if done and decision.reason is not None:
        why = plain(decision.reason, LONGEST_REASON)
        lines.append(say(interaction, "moderation.reason", reason=why))
    if done and not verdict.settled:
        lines.append(say(interaction, "moderation.unsettled"))
    return embed(
        say(interaction, f"moderation.title.{kind}", number=number),
        "\n".join(lines),
        colour=GOOD if done else QUESTION,
    )


def _outcome(interaction: Interaction, decision: Decision, verdict: Verdict) -> str:
    if verdict.answer is None:
        key = "repeated" if verdict.settled else "under_way"
        return say(interaction, f"moderation.{key}")
    who, name = mention(decision.target.id), plain(decision.target.name)
    if verdict.answer.outcome is Outcome.DONE:
        key = f"moderation.done.{decision.kind}"
        return say(interaction, key, who=who, name=name)
    key = f"moderation.{verdict.answer.outcome}"
    if verdict.answer.outcome is Outcome.GONE:
        key = f"{key}.{decision.kind}"
    words = plain(verdict.answer.words, LONGEST_REASON)
    return say(interaction, key, who=who, name=name, words=words)


def _choices(typed: str, longest: timedelta) -> Choices:
    found = suggested(typed, longest)
    return [app_commands.Choice(name=text, value=text) for text in found]


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Moderation(bot))
