"""What one file says, as it is kept between runs and sent between processes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tuxdb.audit.findings import Suppression
from tuxdb.audit.sinks import Sink
from tuxdb.audit.sites import Hole, RawQuery, Span, Use


def is_revision(text: str) -> bool:
    """Whether a Python source looks like a revision of Alembic's."""
    return "def upgrade" in text and "down_revision" in text


@dataclass(frozen=True)
class Acquired:
    """A connection taken outside of a `with`; `released` says how it is given back."""

    span: Span
    source: str
    function: str | None
    released: bool


@dataclass(frozen=True)
class Facts:
    """One file: its queries, and what other files need to know of it.

    `wanted` are imported names that stand where SQL is expected, as module and name.
    """

    path: str
    lines: int = 0
    problem: str | None = None
    problem_line: int = 1
    queries: tuple[RawQuery, ...] = ()
    wrappers: tuple[Sink, ...] = ()
    wanted: tuple[tuple[str, str, str], ...] = ()
    tables: tuple[str, ...] = ()
    library: str = ""
    acquired: tuple[Acquired, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    revision: bool = False
    """Whether it is a revision of Alembic's."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the cache."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Facts":
        """Read what `to_json` wrote; raises TypeError, KeyError or ValueError."""
        data = dict(data)
        data["queries"] = tuple(_query(one) for one in data["queries"])
        data["wrappers"] = tuple(_sink(one) for one in data["wrappers"])
        data["wanted"] = tuple(tuple(one) for one in data["wanted"])
        data["tables"] = tuple(data["tables"])
        data["acquired"] = tuple(
            Acquired(**{**one, "span": Span(**one["span"])}) for one in data["acquired"]
        )
        data["suppressions"] = tuple(
            Suppression(**{**one, "rules": tuple(one["rules"])})
            for one in data["suppressions"]
        )
        return cls(**data)


def _sink(data: dict[str, Any]) -> Sink:
    return Sink(**{**data, "keywords": tuple(data["keywords"])})


def _query(data: dict[str, Any]) -> RawQuery:
    data = dict(data)
    data["span"] = Span(**data["span"])
    data["sql_span"] = Span(**data["sql_span"]) if data["sql_span"] else None
    data["outer"] = Span(**data["outer"]) if data["outer"] else None
    data["holes"] = tuple(
        Hole(**{**one, "span": Span(**one["span"])}) for one in data["holes"]
    )
    data["uses"] = tuple(
        Use(**{**one, "span": Span(**one["span"])}) for one in data["uses"]
    )
    for name in ("args", "variants", "branch"):
        data[name] = tuple(data[name])
    return RawQuery(**data)


def digest(data: bytes, *more: str) -> str:
    """Name a content, and what else decides what is found in it."""
    found = hashlib.sha256(data)
    for text in more:
        found.update(b"\0" + text.encode("utf-8", "replace"))
    return found.hexdigest()


def dumps(facts: Mapping[str, Facts]) -> str:
    """Write facts by the digest of their file."""
    plain = {key: value.to_json() for key, value in facts.items()}
    return json.dumps(plain, separators=(",", ":"))
