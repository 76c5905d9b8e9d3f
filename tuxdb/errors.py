"""Every deliberate failure: its sentence, its exit code, whether Discord may see it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process says to the shell; the table of the README."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    FOUND = 3
    NOT_FOUND = 4
    REFUSED = 5
    CONFLICT = 6
    UNREACHABLE = 7
    BUSY = 8
    CONFIGURATION = 9
    UNKNOWN_OUTCOME = 75
    INTERRUPTED = 130
    TERMINATED = 143


class TuxdbError(Exception):
    """A failure with a sentence for a person.

    `hint` is the next command or step; `details` are fields for programs; `lines`
    say more where one sentence cannot, such as which lines of a file are wrong.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED
    public: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        details: Mapping[str, object] | None = None,
        lines: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.lines = tuple(lines)
        self.details = dict(details or {})

    def __str__(self) -> str:
        return self.message

    @property
    def code(self) -> str:
        """The class name in snake case, for programs: `insufficient_points`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class UsageError(TuxdbError):
    """The command was typed in a way that cannot be carried out."""

    exit_code = ExitCode.USAGE


class ForeignCursor(UsageError):
    """A cursor that was made for another list, or by somebody else."""

    def __init__(self) -> None:
        super().__init__("cursor does not belong to this query")


class ConfigurationError(TuxdbError):
    """A setting, a URL or a file that configures tuxdb is wrong."""

    exit_code = ExitCode.CONFIGURATION


class EngineMissing(ConfigurationError):
    """No PostgreSQL binaries were found for the embedded server."""


class InvalidValue(TuxdbError, ValueError):
    """A value breaks a rule of the data model; `field` names where."""

    exit_code = ExitCode.USAGE
    public = True

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}", details={"field": field})
        self.field = field
        self.problem = problem


class NotFound(TuxdbError):
    """There is no such user, guild, revision, entry."""

    exit_code = ExitCode.NOT_FOUND
    public = True

    def __init__(self, kind: str, key: object, *, hint: str | None = None) -> None:
        super().__init__(
            f"no {kind} {key}", hint=hint, details={"kind": kind, "key": str(key)}
        )
        self.kind = kind
        self.key = key


class Refused(TuxdbError):
    """Declined, or not allowed without consent; nothing changed."""

    exit_code = ExitCode.REFUSED


class Conflict(TuxdbError):
    """The data does not allow it; nothing changed."""

    exit_code = ExitCode.CONFLICT


class InsufficientPoints(Conflict):
    """The sender's balance is too small."""

    public = True

    def __init__(self, who: str, guild_id: int, balance: int, wanted: int) -> None:
        super().__init__(
            f"{who} has {balance} points in guild {guild_id}, needs {wanted}",
            details={"balance": balance, "wanted": wanted},
        )
        self.who = who
        self.balance = balance
        self.wanted = wanted


class BalanceLimit(Conflict):
    """The receiver would go over the highest allowed balance."""

    public = True

    def __init__(self, who: str, guild_id: int, balance: int, limit: int) -> None:
        super().__init__(
            f"{who} has {balance} points in guild {guild_id} "
            f"and would go over the limit of {limit}",
            details={"balance": balance, "limit": limit},
        )
        self.who = who
        self.balance = balance
        self.limit = limit


class InvalidTransfer(InvalidValue):
    """A transfer that could never be carried out, whatever the balances."""


class SelfTransfer(InvalidTransfer):
    """Points that were to be sent to their sender."""

    def __init__(self) -> None:
        super().__init__("receiver", "is the sender")


class DailyLimit(Conflict):
    """A member has moved as many points today as the guild allows."""

    public = True

    def __init__(self, who: str, left: int, limit: int, renews: datetime) -> None:
        super().__init__(
            f"{who} can move {left} more points today (limit {limit}); "
            f"it renews at {renews:%Y-%m-%d %H:%M} UTC",
            details={"left": left, "limit": limit, "renews": renews.isoformat()},
        )
        self.who = who
        self.left, self.limit, self.renews = left, limit, renews


class AccountFrozen(Conflict):
    """The account may not take part in transfers."""

    public = True

    def __init__(self, who: str) -> None:
        super().__init__(f"the points of {who} are frozen")
        self.who = who


class IdempotencyConflict(Conflict):
    """The key was used before for something else."""

    def __init__(self, key: str, entry_id: int) -> None:
        super().__init__(
            f"idempotency key {key!r} was used for entry {entry_id} "
            "with other contents",
            hint="use a new key, or send the same contents again",
            details={"idempotency_key": key, "entry_id": entry_id},
        )


class AlreadyReversed(Conflict):
    """The entry has its correcting entry already."""

    public = True

    def __init__(self, entry_id: int, reversed_by: int) -> None:
        super().__init__(
            f"entry {entry_id} was reversed by entry {reversed_by}",
            details={"entry_id": entry_id, "reversed_by": reversed_by},
        )


class DatabaseOperationError(TuxdbError):
    """An outage or a failed statement; the message never holds values."""


class DatabaseUnavailable(DatabaseOperationError):
    """The server cannot be reached, refuses the login, or the connection broke."""

    exit_code = ExitCode.UNREACHABLE


class Busy(DatabaseOperationError):
    """Somebody else holds what was needed for longer than we may wait."""

    exit_code = ExitCode.BUSY


class SchemaBehind(DatabaseOperationError):
    """The database lacks revisions that this version of tuxdb needs."""

    exit_code = ExitCode.FOUND

    def __init__(self, message: str, *, hint: str = "tuxdb migrate") -> None:
        super().__init__(message, hint=hint)


class OutcomeUnknown(DatabaseOperationError):
    """The connection broke while a change was under way: it may have happened.

    Sending the same change with the same idempotency key settles it.
    """

    exit_code = ExitCode.UNKNOWN_OUTCOME
    outcome_unknown = True

    def __init__(
        self, message: str, *, key: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(
            message, hint=hint, details={"idempotency_key": key} if key else None
        )
        self.key = key
