"""From the facts of a tree to its fixes: what each call becomes, and the proof of it.

Without a schema there are no conversions, and only what is bound by its text is fixed.
"""

from collections.abc import Callable, Mapping, Sequence

from tuxdb.audit.facts import Facts
from tuxdb.audit.fix.binding import Unbindable, bind
from tuxdb.audit.fix.outcomes import Conversion
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.nonnull import never_none
from tuxdb.audit.placeholders import Unnumbered, numbered
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Proof, Unsupported
from tuxdb.audit.sql.schema import ScratchSchema
from tuxdb.audit.uses import find_uses

Told = Callable[[str, int, int], None]
Taken = Mapping[RawQuery, frozenset[int]]  # the arguments that are never None


def with_uses(
    facts: Sequence[Facts], sources: Mapping[str, bytes]
) -> tuple[list[RawQuery], dict[RawQuery, frozenset[int]]]:
    """The calls of a tree with their uses, and which arguments are never None."""
    found: dict[RawQuery, frozenset[int]] = {}
    for one in facts:
        if not one.queries or one.path not in sources:
            continue
        try:
            tree = Source.of(one.path, sources[one.path]).tree
        except NotEditable:
            continue
        for query in one.queries:
            used = query if query.uses else query.with_uses(find_uses(tree, query))
            found[used] = never_none(tree, query)
    return list(found), found


async def conversions(
    scratch: ScratchSchema,
    values: Taken,
    told: Told = lambda _stage, _done, _total: None,
) -> dict[RawQuery, Conversion]:
    """Convert and prove the statement of each call that the schema accepts."""
    found = {}
    for done, (query, not_null) in enumerate(values.items(), 1):
        one = await _conversion(scratch, query, not_null)
        if one is not None:
            found[query] = one
        told("proving", done, len(values))
    return found


async def _conversion(
    scratch: ScratchSchema, query: RawQuery, not_null: frozenset[int]
) -> Conversion | None:
    text = statement(query)
    if text is None:
        return None
    checked = await scratch.check(text)
    if not checked.accepted:
        return None
    converted = await scratch.convert(text, not_null=not_null)
    if isinstance(converted, Unsupported):
        proof = Proof("refused", converted.reason)
        return Conversion(converted, proof, text, checked.parameters)
    proof = await scratch.prove(text, converted)
    return Conversion(converted, proof, text, checked.parameters)


def statement(query: RawQuery) -> str | None:
    """The statement to convert: with `$n` for its parameters, and for values in it."""
    if query.text is None or query.variants or query.dialect == "mysql":
        return None
    try:
        return bind(query).text if query.holes else numbered(query).text
    except (Unbindable, Unnumbered):
        return None
