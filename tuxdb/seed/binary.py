"""PostgreSQL's binary COPY format: smaller than text, and nothing to escape."""

from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

POSTGRES_EPOCH_MS = 946_684_800_000
"""2000-01-01, from which PostgreSQL counts microseconds."""

_COUNT = Struct(">h")
_LENGTH = Struct(">i")
_BIGINT = Struct(">iq")
_BOOLEAN = Struct(">i?")


def row(*fields: bytes) -> bytes:
    """One row of fields that are encoded already."""
    return _COUNT.pack(len(fields)) + b"".join(fields)


def text(value: str | None) -> bytes:
    """Encode a text field."""
    if value is None:
        return NULL
    data = value.encode()
    return _LENGTH.pack(len(data)) + data


def bigint(value: int | None) -> bytes:
    """Encode a BIGINT field."""
    return NULL if value is None else _BIGINT.pack(8, value)


def boolean(value: bool) -> bytes:
    """Encode a BOOLEAN field."""
    return _BOOLEAN.pack(1, value)


def moment(milliseconds: int | None) -> bytes:
    """Encode a TIMESTAMPTZ field from milliseconds since 1970."""
    return NULL if milliseconds is None else _BIGINT.pack(8, microseconds(milliseconds))


def microseconds(milliseconds: int) -> int:
    """Count as PostgreSQL does, from milliseconds since 1970."""
    return (milliseconds - POSTGRES_EPOCH_MS) * 1000
