"""How movements of points are said, to people and to programs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuxdb.controllers.freezes import Frozen
    from tuxdb.controllers.movements import Movement, Side


def _row(moved: "Movement") -> dict[str, Any]:
    """The movement as JSON has it; users by their Discord ids."""
    return {
        "entry_id": moved.entry_id,
        "guild_id": moved.guild_id,
        "kind": moved.kind,
        "from": _side(moved.sender),
        "to": _side(moved.receiver),
        "amount": moved.amount,
        "actor": moved.actor,
        "reason": moved.reason,
        "created_at": moved.created_at,
        "idempotency_key": moved.idempotency_key,
        "replayed": moved.replayed,
    }


def _side(side: "Side | None") -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "user_id": side.discord_id,
        "username": side.username,
        "before": side.before,
        "after": side.after,
    }


def _sentence(moved: "Movement") -> str:
    sides = [side for side in (moved.sender, moved.receiver) if side is not None]
    changes = "   ".join(f"{s.username} {s.before} → {s.after}" for s in sides)
    again = ", replayed" if moved.replayed else ""
    unit = "point" if moved.amount == 1 else "points"
    entry = f"{moved.amount} {unit}, entry {moved.entry_id}{again}"
    if moved.entry_id is None:
        entry = "already so, no entry"
    return f"guild {moved.guild_id}  {changes}   ({entry})"


RECEIPT: dict[str, Any] = {"row": _row, "sentence": _sentence}


def freeze_sentence(found: "Frozen") -> str:
    """`guild 1  alice is frozen: neither sends nor receives points`."""
    state = "is frozen: neither sends nor receives points"
    if not found.frozen:
        state = "is not frozen: sends and receives points"
    again = "" if found.changed else "   (already so)"
    return f"guild {found.guild_id}  {found.username} {state}{again}"
