"""What is to be proved of a call: its statement, and which arguments are never None."""

from collections.abc import Mapping, Sequence

from tuxdb.audit.facts import Facts
from tuxdb.audit.fix.binding import Unbindable, bind
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.nonnull import never_none
from tuxdb.audit.placeholders import Unnumbered, numbered
from tuxdb.audit.sites import RawQuery


def never_null(
    facts: Sequence[Facts], sources: Mapping[str, bytes]
) -> dict[RawQuery, frozenset[int]]:
    """The calls of the files that can be edited, and their arguments never None."""
    found: dict[RawQuery, frozenset[int]] = {}
    for one in facts:
        if not one.queries or one.path not in sources:
            continue
        try:
            tree = Source.of(one.path, sources[one.path]).tree
        except NotEditable:
            continue
        for query in one.queries:
            found[query] = never_none(tree, query)
    return found


def statement(query: RawQuery) -> str | None:
    """The statement to convert: with `$n` for its parameters, and for values in it."""
    if query.text is None or query.variants or query.dialect == "mysql":
        return None
    try:
        return bind(query).text if query.holes else numbered(query).text
    except (Unbindable, Unnumbered):
        return None
