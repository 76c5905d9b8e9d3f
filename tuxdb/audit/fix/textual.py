"""`session.execute(text("…"), {…})` becomes `session.execute(select(…))`.

The call, its session and its result stay as they are: only what is run is told in
another way, so that what the function does with the result does not matter.
"""

import ast

from tuxdb.audit.fix.bind import arguments
from tuxdb.audit.fix.block import BEYOND_PYTHON, UNSYNCHRONISED
from tuxdb.audit.fix.code import Shared, code_at
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.layout import assigned, called
from tuxdb.audit.fix.outcomes import Conversion, Fix
from tuxdb.audit.fix.place import Misplaced, check_hoist
from tuxdb.audit.fix.source import Source
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Converted
from tuxdb.audit.sqltext import verb

RUN = frozenset({"execute", "scalar", "scalars", "stream", "stream_scalars"})
ADDS = frozenset({"add", "add_all", "merge", "delete"})
KEPT = frozenset({"execution_options"})


def retold(
    source: Source, query: RawQuery, conversion: Conversion, shared: Shared
) -> Fix:
    """Write the statement of a text as an expression; raises Misplaced."""
    converted = conversion.converted
    outer, call = _calls(source, query)
    if not isinstance(converted, Converted):
        raise Misplaced(f"no SQLAlchemy for it: {converted.reason}")
    if shared.repositories is not None:
        raise Misplaced("it runs in a session of its own already")
    args, unsafe = arguments(source, query, call, conversion.types)
    code = code_at(converted, args, source.tree, outer, shared)
    written = _written(source, outer, code.expression, conversion.text or "")
    edits = [Edit(*source.bounds(outer), written)]
    if code.setup:
        edits.append(_above(source, outer, code.setup))
    unsafe = [*unsafe, *converted.changes]
    if _pending(source, outer):
        unsafe.append("the session has changes that it would write first")
    if not conversion.proof.holds:
        unsafe.append(f"not proved: {conversion.proof.reason or 'no proof'}")
    return Fix(
        query,
        "rewrite",
        tuple(edits),
        code.imports,
        code.definitions,
        tuple(dict.fromkeys(unsafe)),
        "\n".join((*code.setup, written)),
    )


def _written(source: Source, outer: ast.Call, expression: str, text: str) -> str:
    """The call with the expression in place of the text and its values."""
    options = [source.text(one) for one in outer.keywords]
    if _complex(text, expression, outer):
        options.append(f"execution_options={UNSYNCHRONISED}")
    whole = f"{source.text(outer.func)}({', '.join((expression, *options))})"
    line = source.line(outer.lineno)
    indent = line[: len(line) - len(line.lstrip())].decode()
    return called(whole, indent, len(line[: outer.col_offset].decode()))


def _calls(source: Source, query: RawQuery) -> tuple[ast.Call, ast.Call]:
    """The call that runs the text, and that of `text`; raises Misplaced."""
    call = source.tree.call(query)
    outer = source.tree.call_at(query.outer) if query.outer else None
    if outer is None or call is None:
        raise Misplaced("the text is not given to a session where it is written")
    name = outer.func.attr if isinstance(outer.func, ast.Attribute) else ""
    if name not in RUN:
        raise Misplaced(f"`{name or ast.unparse(outer.func)}` is not known to run it")
    if {one.arg for one in outer.keywords} - KEPT or len(outer.args) > 2:  # noqa: PLR2004 - the text and its values
        raise Misplaced("its call has more arguments than the values")
    if any(isinstance(one, ast.Starred) for one in outer.args):
        raise Misplaced("its arguments are a list that is only known at run time")
    if any(True for _ in source.comments(*source.bounds(outer))):
        raise Misplaced("there are comments in it")
    return outer, call


def _pending(source: Source, outer: ast.Call) -> bool:
    """Whether the function gives objects to the session, which a query flushes."""
    holder = outer.func.value if isinstance(outer.func, ast.Attribute) else outer
    receiver = ast.unparse(holder)
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ADDS
        and ast.unparse(node.value) == receiver
        for node in ast.walk(source.tree.scope(outer))
    )


def _complex(text: str, expression: str, outer: ast.Call) -> bool:
    """Whether SQLAlchemy would add RETURNING, to bring objects up to date."""
    changes = verb(text) in ("UPDATE", "DELETE") and not outer.keywords
    return changes and any(word in expression for word in BEYOND_PYTHON)


def _above(source: Source, outer: ast.Call, setup: tuple[str, ...]) -> Edit:
    """Put assignments before the statement; raises Misplaced or NotEditable."""
    tree = source.tree
    statement = tree.statement(outer)
    check_hoist(tree, statement, tree.value(outer))
    indent = source.indent(statement)
    if source.line(statement.lineno).lstrip().startswith(b"elif"):
        raise Misplaced("it is in an elif")
    start = source.starts[statement.lineno - 1]
    lines = [line.partition(" = ") for line in setup]
    laid = [assigned(f"{name} = ", value, indent) for name, _, value in lines]
    return Edit(start, start, "".join(f"{line}\n" for line in laid))
