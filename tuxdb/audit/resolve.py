"""The raw queries of one module: each call that takes SQL, with its text followed."""

import ast
from dataclasses import dataclass, field

from tuxdb.audit.calls import SAME_TEXT
from tuxdb.audit.evaluate import Env
from tuxdb.audit.flow import Flow
from tuxdb.audit.holes import classified, from_strangers, holes_of
from tuxdb.audit.module import FunctionInfo, Module, dotted
from tuxdb.audit.places import COMPREHENSIONS, Finder, Place
from tuxdb.audit.sinks import (
    NAMED,
    Sink,
    Sinks,
    api_of,
    dialect_of,
    is_receiver,
    library_of,
    style_of,
)
from tuxdb.audit.sites import Classified, Dialect, Hole, RawQuery, Span
from tuxdb.audit.sqltext import looks_like_sql, speaks_sql
from tuxdb.audit.values import Text, Value, unparsed

RANK: dict[Classified, int] = {"safe": 0, "dynamic-identifier": 1, "unsafe": 2}
MOST_PASSES = 3
NEVER_ALONE = frozenset(
    ("scalar", "scalars", "exec", "stream", "raw", "iterate", "copy", "fetchmany")
)


@dataclass
class Found:
    """What was found in a module: the queries, and the wrappers it defines."""

    queries: list[RawQuery] = field(default_factory=list)
    wrappers: list[Sink] = field(default_factory=list)
    places: dict[int, tuple[Place, RawQuery]] = field(default_factory=dict)
    roots: dict[Span, frozenset[str]] = field(default_factory=dict)


def resolve(module: Module, sinks: Sinks, library: str = "") -> Found:
    """Find the raw queries of a module; its own wrappers add further sinks."""
    found = Found()
    for _ in range(MOST_PASSES):
        places = list(Finder(module, sinks).places())
        found = _resolve(module, places, library)
        new = [sink for sink in found.wrappers if sinks.add(sink)]
        if not new:
            break
    found.wrappers = [
        s for several in sinks.wrappers.values() for s in several if s.wrapper
    ]
    return found


def _resolve(module: Module, places: list[Place], library: str) -> Found:
    found = Found()
    if not places:
        return found
    functions = [place.function for place in places]
    flow = Flow(module, [place.statement for place in places], functions)
    flow.module_level()
    for info in module.functions:
        wanted = id(info.node) in flow.followed and info.outer is None
        if wanted and info.owner is not None and not _reached(flow, info):
            flow.function(info)
    taken = {id(p.inside) for p in places if p.inside is not None}
    for place in places:
        if id(place.call) in taken:
            continue
        env = dict(flow.at.get(id(place.statement), {}))
        flow.evaluator.function = place.function
        for outer in place.comprehensions:
            if isinstance(outer, COMPREHENSIONS):
                env = flow.evaluator.bind_generators(outer.generators, env)
        value = _text_of(flow, place, env)
        wrapper = _wrapper(place, value)
        query = _query(module, place, value, library, wrapper=wrapper is not None)
        if query is None:
            continue
        if wrapper is not None:
            found.wrappers.append(wrapper)
        found.queries.append(query)
        found.places[id(place.call)] = (place, query)
        found.roots[query.span] = value.roots
    found.queries.sort(key=lambda query: query.span)
    return found


def _text_of(flow: Flow, place: Place, env: Env) -> Value:
    """Evaluate the SQL of a call, also in front of a starred `(query, value, …)`."""
    if isinstance(place.sql, ast.Starred):
        given = flow.evaluator.value(place.sql.value, env)
        return given.items[0] if given.exact and given.items else given
    return flow.evaluator.value(place.sql, env)


def _reached(flow: Flow, info: FunctionInfo) -> bool:
    return any(id(s) in flow.at for s in info.node.body)


def _wrapper(place: Place, value: Value) -> Sink | None:
    """See whether the SQL is a parameter of the function, passed through as it is."""
    part, info = value.part, place.function
    if part is None or info is None or info.name == "__init__":
        return None
    root = next((r for r in part.roots if r.startswith(("param ", "command "))), None)
    if root is None or len(part.roots) != 1:
        return None
    name = root.partition(" ")[2]
    if _base_name(part.node) != name and not isinstance(place.sql, ast.Starred):
        return None
    vararg = info.node.args.vararg
    if isinstance(place.sql, ast.Starred):
        if vararg is None or vararg.arg != name:
            return None
        return Sink(info.name, len(info.positional), wrapper=True, owner=_owner(info))
    if name not in {a.arg for a in info.parameters} or info.command:
        return None
    names = info.positional
    index = names.index(name) if name in names else len(names)
    return Sink(
        info.name, index, (name,), wrapper=True, owner=_owner(info), parameters=True
    )


