"""What the database says against a change, in words for whoever asked for it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.tables import name_of
from tuxdb.engine.retry import ATTEMPTS, FIRST_PAUSE_SECONDS, changed_nothing
from tuxdb.engine.translate import ConstraintViolation, driver_error, sqlstate
from tuxdb.errors import Conflict, Refused, TuxdbError, UsageError

BAD_VALUES = "22"
TRIGGER_SAYS_NO = "P0"
NO_OPERATOR = ("42883", "42804", "42725", "42846")
NOT_ALLOWED = "42501"


async def no_longer_deferred(session: AsyncSession) -> None:
    """Have what waits for the commit checked now, while there is somebody to ask."""
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


async def attempts(
    session: AsyncSession,
) -> AsyncIterator[AbstractAsyncContextManager[None]]:
    """Savepoints in which to try something until no deadlock ends it.

    Each gives back its locks when it fails, so that whoever collided may go on.
    """
    done = False

    @asynccontextmanager
    async def savepoint(last: bool) -> AsyncIterator[None]:
        nonlocal done
        try:
            async with session.begin_nested():
                yield
            done = True
        except DBAPIError as error:
            if last or not changed_nothing(error):
                raise

    for number in range(1, ATTEMPTS + 1):
        yield savepoint(number == ATTEMPTS)
        if done:
            return
        longest = FIRST_PAUSE_SECONDS * 2**number
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - not a secret


@asynccontextmanager
async def explained(table: Table) -> AsyncIterator[None]:
    """Raise what the database says against a change of a table as a TuxdbError."""
    try:
        yield
    except DBAPIError as error:
        found = _explanation(error, name_of(table))
        if found is None:
            raise
        raise found from error


def _explanation(error: DBAPIError, table: str) -> TuxdbError | None:
    if isinstance(error, IntegrityError):
        return _broken_rule(error, table)
    state = sqlstate(error) or ""
    cause: Any = driver_error(error)
    said = str(getattr(cause, "message", ""))
    if state.startswith(BAD_VALUES):
        return Conflict(f"{table}: {said}; nothing was changed")
    if state.startswith(TRIGGER_SAYS_NO):
        return Conflict(f"a trigger of {table} refuses: {said}; nothing was changed")
    if state in NO_OPERATOR:
        return UsageError(f"{table}: {said}")
    if state == NOT_ALLOWED:
        return Refused(f"{said}; nothing was changed")
    return None


def _broken_rule(error: IntegrityError, table: str) -> Conflict:
    """Name row, constraint and value."""
    cause: Any = driver_error(error)
    plain = ConstraintViolation(error)
    detail = getattr(cause, "detail", None)
    said = plain.message
    if getattr(cause, "table_name", None) is None:  # the rule of a domain
        said = f"{table}: {getattr(cause, 'message', said)}"
    return Conflict(
        f"{said}; nothing was changed",
        details={**plain.details, "detail": detail},
        lines=[detail] if detail else [],
    )
