"""Entries of the ledger taken back: each by a correcting entry, none is deleted."""

from typing import Any

from sqlalchemy import BigInteger, Select, cast, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.recording import INSERTED, inserted
from tuxdb.bulk.tracking import CHANGES, Part
from tuxdb.errors import Conflict
from tuxdb.models import ChangeSet, EntryKind, PointsTransaction
from tuxdb.repositories.points import PointsRepository

LONGEST_REASON, LONGEST_ACTOR = 500, 100


async def reverse_entries(
    session: AsyncSession,
    part: Part,
    ids: Select[tuple[str]],
    undo: ChangeSet,
    number: int,
) -> int:
    """Correct entries, the last one first; Conflict if one cannot be."""
    repository = PointsRepository()
    wanted = select(cast(ids.subquery().c[0], BigInteger))
    made: list[int] = []
    for entry in await repository.find(
        session,
        filters=repository.column("id").in_(wanted),
        order_by=repository.column("id").desc(),
    ):
        rows = await repository.move(session, _correction(entry, undo))
        if not rows or rows[0].entry_id is None:
            raise Conflict(
                f"entry {entry.id} cannot be reversed: it was before, its user is "
                "gone, or the points were spent; nothing was undone"
            )
        made.append(rows[0].entry_id)
    noted = inserted(part, undo.id, number).where(part.table.c.id.in_(made))
    await session.execute(
        insert(CHANGES).from_select(INSERTED, noted, include_defaults=False)
    )
    return len(made)


def _correction(entry: PointsTransaction, undo: ChangeSet) -> dict[str, Any]:
    return {
        "sender": entry.to_user,
        "receiver": entry.from_user,
        "amount": entry.amount,
        "kind": EntryKind.REVERSE.value,
        "reason": (undo.reason or "undo")[:LONGEST_REASON],
        "actor": undo.actor and undo.actor[:LONGEST_ACTOR],
        "idempotency_key": f"u:{undo.id.hex}:{entry.id}",
        "request_hash": None,
        "reverses": entry.id,
    }
