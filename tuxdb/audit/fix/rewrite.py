"""A raw call becomes a session, a statement and the result that the function needs."""

from dataclasses import replace

from tuxdb.audit.fix.bind import arguments
from tuxdb.audit.fix.block import Block, Call
from tuxdb.audit.fix.code import Shared, code_at
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.errors import translated
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.method import as_method
from tuxdb.audit.fix.names import taken_at
from tuxdb.audit.fix.outcomes import Conversion, Fix
from tuxdb.audit.fix.place import Misplaced, Place, held, place
from tuxdb.audit.fix.results import access
from tuxdb.audit.fix.session import SessionSource
from tuxdb.audit.fix.source import Source
from tuxdb.audit.fix.textual import retold
from tuxdb.audit.placeholders import style_of
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Converted, Unsupported

HOISTED = {"fetch": "rows", "fetchrow": "row", "fetchval": "value", "execute": "status"}


def rewrite(
    source: Source,
    query: RawQuery,
    conversion: Conversion,
    session: SessionSource | None,
    shared: Shared,
) -> Fix:
    """Write the replacement of a call; raises Misplaced and its like."""
    converted = conversion.converted
    if isinstance(converted, Unsupported):
        raise Misplaced(f"no SQLAlchemy for it: {converted.reason}")
    if query.variants:
        raise Misplaced("it runs one of several statements")
    if query.api.startswith("sqlalchemy.text"):
        return retold(source, query, conversion, shared)
    refused = _of_driver(query, converted)
    if refused:
        raise Misplaced(refused)
    if session is None:
        raise Misplaced(NO_SESSION)
    where = place(source, query, block=shared.repositories is None)
    how = access(query, converted)
    connection = held(source.tree, where.call, query.receiver)
    if connection.refused:
        raise Misplaced(connection.refused)
    opened = session.at(source.tree, where.call, connection.receiver)
    args, doubts = arguments(source, query, where.call, conversion.types)
    if how.entity:
        converted = replace(converted, expression=converted.entity or "")
    caught = translated(source, where.call)
    unsafe = [*doubts, *how.unsafe, *converted.changes, *caught.unsafe]
    unsafe += [connection.unsafe] if connection.unsafe else []
    if not conversion.proof.holds:
        unsafe.append(f"not proved: {conversion.proof.reason or 'no proof'}")
    write = _inline if shared.repositories is None else as_method
    plain = replace(conversion, converted=converted)
    fix = write(source, Call(query, where, how, opened, tuple(args), plain), shared)
    needed = tuple(Import.of(line) for line in session.imports)
    return replace(
        fix,
        edits=(*fix.edits, *caught.edits),
        imports=(*fix.imports, *needed, *caught.imports),
        unsafe=tuple(dict.fromkeys(unsafe)),
    )


def _of_driver(query: RawQuery, converted: Converted) -> str:
    """Why a call of another driver than asyncpg is left, if it is."""
    if query.dialect == "sqlite":
        return "it runs on SQLite, and its data would have to move first"
    if style_of(query) in ("format", "qmark") and converted.result != "count":
        return "its rows are read from a cursor, apart from the call"
    return ""


def _inline(source: Source, call: Call, shared: Shared) -> Fix:
    where, tree = call.where, source.tree
    code = code_at(call.converted, call.args, tree, where.call, shared)
    taken = set(taken_at(tree, where.call))
    block = Block(where, call.how, code, call.opened, call.text, taken)
    written = block.write(HOISTED[call.query.method])
    edits = _edits(source, where, written, block.outside)
    return Fix(
        call.query, "rewrite", edits, code.imports, code.definitions, code=written
    )


NO_SESSION = (
    "it is not known how the project opens a session: "
    'set session = "…" under [tool.tuxdb.audit]'
)


def _edits(source: Source, where: Place, block: str, outside: str) -> tuple[Edit, ...]:
    """Put the block in place of the statement, or before it."""
    start = source.starts[where.statement.lineno - 1]
    if where.form == "hoisted":
        begin, end = source.bounds(where.value)
        above = _comments(source, begin, end, where.indent)
        first = Edit(start, start, f"{above}{block}\n")
        return (first, Edit(begin, end, outside))
    begin, end = source.bounds(where.statement)
    above = _comments(source, begin, end, where.indent)
    return (Edit(start, end, above + block),)


def _comments(source: Source, begin: int, end: int, indent: str) -> str:
    return "".join(f"{indent}{text}\n" for text in source.comments(begin, end))
