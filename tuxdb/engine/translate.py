"""Driver errors become tuxdb's errors, by SQLSTATE and constraint, never by text."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InternalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tuxdb.errors import (
    Busy,
    ConfigurationError,
    Conflict,
    DatabaseOperationError,
    DatabaseUnavailable,
    ExitCode,
    InvalidValue,
    Refused,
    SchemaBehind,
    TuxdbError,
)

RAISED = (
    SQLAlchemyError,
    AsyncAdapt_Error,  # SQLAlchemy's pool lets these through as they are
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
TOO_MANY = "number of query arguments cannot exceed"
"""By asyncpg, before anything is sent: the protocol counts in 16 bits."""
GONE = (
    ConnectionError,
    asyncpg.InternalClientError,  # told of its end, and used before it has ended
)
LEDGER_GUARD = "TUX01"
APPEND_ONLY = "TUX02"
SERIALIZATION_FAILURES = ("40001", "40P01")
CONNECTION_LOST = ("08000", "08003", "08006", "57P01", "57P02", "57P03", "57P05")
UNFIT_VALUES = ("22001", "22003", "22007", "22008", "22021", "22P02", "22P03", "22P05")
POOLER_HINT = 'through a pooler in transaction mode: set pooler = "transaction"'


class ConstraintViolation(IntegrityError, Conflict):
    """A constraint of the database refused the change; nothing changed."""

    code = "constraint_violation"

    def __init__(self, original: IntegrityError) -> None:
        cause = driver_error(original)
        message = _violation(cause)
        IntegrityError.__init__(
            self, original.statement, None, original.orig or original, True
        )
        details = {"constraint": getattr(cause, "constraint_name", None)}
        Conflict.__init__(self, message, details=details)

    __str__ = Conflict.__str__

    @property
    def constraint(self) -> str | None:
        """The violated constraint's name, where it has one."""
        return getattr(driver_error(self), "constraint_name", None)


class LedgerGuarded(DatabaseOperationError, Refused):
    """The ledger is append-only, and balances change through it alone."""

    exit_code = ExitCode.REFUSED


class ReadOnlyDatabase(DatabaseOperationError, Refused):
    """A write was sent to a standby, or within a reading session."""

    exit_code = ExitCode.REFUSED