def _base_name(node: ast.expr) -> str | None:
    """Name what `query.strip()` and `cleaned(query)` are made of."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        same = node.func.attr in SAME_TEXT
        return _base_name(node.func.value) if same else None
    return node.id if isinstance(node, ast.Name) else None


def _owner(info: FunctionInfo) -> str | None:
    return info.owner.name if info.owner else None


def _query(
    module: Module,
    place: Place,
    value: Value,
    library: str,
    *,
    wrapper: bool,
) -> RawQuery | None:
    """Make the site of a call, or None if it takes no SQL after all."""
    if not _is_sql(module, place, value):
        return None
    call, sink = place.call, place.sink
    span = span_of(call)
    sql_span = span_of(place.sql)
    receiver = dotted(place.receiver) if place.receiver is not None else ""
    plain = _plain(value.texts[0]) if value.texts else ""
    api = api_of(sink, receiver, module, plain, library)
    dialect = dialect_of(api, module, library)
    text, holes, variants = _texts(value, sql_span, dialect)
    made = value.made
    if value.unresolved:
        text, variants, made = None, (), "variable"
        holes = _whole(value, sql_span, wrapper=wrapper)
    args, starred = place.bound()
    return RawQuery(
        path=module.path,
        span=span,
        sql_span=sql_span,
        api=api,
        method=sink.name,
        receiver=receiver,
        sql_is=made,
        text=text,
        holes=holes,
        args=args,
        starred=starred,
        classified=classified(holes),
        in_loop=place.in_loop,
        function=place.function.qualified if place.function else None,
        awaited=place.awaited,
        variants=variants,
        paramstyle=style_of(api, text or "", dialect),
        dialect=dialect,
        definition=value.origin,
        wrapper=wrapper,
        loop=place.loop,
        in_transaction=place.around.transaction,
        outer=span_of(place.inside) if place.inside is not None else None,
        branch=place.around.branch,
    )


def _texts(
    value: Value, around: Span, dialect: Dialect
) -> tuple[str | None, tuple[Hole, ...], tuple[str, ...]]:
    """Choose the text to report: the worst, then the longest of one beginning."""
    found = [holes_of(text, around, dialect) for text in value.texts]
    if not found:
        return None, (), ()
    best = found[0]
    for other in found[1:]:
        worse = RANK[classified(other[1])] - RANK[classified(best[1])]
        longer = other[0].startswith(best[0].rstrip("; \n"))
        if worse > 0 or (worse == 0 and longer):
            best = other
    return best[0], best[1], tuple(sql for sql, _ in found if sql != best[0])


def _whole(value: Value, span: Span, *, wrapper: bool) -> tuple[Hole, ...]:
    """Describe a statement of which nothing is known, by who gave it."""
    if wrapper:
        return ()
    strange = [part for part in value.parts if from_strangers(part)]
    return tuple(
        Hole(span, part.source, 0, "statement", part.guarded, outside=True)
        for part in strange[:1]
    )


def _is_sql(module: Module, place: Place, value: Value) -> bool:
    """Whether a call takes SQL: by the text, else by its name and its object."""
    sink = place.sink
    texts = [_plain(text) for text in value.texts]
    whole = not value.unresolved
    if sink.name == "text":
        return _is_statement_text(value, texts)
    if whole and any(looks_like_sql(text) for text in texts):
        sure = sink.surely or sink.wrapper or is_receiver(place.receiver)
        return sure or any(speaks_sql(text) for text in texts)
    if value.statement_object or not _may_be_text(place.sql):
        return False
    if whole:
        return _fragment(value) and (sink.surely or is_receiver(place.receiver))
    return _unresolved(module, place)


def _fragment(value: Value) -> bool:
    return any(text and not isinstance(text[0], str) for text in value.texts)


def _unresolved(module: Module, place: Place) -> bool:
    """Judge a call whose text is out of sight.

    A session or connection of SQLAlchemy takes no plain text, so that what it is
    given there is an expression.
    """
    sink, sql = place.sink, place.sql
    if sink.wrapper:
        named = bool(NAMED.search(dotted(sql))) or is_receiver(place.receiver)
        return named and not _is_number(sql)
    if sink.surely:
        return True
    if sink.name in NEVER_ALONE:
        return False
    session = place.receiver is not None and "session" in dotted(place.receiver)
    if session or library_of(module) == "sqlalchemy":
        return sink.name == "exec_driver_sql"
    if not is_receiver(place.receiver):
        return False
    return bool(NAMED.search(unparsed(sql))) or sink.name in ("execute", "fetch")


def _may_be_text(node: ast.expr) -> bool:
    """Whether an expression may be SQL text at all, and no object of SQLAlchemy."""
    if isinstance(node, ast.Call):
        return not _builds_statement(node)
    return not isinstance(node, ast.Lambda | ast.Dict | ast.Set | ast.Compare)


def _builds_statement(node: ast.expr) -> bool:
    makers = ("select", "insert", "update", "delete", "union", "exists", "pg_insert")
    while isinstance(node, ast.Call | ast.Attribute):
        inner = node.func if isinstance(node, ast.Call) else node.value
        name = dotted(inner).rpartition(".")[2]
        if name in makers or name in ("where", "values", "returning", "scalars"):
            return True
        node = inner
    return False


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def _is_statement_text(value: Value, texts: list[str]) -> bool:
    """See whether `text(…)` holds a statement; of fragments, only those with holes."""
    if value.unresolved:
        return True
    return any(looks_like_sql(text) for text in texts) or not value.harmless


def _plain(text: Text) -> str:
    return "".join(p if isinstance(p, str) else "tuxdb_hole_0" for p in text)


def span_of(node: ast.expr) -> Span:
    """Say where an expression stands."""
    return Span(
        node.lineno,
        node.col_offset,
        node.end_lineno or node.lineno,
        node.end_col_offset or node.col_offset,
    )
