"""Reading the bytes of fake data back into rows."""

import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tuxdb.seed.binary import HEADER, TRAILER
from tuxdb.seed.generator import COLUMNS, FirstIds, produce
from tuxdb.seed.plan import FakePlan

TEXTS = {"name", "prefix", "kind", "reason", "actor", "content", "username"}
TEXTS |= {"case_type"}
Rows = dict[str, list[dict[str, Any]]]


def made(plan: FakePlan, first: FirstIds = FirstIds()) -> Rows:  # noqa: B008
    """The rows of a plan by table; times as microseconds since 2000."""
    data: dict[str, bytes] = defaultdict(bytes)
    for chunk in produce(plan, first):
        data[chunk.table] += chunk.data
    return {table: list(_rows(table, content)) for table, content in data.items()}


def _rows(table: str, content: bytes) -> Iterator[dict[str, Any]]:
    assert content.startswith(HEADER)
    assert content.endswith(TRAILER)
    at, end = len(HEADER), len(content) - len(TRAILER)
    while at < end:
        (count,) = struct.unpack_from(">h", content, at)
        assert count == len(COLUMNS[table])
        at += 2
        row = {}
        for name in COLUMNS[table]:
            (length,) = struct.unpack_from(">i", content, at)
            at += 4
            row[name] = None if length < 0 else _value(name, content[at : at + length])
            at += max(length, 0)
        yield row


def _value(name: str, field: bytes) -> object:
    if name in TEXTS:
        return field.decode()
    if name == "is_active":
        return field == b"\1"
    assert len(field) == 8
    return int.from_bytes(field, "big", signed=True)
