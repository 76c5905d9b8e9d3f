"""The end of what was meant to end, and of what was left open: one leader for all.

A ban is lifted on Discord first and its case closed then. A process that dies between
the two leaves the case to the next leader, whom Discord tells that there is no such
ban: that counts as lifted. A ban that was since renewed by a later case stays. What
ends by itself on Discord, such as a timeout, is only closed.

Cases that are still pending after some minutes are settled by what Discord says.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tuxdb.bot.renewals import is_renewed
from tuxdb.bot.sanctions import Answer, Kind, Outcome, Sanction, lift, look
from tuxdb.engine.leading import Lead, leading
from tuxdb.errors import DatabaseOperationError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot
    from tuxdb.models import Case

EVERY_SECONDS = 15.0
AT_ONCE = 50
UNANSWERED_AT_MOST = 3
"""Discord is away, rather than one guild: the others can wait as well."""
PENDING_SECONDS = 300.0
"""Longer than a command may take to settle its own case."""
AGAIN = timedelta(hours=1)
GIVEN_UP = timedelta(days=1)
OVER = "the time of the ban is over"
INTERRUPTED = "Not carried out: the bot stopped before Discord answered."
UNSEEN = "Discord does not tell whether this was carried out."

log = logging.getLogger(__name__)


class Expiry:
    """Looks for expired and pending cases, as long as it runs."""

    def __init__(self, bot: "TuxdbBot", every_seconds: float = EVERY_SECONDS) -> None:
        self.bot = bot
        self.db = bot.db
        self.every_seconds = every_seconds
        self.pending_seconds = PENDING_SECONDS
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="expiry")

    async def stop(self) -> None:
        """End, in the middle of a look if need be; the next leader goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        while True:
            look_once = asyncio.ensure_future(self.sweep())
            try:
                await asyncio.wait({look_once})  # so that no failure ends the loop
            finally:
                look_once.cancel()
                await asyncio.wait({look_once})
                _report(look_once)
            await asyncio.sleep(self.every_seconds)

    async def sweep(self) -> int:
        """Look once, if no other process does; how many cases were dealt with."""
        async with leading(self.db, "expiry") as lead:
            if lead is None:
                return 0
            return await self._end_expired(lead) + await self._settle_pending(lead)

    async def _end_expired(self, lead: Lead) -> int:
        ended, unanswered = 0, 0
        for case in await self.db.case.expired(AT_ONCE):
            await lead.confirm()
            if await self._end(case):
                ended += 1
            else:
                unanswered += 1
            if unanswered >= UNANSWERED_AT_MOST:
                break
        return ended

    async def _end(self, case: "Case") -> bool:
        """Whether a case was dealt with; False to come back to it at the next look."""
        if case.case_type == Kind.BAN and not await is_renewed(self.db, case):
            reason = f"Case {case.case_number}: {OVER}"
            answer = await lift(self.bot.http, _sanction(case), reason)
            if answer.outcome is Outcome.UNKNOWN:
                return False
            if answer.outcome is not Outcome.DONE:
                await self._put_off(case, answer)
                return True
        await self.db.case.close(case.guild_id, case.case_number)
        log.info("case %s of guild %s has ended", case.case_number, case.guild_id)
        return True

    async def _put_off(self, case: "Case", answer: Answer) -> None:
        """Discord forbids it: say so in the case, once, and try again later."""
        note = f"The ban could not be lifted: {answer.words}."
        if note not in (case.reason or ""):
            await self.db.case.note(case.guild_id, case.case_number, note)
        again = datetime.now(UTC) + AGAIN
        await self.db.case.update_by_id(case.id, expires_at=again)
        log.warning(
            "case %s of guild %s: %s", case.case_number, case.guild_id, answer.words
        )

    async def _settle_pending(self, lead: Lead) -> int:
        settled = 0
        for case in await self.db.case.pending(self.pending_seconds, AT_ONCE):
            await lead.confirm()
            answer = await look(self.bot.http, _sanction(case))
            if answer.outcome is Outcome.UNKNOWN and not _is_old(case):
                continue
            notes = {Outcome.ABSENT: INTERRUPTED, Outcome.UNKNOWN: UNSEEN}
            await self.db.case.settle(
                case.guild_id,
                case.case_number,
                active=answer.outcome is not Outcome.ABSENT,
                note=notes.get(answer.outcome),
            )
            settled += 1
        return settled


def _sanction(case: "Case") -> Sanction:
    """What a case is about; of a kind that is unknown, nothing is in force."""
    known = set(Kind)
    kind = Kind(case.case_type) if case.case_type in known else Kind.WARN
    return Sanction(kind, case.guild_id, case.user.discord_id, case.expires_at)


def _is_old(case: "Case") -> bool:
    return case.created_at < datetime.now(UTC) - GIVEN_UP


def _report(done: "asyncio.Future[int]") -> None:
    """Log what a look failed with; an outage is no surprise, all else is."""
    if done.cancelled():
        return
    error = done.exception()
    if isinstance(error, DatabaseOperationError):
        log.warning("expired cases have to wait: %s", error)
    elif error is not None:
        log.error("looking for expired cases failed", exc_info=error)
