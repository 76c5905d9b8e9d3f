"""From a statement to SQLAlchemy source, or the reason why not."""

from collections import Counter
from collections.abc import Iterable

from tuxdb.audit.sql.catalogue import Catalogue
from tuxdb.audit.sql.convert.changes import changing
from tuxdb.audit.sql.convert.context import CannotConvert, Context
from tuxdb.audit.sql.convert.queries import Queries, Query
from tuxdb.audit.sql.convert.ranges import ModelUnfit
from tuxdb.audit.sql.mapping.model import ModelSource
from tuxdb.audit.sql.parse import NotSql, Statement, single, walk
from tuxdb.audit.sql.results import Checked, Converted, Output, Unsupported

QUERIES = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt"})

_RANGE = "as SQLAlchemy's Range"
READ_OTHERWISE = {
    "json": "decoded from JSON",
    "jsonb": "decoded from JSON",
    "bit": "as SQLAlchemy's BitString",
    "bit varying": "as SQLAlchemy's BitString",
    "int4range": _RANGE,
    "int8range": _RANGE,
    "numrange": _RANGE,
    "daterange": _RANGE,
    "tsrange": _RANGE,
    "tstzrange": _RANGE,
    "inet": "as the driver's own address",
    "cidr": "as the driver's own network",
}


def convert(
    text: str,
    checked: Checked,
    catalogue: Catalogue,
    models: Iterable[ModelSource],
    *,
    not_null: frozenset[int] = frozenset(),
    taken: frozenset[str] = frozenset(),
) -> Converted | Unsupported:
    """Convert one statement that the schema accepts."""
    try:
        statement = single(text)
    except NotSql as error:
        return Unsupported(error.message, "syntax")
    if statement.kind not in QUERIES:
        return Unsupported(_kind(statement), "statement")
    if not checked.accepted:
        return Unsupported(checked.problems[0].message, "schema")
    known = {(one.schema, one.table): one for one in models}
    unfit: dict[str, None] = {}
    while True:
        context = Context(catalogue, dict(known), checked, not_null, taken)
        context.occurrences.update(_occurrences(statement))
        try:
            return _converted(context, statement, tuple(unfit))
        except CannotConvert as error:
            return Unsupported(error.reason, error.construct)
        except ModelUnfit as error:
            unfit[str(error)] = None
            known = {key: one for key, one in known.items() if one.name != error.model}


def _converted(
    context: Context, statement: Statement, unfit: tuple[str, ...]
) -> Converted:
    queries = Queries(context)
    query = _query(queries, statement)
    names = [one.name for one in context.checked.columns]
    returned = bool(names)
    changes = [*context.changes, *unfit]
    changes += [
        f"the column {one.name} comes {how}"
        for one in context.checked.columns
        if (how := READ_OTHERWISE.get(one.type.removesuffix("[]")))
    ]
    return Converted(
        expression=query.code,
        imports=tuple(sorted(context.imports)),
        params=tuple(
            context.argument(number + 1)
            for number in range(len(context.checked.parameters))
        ),
        result="rows" if returned else "count",
        models=tuple(context.used_models),
        setup=tuple(context.setup),
        names=tuple(context.names),
        definitions=tuple(context.definitions),
        columns=tuple(Output(one.name, one.type) for one in context.checked.columns),
        changes=tuple(changes),
        entity=query.entity,
        tables=tuple(context.used_tables),
    )


def _query(queries: Queries, statement: Statement) -> Query:
    if statement.kind == "select_stmt":
        return queries.select(statement.tree, None, nested=False)
    return changing(queries, statement.kind, statement.tree, None)


def _occurrences(statement: Statement) -> Counter[str]:
    """How often each table is named."""
    found = Counter(
        node.relname for kind, node in walk(statement.tree) if kind == "range_var"
    )
    if statement.kind != "select_stmt":
        found[statement.tree.relation.relname] += 1
    return found


def _kind(statement: Statement) -> str:
    words = statement.kind.removesuffix("_stmt").replace("_", " ").upper()
    return f"{words} is not a query"
