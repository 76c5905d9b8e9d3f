"""Settling: finding out what came of a move of points when the connection broke.

The same idempotency key is sent again, which either finds the entry or makes it. The
person is told what is not known, and then what is.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tuxdb.bot.answers import answer, say
from tuxdb.bot.interaction import LINE_ERRORS, Interaction, ref_of
from tuxdb.bot.sentences import sentence
from tuxdb.errors import Busy, DatabaseUnavailable, OutcomeUnknown, TuxdbError

log = logging.getLogger(__name__)

T = TypeVar("T")
Move = Callable[[], Awaitable[T]]
Show = Callable[[T], Awaitable[object]]

TOKEN_SECONDS = 13 * 60.0
"""Discord takes edits of an answer for a quarter of an hour."""
PAUSE_SECONDS = 3.0
SURE_SECONDS = 60.0
"""From then on no statement of an earlier attempt can still be running."""


async def settle(interaction: Interaction, move: Move[T], show: Show[T]) -> None:
    """Move points and show what came of it; if that is not known, find out.

    Raises what `move` raises, but for OutcomeUnknown.
    """
    move = interaction.client.metrics.counted(move)
    try:
        outcome = await move()
    except OutcomeUnknown as error:
        log.warning("ref %s: %s", ref_of(interaction), error)
        await answer(interaction, say(interaction, "points.unknown"))
        interaction.client.dialogs.spawn(_find_out(interaction, move, show))
    else:
        await show(outcome)


async def _find_out(interaction: Interaction, move: Move[T], show: Show[T]) -> None:
    """Send the same again until the outcome is known, and edit the answer then."""
    try:
        await _keep_asking(interaction, move, show)
    except asyncio.CancelledError:  # the bot stops
        await _give_up(interaction)
        raise


async def _keep_asking(interaction: Interaction, move: Move[T], show: Show[T]) -> None:
    began = time.monotonic()
    while time.monotonic() - began < TOKEN_SECONDS:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            outcome = await move()
        except (OutcomeUnknown, DatabaseUnavailable, Busy) as error:
            log.debug("ref %s: still unknown: %s", ref_of(interaction), error)
        except TuxdbError as error:
            if time.monotonic() - began > SURE_SECONDS:
                await _tell(
                    interaction, answer(interaction, sentence(interaction, error))
                )
                return
        else:
            log.info("ref %s: settled", ref_of(interaction))
            await _tell(interaction, show(outcome))
            return
    await _give_up(interaction)


async def _give_up(interaction: Interaction) -> None:
    await _tell(interaction, answer(interaction, say(interaction, "points.not_known")))


async def _tell(interaction: Interaction, telling: Awaitable[object]) -> None:
    try:
        await telling
    except LINE_ERRORS as error:
        log.warning("ref %s: answer lost: %s", ref_of(interaction), error)
