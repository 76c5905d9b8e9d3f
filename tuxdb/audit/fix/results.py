"""From what a function does with a result to the way SQLAlchemy hands it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuxdb.audit.sites import RawQuery, Use
from tuxdb.audit.sql.results import Converted

KEYS = frozenset({"get", "keys", "values", "items", "dict", "in", "**"})
LEAVES = {
    "returned": "the result is returned",
    "stored": "the result is kept in `{}`",
    "passed": "the result is passed to `{}`",
}


class Unservable(ValueError):
    """No result of SQLAlchemy's serves what the function does, and why."""


@dataclass(frozen=True)
class Access:
    """What stands behind `result`; `unsafe` says what a caller may see differently.

    `kind` is `none` (nothing is read), `scalar`, `rows` or `status`.
    """

    kind: str
    code: str = ""
    unsafe: tuple[str, ...] = ()
    entity: bool = False


def access(query: RawQuery, converted: Converted) -> Access:
    """Choose from the uses; raises Unservable."""
    uses = query.uses
    if query.method not in ("fetch", "fetchrow", "fetchval", "execute"):
        raise Unservable(f"`{query.method}` has no counterpart in a session")
    if not uses:
        raise Unservable("it is not known what becomes of the result")
    if all(use.kind == "unused" for use in uses):
        return Access("none")
    if query.method == "fetchval":
        return _value(uses)
    if query.method == "execute":
        return Access("status")
    return _rows(query, uses, converted)


def _value(uses: Sequence[Use]) -> Access:
    strange = [use for use in uses if use.kind == "other"]
    if strange:
        raise Unservable(f"the value is used as `{strange[0].detail}`")
    return Access("scalar")


def _rows(query: RawQuery, uses: Sequence[Use], converted: Converted) -> Access:
    for use in uses:
        if use.kind in ("other", "attribute", "compared"):
            raise Unservable(f"a row is used in a way of asyncpg's own: {_said(use)}")
    keys = [use for use in uses if _by_key(use)]
    places = [use for use in uses if _by_position(use)]
    if keys and places:
        raise Unservable(
            f"a row is read by key ({_said(keys[0])}) and by place ({_said(places[0])})"
        )
    names = [column.name for column in converted.columns]
    if keys and len(set(names)) < len(names):
        raise Unservable("two columns have one name")
    unsafe = tuple(
        dict.fromkeys(LEAVES[u.kind].format(u.detail) for u in uses if u.kind in LEAVES)
    )
    many = query.method == "fetch"
    if unsafe and not keys and not places and converted.entity:
        end = ".scalars().all()" if many else ".scalars().first()"
        return Access("rows", end, unsafe, entity=True)
    middle = ".mappings()" if keys or (unsafe and not places) else ""
    return Access("rows", f"{middle}.all()" if many else f"{middle}.first()", unsafe)


def _by_key(use: Use) -> bool:
    return use.kind == "key" or (use.kind == "method" and use.detail in KEYS)


def _by_position(use: Use) -> bool:
    by_value = use.kind == "iterated" and use.detail != "rows"
    return use.kind in ("position", "unpacked") or by_value


def _said(use: Use) -> str:
    line = f"line {use.span.line}"
    named = {"key": f"row[{use.detail!r}]", "position": f"row[{use.detail}]"}
    return f"{named.get(use.kind, use.detail or use.kind)}, {line}"
