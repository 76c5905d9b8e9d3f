"""Carrying a moderator's decision out, so that a case and its act never part.

The order is: write the case as pending, act, settle the case.

- The case cannot be written (the database is away): nothing is done on Discord.
- Discord refuses: the case is closed, with Discord's words in it.
- Discord does not answer: it is asked whether the act is in force; if it does not
  answer that either, the case stays pending.
- The bot dies, or loses the database, between the two: the case stays pending.

`expiry.py` looks at pending cases later and settles them by what it finds on Discord.
So there is no act without a case, and no case that claims an act without one for long.

The case is written under the id of the interaction. The same interaction, delivered
again or to two processes at once, finds the case and does nothing more.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import aiohttp
import discord

from tuxdb.bot.sanctions import (
    Answer,
    Kind,
    Outcome,
    Sanction,
    audit_reason,
    carry_out,
)
from tuxdb.errors import DatabaseOperationError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot
    from tuxdb.models import Case

NOTICE_SECONDS = 3.0
BEFORE = (Kind.KICK, Kind.BAN)
"""Who is gone shares no server with the bot any more, so is told before."""
UNHEARD = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """What a moderator wants done, and to whom; `notice` is what they are told."""

    kind: Kind
    guild_id: int
    target: discord.User | discord.Member
    moderator: discord.User | discord.Member
    reason: str | None
    until: datetime | None
    notice: str
    key: str


@dataclass(frozen=True)
class Verdict:
    """The case, and how Discord answered; None if the case was there before."""

    case: "Case"
    answer: Answer | None
    settled: bool = True


class Discipline:
    """Writes cases and acts on them."""

    def __init__(self, bot: "TuxdbBot") -> None:
        self.bot = bot
        self.db = bot.db

    async def carry_out(self, decision: Decision) -> Verdict:
        """Write the case, act, settle the case."""
        target, kind = decision.target, decision.kind
        case, new = await self.db.case.open(
            decision.guild_id,
            target.id,
            target.name,
            case_type=str(kind),
            reason=decision.reason,
            moderator_id=decision.moderator.id,
            expires_at=decision.until,
            pending=kind is not Kind.WARN,
            key=decision.key,
        )
        if not new:
            return Verdict(case, None, settled=not case.is_pending)
        told = await self._tell(decision) if kind in BEFORE else None
        answer = await self._act(decision, case.case_number)
        settled = await self._settle(case, answer)
        if answer.outcome is Outcome.DONE and kind not in BEFORE:
            await self._tell(decision)
        elif (
            told and answer.outcome is not Outcome.UNKNOWN and not _stands(case, answer)
        ):
            await _take_back(told)
        return Verdict(case, answer, settled)

    async def _act(self, decision: Decision, number: int) -> Answer:
        if decision.kind is Kind.WARN:
            return Answer(Outcome.DONE)
        sanction = Sanction(
            decision.kind, decision.guild_id, decision.target.id, decision.until
        )
        reason = audit_reason(decision.moderator, number, decision.reason)
        return await carry_out(self.bot.http, sanction, reason)

    async def _settle(self, case: "Case", answer: Answer) -> bool:
        """Say in the case what came of it; False if that has to wait."""
        if not case.is_pending:
            return True
        if answer.outcome is Outcome.UNKNOWN:
            return False
        try:
            await self.db.case.settle(
                case.guild_id,
                case.case_number,
                active=_stands(case, answer),
                note=note_of(case, answer),
            )
        except DatabaseOperationError as error:
            # done all the same: the case is pending, and is settled by the expiry
            log.warning("case %s is left pending: %s", case.case_number, error)
            return False
        return True

    async def _tell(self, decision: Decision) -> discord.Message | None:
        """Tell the person, if they can be told; that they cannot is nobody's business.

        Only once each: a message is no part of what must not be lost.
        """
        if decision.target.bot:
            return None
        try:
            async with asyncio.timeout(NOTICE_SECONDS):
                return await decision.target.send(decision.notice)
        except UNHEARD as error:
            log.debug("no notice: %s", type(error).__name__)
            return None


def note_of(case: "Case", answer: Answer) -> str | None:
    """What the case says beyond its reason; nothing if all went well."""
    if answer.outcome is Outcome.REFUSED:
        return f"Not carried out: Discord refused ({answer.words})."
    if answer.outcome is Outcome.GONE:
        if case.case_type == Kind.KICK:
            return "Gone by this kick, or just before it: Discord does not tell."
        return f"Not carried out: Discord says {answer.words}."
    return None


def _stands(case: "Case", answer: Answer) -> bool:
    """Whether a case is as good as carried out.

    A request that is sent again after a broken connection finds nobody to kick, be it
    as the first one was carried out: who is gone counts as kicked.
    """
    kicked = case.case_type == Kind.KICK and answer.outcome is Outcome.GONE
    return kicked or answer.outcome is Outcome.DONE


async def _take_back(notice: discord.Message) -> None:
    """Withdraw the notice of what did not happen."""
    try:
        async with asyncio.timeout(NOTICE_SECONDS):
            await notice.delete()
    except UNHEARD as error:
        log.debug("a notice stays: %s", type(error).__name__)
