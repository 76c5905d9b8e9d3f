"""What the database says against a change, in words for whoever asked for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.tables import name_of
from tuxdb.engine.retry import retrying
from tuxdb.engine.translate import ConstraintViolation, driver_error, sqlstate
from tuxdb.errors import Conflict, Refused, TuxdbError, UsageError

T = TypeVar("T")

BAD_VALUES = "22"
TRIGGER_SAYS_NO = "P0"
NO_OPERATOR = ("42883", "42804", "42725", "42846")
NOT_ALLOWED = "42501"


async def no_longer_deferred(session: AsyncSession) -> None:
    """Have what waits for the commit checked now, while there is somebody to ask."""
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


async def retried(session: AsyncSession, work: Callable[[], Awaitable[T]]) -> T:
    """Await what `work` makes in a savepoint, again if a deadlock ends it.

    The savepoint gives back its locks, so that whoever collided may go on.
    """

    async def attempt() -> T:
        async with session.begin_nested():
            return await work()

    return await retrying(attempt)


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
