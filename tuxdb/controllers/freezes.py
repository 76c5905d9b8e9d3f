"""Freezing members, so that they neither send nor receive points; recorded."""

from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.recording import Removal, note_insert, remove
from tuxdb.models import PointsFreeze, User
from tuxdb.models.validation import validated
from tuxdb.repositories.points import PointsRepository

FREEZES: Table = PointsFreeze.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Frozen:
    """Whether a member is frozen now, and whether that is new."""

    guild_id: int
    discord_id: int
    username: str
    frozen: bool
    changed: bool


async def freeze(
    session: AsyncSession, user: User, actor: str | None, reason: str | None
) -> Frozen:
    """Freeze a member; a change set holds the row, unless it was there before."""
    given = {"user_id": user.id, "guild_id": user.guild_id}
    values = validated(PointsFreeze, {**given, "reason": reason, "actor": actor})
    changed = await PointsRepository().freeze(session, values)
    if changed:
        await prepare(session)
        changeset = await begin(session, Author("points freeze", actor, reason))
        await note_insert(session, FREEZES, FREEZES.c.user_id == user.id, changeset)
    return _frozen(user, frozen=True, changed=changed)


async def unfreeze(
    session: AsyncSession, user: User, actor: str | None, reason: str | None
) -> Frozen:
    """Undo that; a change set holds what was, if anything was."""
    changed = await PointsRepository().is_frozen(session, user.id)
    if changed:
        await prepare(session)
        changeset = await begin(session, Author("points unfreeze", actor, reason))
        gone = Removal(FREEZES, FREEZES.c.user_id == user.id)
        await remove(session, [gone], changeset)
    return _frozen(user, frozen=False, changed=changed)


def _frozen(user: User, *, frozen: bool, changed: bool) -> Frozen:
    return Frozen(user.guild_id, user.discord_id, user.username, frozen, changed)
