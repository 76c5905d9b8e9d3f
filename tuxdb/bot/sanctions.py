"""What moderation does on Discord: doing it, looking whether it is done, undoing it.

By ids and over HTTP alone, so that it works for a guild of another shard too.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
import discord
from discord.http import HTTPClient
from discord.utils import parse_time

PATIENCE_SECONDS = 40.0
"""Longer than discord.py takes for its five tries after a 5xx."""
LOOK_SECONDS = 10.0
TRIES = 2
LONGEST_AUDIT_REASON = 512
UNKNOWN_BAN = 10026
NO_ANSWER = (
    discord.DiscordServerError,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
"""After these nobody knows what Discord has done."""

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What can be done to a member; the names are those of `cases.case_type`."""

    WARN = "warn"
    TIMEOUT = "timeout"
    KICK = "kick"
    BAN = "ban"


class Outcome(StrEnum):
    """How Discord answered."""

    DONE = "done"
    REFUSED = "refused"
    GONE = "gone"
    """Discord knows no such member, or user."""
    ABSENT = "absent"
    """It can be seen that it is not so."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """An outcome, and Discord's own words for it where it refused."""

    outcome: Outcome
    words: str = ""


@dataclass(frozen=True)
class Sanction:
    """One of the kinds, for one person in one guild."""

    kind: Kind
    guild_id: int
    user_id: int
    until: datetime | None = None


def audit_reason(person: discord.abc.User, number: int, reason: str | None) -> str:
    """What Discord's audit log says; it names the moderator, as the bot acts for one.

    >>> audit_reason(ann, 12, "spam")
    'ann (123), case 12: spam'
    """
    text = f"{person.name} ({person.id}), case {number}"
    return (f"{text}: {reason}" if reason else text)[:LONGEST_AUDIT_REASON]


async def carry_out(http: HTTPClient, sanction: Sanction, reason: str) -> Answer:
    """Do it; where Discord gives no answer, look before it is done again.

    UNKNOWN if there is none even so: what was sent may still be carried out, so that
    it cannot be seen now proves nothing.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    for _ in range(TRIES):
        try:
            async with asyncio.timeout_at(deadline):
                await _send(http, sanction, reason)
        except NO_ANSWER as error:
            log.warning("%s: no answer (%s)", sanction.kind, type(error).__name__)
            seen = await look(http, sanction)
            if seen.outcome is not Outcome.ABSENT:
                return seen
        except discord.NotFound as error:
            return Answer(Outcome.GONE, error.text)
        except discord.HTTPException as error:
            return Answer(Outcome.REFUSED, _words(error))
        else:
            return Answer(Outcome.DONE)
    return Answer(Outcome.UNKNOWN)


async def look(http: HTTPClient, sanction: Sanction) -> Answer:
    """Whether it is in force: DONE or ABSENT, or UNKNOWN if that cannot be seen."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await _in_force(http, sanction)
    except (discord.HTTPException, *NO_ANSWER) as error:
        return Answer(Outcome.UNKNOWN, _words(error))
    return Answer(Outcome.DONE if found else Outcome.ABSENT)


async def lift(http: HTTPClient, sanction: Sanction, reason: str) -> Answer:
    """Take a ban or a timeout back; one that is there no more counts as lifted."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            if sanction.kind is Kind.BAN:
                user_id, guild_id = sanction.user_id, sanction.guild_id
                await http.unban(user_id, guild_id, reason=reason)
            elif sanction.kind is Kind.TIMEOUT:
                await _time_out(http, sanction, None, reason)
    except NO_ANSWER as error:
        return Answer(Outcome.UNKNOWN, type(error).__name__)
    except discord.NotFound as error:
        absent = sanction.kind is Kind.TIMEOUT or error.code == UNKNOWN_BAN
        outcome = Outcome.DONE if absent else Outcome.REFUSED
        return Answer(outcome, error.text)
    except discord.HTTPException as error:
        return Answer(Outcome.REFUSED, _words(error))
    return Answer(Outcome.DONE)


async def _send(http: HTTPClient, sanction: Sanction, reason: str) -> None:
    user_id, guild_id = sanction.user_id, sanction.guild_id
    if sanction.kind is Kind.BAN:
        await http.ban(user_id, guild_id, delete_message_seconds=0, reason=reason)
    elif sanction.kind is Kind.KICK:
        await http.kick(user_id, guild_id, reason=reason)
    elif sanction.kind is Kind.TIMEOUT:
        await _time_out(http, sanction, sanction.until, reason)


async def _time_out(
    http: HTTPClient, sanction: Sanction, until: datetime | None, reason: str
) -> None:
    await http.edit_member(
        sanction.guild_id,
        sanction.user_id,
        reason=reason,
        communication_disabled_until=until.isoformat() if until else None,
    )


async def _in_force(http: HTTPClient, sanction: Sanction) -> bool:
    user_id, guild_id = sanction.user_id, sanction.guild_id
    try:
        if sanction.kind is Kind.BAN:
            await http.get_ban(user_id, guild_id)
            return True
        member = await http.get_member(guild_id, user_id)
    except discord.NotFound as error:
        if sanction.kind is Kind.BAN and error.code != UNKNOWN_BAN:
            raise
        return sanction.kind is Kind.KICK
    if sanction.kind is Kind.TIMEOUT:
        until = parse_time(member.get("communication_disabled_until"))
        return until is not None and until > datetime.now(UTC)
    return sanction.kind is Kind.WARN


def _words(error: BaseException) -> str:
    text = error.text if isinstance(error, discord.HTTPException) else ""
    return text or type(error).__name__