def driver_error(error: BaseException) -> BaseException:
    """The asyncpg exception below SQLAlchemy's wrapping."""
    if isinstance(error, StatementError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    if isinstance(error, AsyncAdapt_Error):
        return error.__cause__ or error
    return error


def sqlstate(error: BaseException) -> str | None:
    """The five characters the server gave, if it was the server that spoke."""
    return getattr(driver_error(error), "sqlstate", None)


def is_lost_connection(error: BaseException) -> bool:
    """Whether the connection is gone, so that the fate of a commit is open."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = driver_error(error)
    return (
        sqlstate(error) in CONNECTION_LOST
        or isinstance(cause, GONE)
        or (
            isinstance(cause, asyncpg.InterfaceError)
            and not isinstance(cause, ValueError)  # a value that cannot be sent
            and TOO_MANY not in str(cause)
        )
    )


def is_stale_plan(error: BaseException) -> bool:
    """Whether DDL by somebody else made a prepared statement unusable, once."""
    return isinstance(driver_error(error), asyncpg.InvalidCachedStatementError)


@contextmanager
def translated(place: str = "the database") -> Iterator[None]:
    """Raise what leaves the block as a TuxdbError, if it came from the driver."""
    try:
        yield
    except RAISED as error:
        found = translate(error, place)
        if found is None:
            raise
        raise found from error


def translate(error: BaseException, place: str) -> TuxdbError | None:
    """The TuxdbError for a driver's error; None for a mistake of the caller."""
    if isinstance(error, TuxdbError):
        return None
    if isinstance(error, IntegrityError):
        return ConstraintViolation(error)
    if isinstance(error, PoolTimeoutError):
        return Busy(
            "no free connection to the database in time",
            hint="raise pool_size or pool_timeout, or look for sessions left open",
        )
    if is_lost_connection(error) and sqlstate(error) is None:
        return DatabaseUnavailable(f"the connection to {place} was lost")
    if is_stale_plan(error):
        return Busy("the schema has just changed; nothing was changed, so try again")
    state = sqlstate(error)
    if state is not None:
        return _from_state(state, driver_error(error), place)
    if isinstance(error, StatementError) and not isinstance(error, InternalError):
        return _from_client(error)
    return None


def unreachable(error: OSError, place: str) -> DatabaseUnavailable:
    """The error for a server that does not answer."""
    if isinstance(error, TimeoutError) and error.errno is None:
        reason = "no answer in time"
    elif isinstance(error, FileNotFoundError):
        reason = "no such socket"
    elif error.errno is None:
        reason = "name not found or no route"
    else:
        reason = (
            os.strerror(error.errno) if error.errno > 0 else "unknown host"
        ).lower()
    return DatabaseUnavailable(f"cannot reach {place} ({reason})", hint="tuxdb doctor")


def _violation(cause: BaseException) -> str:
    constraint = getattr(cause, "constraint_name", None)
    table = getattr(cause, "table_name", None)
    column = getattr(cause, "column_name", None)
    if isinstance(cause, asyncpg.NotNullViolationError):
        return f"{table}.{column} must have a value"
    kinds: dict[type[BaseException], str] = {
        asyncpg.UniqueViolationError: "already exists",
        asyncpg.ForeignKeyViolationError: "refers to a row that is not there",
        asyncpg.CheckViolationError: "breaks a rule of the table",
    }
    what = next(
        (t for kind, t in kinds.items() if isinstance(cause, kind)), "conflicts"
    )
    return f"the row for {table} {what} ({constraint})"


def _from_state(state: str, cause: BaseException, place: str) -> TuxdbError:
    said = str(getattr(cause, "message", "") or "")
    if state in UNFIT_VALUES or (state == "22000" and not said):
        return InvalidValue("a value", "does not fit its column")  # or asyncpg's own
    if state in (LEDGER_GUARD, APPEND_ONLY):
        hint = getattr(cause, "hint", None)
        return LedgerGuarded(said, hint=str(hint) if hint else "tuxdb points --help")
    if state in ("42P01", "42703", "3F000"):
        return SchemaBehind(f"the schema lacks something: {said}")
    if state in ("26000", "42P05", "08P01"):
        return ConfigurationError(
            "the server does not know a prepared statement", hint=POOLER_HINT
        )
    if state == "25006":
        return ReadOnlyDatabase(
            f"{place} is read-only: a standby, or a reading session"
        )
    if state in ("55P03", *SERIALIZATION_FAILURES):
        return Busy("another session holds what is needed; nothing was changed")
    if state == "57014":
        return Busy("the statement was cancelled: it took longer than allowed")
    return _from_connection(state, said, place)


def _from_connection(state: str, said: str, place: str) -> TuxdbError:
    if state.startswith("28") or state == "3D000":
        return DatabaseUnavailable(
            f"{place} refuses the login ({_login(state)})", hint="tuxdb doctor"
        )
    if state.startswith("08") and not said:
        return DatabaseUnavailable(f"the connection to {place} was lost")
    if state[:2] in ("08", "53", "57", "58"):
        return DatabaseUnavailable(f"{place}: {said}", hint="tuxdb doctor")
    return DatabaseOperationError(f"the statement failed (SQLSTATE {state})")


def _login(state: str) -> str:
    reasons = {"28P01": "wrong password or user", "3D000": "no such database"}
    return reasons.get(state, "not authorised")


def _from_client(error: StatementError) -> TuxdbError:
    """An argument was refused before it was sent; the text would hold the value."""
    cause = driver_error(error)
    if TOO_MANY in str(cause):
        return InvalidValue(
            "a statement", "has more than 32767 values; give them as one array"
        )
    if isinstance(cause, asyncpg.DataError | OverflowError | TypeError | ValueError):
        return InvalidValue("a value", "does not fit its column")
    return DatabaseOperationError("the statement failed")
