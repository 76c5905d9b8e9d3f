"""The edits that bind interpolated values: another text, and more arguments."""

import ast
from collections.abc import Sequence

from tuxdb.audit.fix.argument import Argument
from tuxdb.audit.fix.binding import Bound, bind
from tuxdb.audit.fix.bound_values import given
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.literals import Literal, literal
from tuxdb.audit.fix.outcomes import Fix
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.snippets import on_one_line
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.loads import bindings
from tuxdb.audit.placeholders import Unnumbered, numbered, replaced, style_of
from tuxdb.audit.sites import MARKER, RawQuery
from tuxdb.audit.tree import span_of


def binding_fix(source: Source, query: RawQuery, types: Sequence[str] = ()) -> Fix:
    """Bind the values of a query. `types` are those of its parameters, if known."""
    bound = bind(query)
    call = source.tree.call(query)
    if call is None:
        raise Misplaced("the call is not found in the file")
    first = sql_of(query, call)
    text = _literal_of(source, call, first)
    written = _written(source, query, text)
    source_text = written.replaced(bound.changes)
    _check(source_text, replaced(query.text or "", bound.changes))
    values, unsafe = _values(source, call, bound, written, types)
    more = given(source, call, first, bound, values)
    edits = (Edit(*source.bounds(text), source_text), *more)
    return Fix(query, "bind", edits, (), (), tuple(unsafe), source_text)


def arguments(
    source: Source, query: RawQuery, call: ast.Call, types: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The sources of `$1`, `$2`, … of a call, those of interpolated values last.

    Gives what makes them doubtful as well.
    """
    first = sql_of(query, call)
    known = _bound_already(source, query, call, first)
    if not query.holes:
        return known, []
    bound = bind(query)
    covered = {number for one in bound.parameters for number in one.holes}
    if len(covered) < len(query.holes):
        raise Misplaced("more than values is put into its text")
    written = _written(source, query, _literal_of(source, call, first))
    values, unsafe = _values(source, call, bound, written, types)
    return [*known, *values], unsafe


def _bound_already(
    source: Source, query: RawQuery, call: ast.Call, first: ast.expr
) -> list[str]:
    if style_of(query) == "numbered" or (
        style_of(query) == "none" and not query.args and not query.starred
    ):
        rest = call.args[call.args.index(first) + 1 :]
        if any(isinstance(node, ast.Starred) for node in rest):
            raise Misplaced("its arguments are a list that is only known at run time")
        return [_argument(source, node) for node in rest]
    try:
        found = numbered(query)
    except Unnumbered as error:
        raise Misplaced(str(error)) from error
    if found.args is None or len(found.args) != found.count:
        raise Misplaced("it cannot be seen what is bound to its parameters")
    return list(found.args)


def sql_of(query: RawQuery, call: ast.Call) -> ast.expr:
    """The argument that holds the SQL; raises Misplaced."""
    for node in call.args:
        if query.sql_span is not None and span_of(node) == query.sql_span:
            return node
    raise Misplaced("its text is not an argument of its own")


def _argument(source: Source, node: ast.expr) -> str:
    """The source of an argument; comments in it go above the statement."""
    commented = any(True for _ in source.comments(*source.bounds(node)))
    return ast.unparse(node) if commented else on_one_line(source.text(node))


def _written(source: Source, query: RawQuery, text: ast.expr) -> Literal:
    begin, end = source.bounds(text)
    written = literal(source.data[begin:end].decode())
    if written.text.replace("\r\n", "\n") != query.text:
        raise Misplaced("its text is put together in more than one place")
    return written


def _values(
    source: Source,
    call: ast.Call,
    bound: Bound,
    written: Literal,
    types: Sequence[str],
) -> tuple[list[str], list[str]]:
    values, unsafe = [], []
    for one in bound.parameters:
        kind = types[one.number - 1] if one.number <= len(types) else ""
        value, problem = Argument(source, call, one, written, kind).bound()
        values.append(value)
        unsafe += [problem] if problem else []
    return values, unsafe


def _literal_of(source: Source, call: ast.Call, first: ast.expr) -> ast.expr:
    """The literal that the SQL is, in the call or before it; raises Misplaced."""
    if not isinstance(first, ast.Name):
        return first
    tree = source.tree
    scope = tree.scope(call)
    stores = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == first.id and node is not first
    ]
    if bindings(scope, first.id) != 1 or len(stores) != 1:
        raise Misplaced(f"`{first.id}` is used in more than one place")
    statement = tree.parents[stores[0]]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        raise Misplaced(f"`{first.id}` is used in more than one place")
    if tree.scope(statement) is not scope:
        raise Misplaced(f"`{first.id}` is used in more than one place")
    return statement.value


def _check(source: str, text: str) -> None:
    """The new source must give the new text; raises NotEditable."""
    again = literal(source)
    node = ast.parse(f"({source})", mode="eval").body
    plain = not again.fields
    if plain and (not isinstance(node, ast.Constant) or node.value != text):
        raise NotEditable("its text cannot be written again")
    if MARKER.sub("", again.text) != MARKER.sub("", text):
        raise NotEditable("its text cannot be written again")
