"""The edits of a fix as lines and columns, as other programs name places."""

from bisect import bisect_right
from collections.abc import Sequence

from tuxdb.audit.columns import units
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.outcomes import Fix
from tuxdb.audit.fix.plan import FixOptions, above
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.sqlside import Region


def regions(fix: Fix, options: FixOptions) -> tuple[Region, ...]:
    """Where a fix changes its own file; none if it changes another one as well."""
    stored = options.sources.get(fix.query.path)
    if stored is None or fix.method is not None:
        return ()
    try:
        source = Source.of(fix.query.path, stored, options.packages)
        edits: Sequence[Edit] = sorted({*fix.edits, *above(source, [fix])})
    except NotEditable:
        return ()
    return tuple(
        Region(*_place(source, one.start), *_place(source, one.end), one.text)
        for one in edits
    )


def _place(source: Source, offset: int) -> tuple[int, int]:
    line = bisect_right(source.starts, offset)
    before = source.data[source.starts[line - 1] : offset].decode()
    return line, units(before)
