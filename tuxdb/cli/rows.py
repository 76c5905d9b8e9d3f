"""Values of use cases as rows: plain, flat where they must be, ids as text in JSON."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

Row = dict[str, Any]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SAFE_INTEGER = 2**53 - 1
IDS = ("id", "from_user", "to_user", "reverses")


def items_of(page: Any) -> Iterable[object]:  # noqa: ANN401
    """The rows of a page or a list."""
    items: Iterable[object] = getattr(page, "items", page)
    return items


def is_list(result: object) -> bool:
    """Whether a result is rows, and not one object."""
    if isinstance(result, Mapping):
        return False
    return isinstance(result, Sequence) or (
        isinstance(getattr(result, "items", None), list)
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - one line a kind
    """Nested dicts, lists and scalars of what a use case returned."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if hasattr(value, "__table__"):
        names = value.__table__.columns.keys()
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return _rfc3339(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else str(value)


def picked(item: object, names: Sequence[str]) -> Row | None:
    """Only these attributes of an object; None if it has not got all of them."""
    if isinstance(item, Mapping) or not all(hasattr(item, name) for name in names):
        return None
    return {name: plain(getattr(item, name)) for name in names}


def _rfc3339(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def flat(row: Row, prefix: str = "") -> Row:
    """Objects within a row become columns: `from.user_id` is `from_user_id`."""
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, dict) and not prefix and name != "settings":
            found.update(flat(value, f"{name}_"))
        else:
            found[f"{prefix}{name}"] = value
    return found


def with_text_ids(value: Any, name: str = "") -> Any:  # noqa: ANN401
    """The same for JSON: ids as strings, and whatever else is too large for it."""
    if isinstance(value, dict):
        return {key: with_text_ids(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [with_text_ids(item, name) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        is_id = name in IDS or name.endswith("_id")
        return str(value) if is_id or abs(value) > SAFE_INTEGER else value
    return value


def text_of(value: object) -> str:
    """A value as people and TSV read it; times in RFC 3339, UTC."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def shown(value: object) -> str:
    """A value for a terminal: times to the second."""
    text = text_of(value)
    if isinstance(value, str) and TIME.fullmatch(text):
        return f"{text[:10]} {text[11:19]}Z"
    return text
