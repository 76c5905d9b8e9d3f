"""Cursors small enough for a button.

A cursor of tuxdb is Base64 of JSON: a seal of twelve hexadecimal digits, and numbers.
Written shorter it takes a third of that. One of another form stays as it is, and one
that is too long even so is remembered under its hash, which a restart forgets.
"""

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from tuxdb.bot.declined import ListExpired
from tuxdb.bot.views.dialogs import base36

if TYPE_CHECKING:
    from tuxdb.bot.views.dialogs import Dialogs

PACKED, KEPT = "~", "="
SEAL_DIGITS = 12
KIND = "cursor"


def pack(cursor: str | None) -> str:
    """A cursor, shorter if its form allows; the first page is nothing at all."""
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        seal, *values = json.loads(base64.urlsafe_b64decode(padded))
        packed = ".".join(
            [PACKED + base36(int(seal, 16)), *(_signed(value) for value in values)]
        )
        if unpack(packed) == cursor:
            return packed
    except (ValueError, TypeError):
        pass
    return cursor


def unpack(packed: str) -> str | None:
    """The cursor that was packed."""
    if not packed.startswith(PACKED):
        return packed or None
    seal, *values = packed[1:].split(".")
    parts = [f"{int(seal, 36):0{SEAL_DIGITS}x}", *(int(value, 36) for value in values)]
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def shorten(dialogs: "Dialogs", packed: str, room: int) -> str:
    """What fits; the rest is remembered."""
    if len(packed) <= room:
        return packed
    digest = int(hashlib.sha256(packed.encode()).hexdigest()[:15], 16)
    dialogs.note(KIND, digest, packed)
    return KEPT + base36(digest)


def restore(dialogs: "Dialogs", text: str) -> str:
    """What `shorten` was given; ListExpired if that is forgotten."""
    if not text.startswith(KEPT):
        return text
    packed = dialogs.noted(KIND, int(text[1:], 36))
    if packed is None:
        raise ListExpired
    return str(packed)


def _signed(value: object) -> str:
    if type(value) is not int:
        raise TypeError(value)
    return f"-{base36(-value)}" if value < 0 else base36(value)
