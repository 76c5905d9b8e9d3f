"""`tuxdb migrate down`: takes revisions back, and says before what that loses."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuxdb.errors import Refused
from tuxdb.migrate.connection import (
    Target,
    opened,
    place_of,
    project_root,
    refuse_pooler,
    settings_of,
)
from tuxdb.migrate.lock import key
from tuxdb.migrate.moves import (
    LOCK_TIMEOUT_SECONDS,
    LOCK_WAIT_SECONDS,
    RETRIES,
    Applied,
    Note,
    Patience,
    Report,
    downward,
    quiet,
)
from tuxdb.migrate.revisions import History, Revision, migrations_folder
from tuxdb.migrate.state import Recorded, at, protection, read_recorded

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection
    from tuxdb.migrate.losses import Loss
    from tuxdb.settings import Settings


@dataclass(frozen=True)
class DownPlan:
    """What would be taken back, from which database, and what is lost by it."""

    database: str
    place: str
    protected: str | None
    from_: str
    to: str
    revisions: tuple[str, ...]
    losses: "tuple[Loss, ...]"


@dataclass(frozen=True)
class Downgrade:
    """Where the database was, what was taken back, where it is."""

    from_: str
    to: str
    reverted: tuple[Applied, ...]
    losses: "tuple[Loss, ...]"
    dry_run: bool = False


Agree = Callable[[DownPlan], bool]


def never(_: DownPlan) -> bool:
    """Do not agree to any loss."""
    return False


async def down(
    database: Target,
    target: str,
    *,
    folder: Path | None = None,
    agree: Agree = never,
    confirm: str | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    lock_wait: float = LOCK_WAIT_SECONDS,
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    retries: int = RETRIES,
    report: Report = quiet,
) -> Downgrade:
    """Take a database down to a revision, `base`, or `-N` revisions.

    `agree` is asked if a table or column would be lost. A protected database takes
    its own name in `confirm`, and a reason, instead. Raises Refused.
    """
    settings = settings_of(database)
    history = History.read(folder or migrations_folder(settings))
    async with opened(settings) as keeper:
        if not dry_run:
            refuse_pooler(settings)
        async with key(keeper, lock_wait, lambda text: report(Note(text))):
            recorded = await read_recorded(keeper)
            above = _above(history, recorded, target)
            plan = await _plan(keeper, history, recorded, above, settings)
            if not above or dry_run:
                return Downgrade(plan.from_, plan.to, (), plan.losses, dry_run)
            _consent(plan, agree=agree, confirm=confirm, reason=reason)
            from tuxdb.migrate.carrying import Carrier  # noqa: PLC0415 - loads Alembic

            carrier = Carrier(
                settings,
                keeper,
                history=history,
                patience=Patience(lock_wait, lock_timeout, retries),
                report=report,
            )
            reverted = await carrier.run(downward(history, recorded, above))
            return Downgrade(plan.from_, plan.to, reverted, plan.losses)


def _above(history: History, recorded: Recorded, target: str) -> list[Revision]:
    recorded.verify(history)
    wanted = history.resolve(target, recorded.versions)
    if wanted is not None and wanted not in history.closure(recorded.versions):
        raise Refused(
            f"revision {wanted} is not below {at(recorded.versions)}, "
            "where the database is",
            hint=f"tuxdb migrate --to {wanted}",
        )
    return history.above(recorded.versions, wanted)


async def _plan(
    keeper: "Connection",
    history: History,
    recorded: Recorded,
    above: list[Revision],
    settings: "Settings",
) -> DownPlan:
    from tuxdb.migrate.losses import losses  # noqa: PLC0415 - loads Alembic

    moves = downward(history, recorded, above)
    return DownPlan(
        database=await keeper.fetchval("SELECT current_database()"),
        place=place_of(settings),
        protected=await protection(keeper),
        from_=at(recorded.versions),
        to=at(moves[-1].after if moves else recorded.versions),
        revisions=tuple(revision.revision for revision in above),
        losses=await losses(keeper, history, above, project_root(settings)),
    )


def _consent(
    plan: DownPlan, *, agree: Agree, confirm: str | None, reason: str | None
) -> None:
    if confirm is not None and confirm != plan.database:
        raise Refused(
            f"--confirm says {confirm!r}, the database is {plan.database!r}",
            details={"database": plan.database},
        )
    if plan.protected is not None:
        if confirm is None or not reason:
            raise Refused(
                f"{plan.database} is protected ({plan.protected}); "
                "nothing was taken back",
                hint=f"--confirm {plan.database} --reason TEXT",
                details={"database": plan.database, "environment": plan.protected},
            )
        return
    if plan.losses and confirm is None and not agree(plan):
        raise Refused(
            f"nothing was taken back: it would lose {lost(plan.losses)}",
            hint="--yes",
            details={"database": plan.database},
        )


def lost(losses: "Iterable[Loss]") -> str:
    """The losses in a line."""
    parts = []
    for loss in losses:
        name = f"{loss.table}.{loss.column}" if loss.column else loss.table
        rows = "unknown" if loss.rows is None else f"{loss.rows}"
        parts.append(f"{name} ({rows} rows)")
    return ", ".join(parts) or "nothing"
