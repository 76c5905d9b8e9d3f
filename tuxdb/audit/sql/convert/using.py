"""JOIN ... USING: each name is one column of both sides, and stands once in a star."""

from collections.abc import Sequence

from tuxdb.audit.sql.convert.context import CannotConvert
from tuxdb.audit.sql.convert.ranges import Range, Scope


def conditions(names: Sequence[str], left: Sequence[str], scope: Scope) -> list[str]:
    """The comparisons that USING means, the right side being the last of FROM.

    `left` are the names of the items on the left side.
    """
    right = scope.ranges[-1]
    before = [one for one in scope.ranges[:-1] if one.name in left]
    codes = []
    for name in names:
        there = [one for one in before if one.column(name) is not None]
        if len(there) > 1 and name in scope.merged:
            there = there[:1]
        first = there[0].column(name) if len(there) == 1 else None
        second = right.column(name)
        if first is None or second is None:
            raise CannotConvert(f"USING ({name}) of more than two tables", "join")
        codes.append(f"{first.code} == {second.code}")
    if scope.merged and tuple(names) != scope.merged:
        scope.mixed = True
    scope.merged = tuple(names)
    return codes


def starred(scope: Scope) -> list[Range]:
    """The items of FROM for a star: the columns of USING first, and once."""
    if scope.mixed:
        raise CannotConvert("SELECT * over several kinds of USING", "join")
    first = scope.ranges[0]
    merged = set(scope.merged)
    if any(one.missing for one in scope.ranges):
        raise CannotConvert("SELECT * of models with USING", "join")
    named = {one.name: one for one in first.columns}
    if not merged <= named.keys():
        raise CannotConvert("SELECT * with USING of a later table", "join")
    heads = tuple(named[name] for name in scope.merged)
    found = [Range(first.name, first.code, heads)]
    for one in scope.ranges:
        rest = tuple(column for column in one.columns if column.name not in merged)
        found.append(Range(one.name, one.code, rest))
    return found
