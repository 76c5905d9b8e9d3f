"""Function calls, aggregates, windows."""

from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert.context import POSTGRESQL, CannotConvert
from tuxdb.audit.sql.convert.expr import Expr
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

if TYPE_CHECKING:
    from tuxdb.audit.sql.convert.expressions import Expressions

SAME_TYPE = frozenset(
    {
        "max",
        "min",
        "coalesce",
        "greatest",
        "least",
        "nullif",
        "lag",
        "lead",
        "first_value",
        "last_value",
    }
)
RESULTS = {
    "count": "bigint",
    "now": "timestamp with time zone",
    "lower": "text",
    "upper": "text",
    "concat": "text",
    "replace": "text",
    "substring": "text",
    "trim": "text",
    "length": "integer",
    "char_length": "integer",
    "row_number": "bigint",
    "rank": "bigint",
    "dense_rank": "bigint",
    "string_agg": "text",
    "to_char": "text",
    "random": "double precision",
    "array_length": "integer",
    "cardinality": "integer",
    "bool_or": "boolean",
    "bool_and": "boolean",
}
DEFAULT_FRAME = 1058  # RANGE UNBOUNDED PRECEDING .. CURRENT ROW, as the grammar says
FRAME_NONDEFAULT = 1
FRAME_RANGE, FRAME_ROWS, FRAME_GROUPS = 2, 4, 8
START_UNBOUNDED_PRECEDING, END_UNBOUNDED_FOLLOWING = 0x20, 0x100
START_CURRENT, END_CURRENT = 0x200, 0x400
START_PRECEDING, END_PRECEDING = 0x800, 0x1000
START_FOLLOWING, END_FOLLOWING = 0x2000, 0x4000
FRAME_EXCLUSION = 0x8000 | 0x10000 | 0x20000
SAFE_NAMES = frozenset({"count", "sum", "max", "min", "now", "coalesce"})


class Functions:
    """Converts `func_call` nodes."""

    def __init__(self, expressions: "Expressions") -> None:
        self._in = expressions

    def plain(self, name: str, arguments: list[Expr]) -> Expr:
        """Call a function with converted arguments."""
        codes = ", ".join(self._in.as_value(one) for one in arguments)
        return Expr(
            f"{self._function(name)}({codes})", "call", _result(name, arguments)
        )

    def call(self, tree: Tree) -> Expr:
        """Convert a call with everything that SQL lets hang on it."""
        names = [one for one in strings(tree.funcname) if one != "pg_catalog"]
        if len(names) != 1 or tree.func_variadic:
            raise CannotConvert("a function of another schema, or VARIADIC", "function")
        if tree.agg_star:
            found = Expr(f"{self._function(names[0])}()", "call", _result(names[0], []))
            if names[0] != "count":
                raise CannotConvert(f"{names[0]}(*)", "function")
        elif enum(tree, "funcformat") == "COERCE_SQL_SYNTAX":
            found = self._syntax(names[0], tree)
        else:
            found = self._call(names[0], tree)
        code = found.code
        if tree.HasField("agg_filter"):
            code += f".filter({', '.join(self._in.condition(tree.agg_filter))})"
        if tree.HasField("over"):
            code += f".over({self._window(tree.over)})"
        return Expr(code, "call", found.type)

    def _call(self, name: str, tree: Tree) -> Expr:
        arguments = [self._argument(one) for one in tree.args]
        codes = [self._in.as_value(one) for one in arguments]
        if tree.agg_distinct:
            distinct = self._in.context.use("distinct")
            if len(codes) != 1 or tree.agg_order:
                raise CannotConvert("DISTINCT over several arguments", "aggregate")
            codes = [f"{distinct}({codes[0]})"]
        elif tree.agg_order and not tree.agg_within_group:
            ordered = self._in.context.use("aggregate_order_by", POSTGRESQL)
            keys = self._in.queries.sort_keys(self._in, tree.agg_order)
            codes[-1] = f"{ordered}({', '.join([codes[-1], *keys])})"
        code = f"{self._function(name)}({', '.join(codes)})"
        if tree.agg_within_group:
            keys = self._in.queries.sort_keys(self._in, tree.agg_order)
            code += f".within_group({', '.join(keys)})"
        return Expr(code, "call", _result(name, arguments))

    def _argument(self, node: Tree) -> Expr:
        if unwrap(node)[0] == "named_arg_expr":
            raise CannotConvert("a named argument", "function")
        return self._in.convert(node)

    def _syntax(self, name: str, tree: Tree) -> Expr:
        """Calls that SQL writes with words: EXTRACT(x FROM y), AT TIME ZONE, TRIM."""
        context = self._in.context
        if name == "extract":
            field = unwrap(tree.args[0])[1].sval.sval
            source = self._in.element(tree.args[1])
            return Expr(f"{context.use('extract')}({field!r}, {source})", "call")
        if name == "timezone" and len(tree.args) == 2:  # noqa: PLR2004 - zone, value
            zone = self._in.convert(tree.args[0])
            value = self._in.as_operand(self._in.convert(tree.args[1]))
            code = (
                f"{value}.op('AT TIME ZONE', precedence=9)({self._in.as_element(zone)})"
            )
            return Expr(code, "operator", binary=True)
        if name == "btrim" and len(tree.args) == 1:
            return self._call("trim", tree)
        if name in ("btrim", "ltrim", "rtrim", "position", "substring", "overlay"):
            return self._call(name, tree)
        raise CannotConvert(f"{name} in SQL's own syntax", "function")

    def _function(self, name: str) -> str:
        func = self._in.context.use("func")
        if not name.isidentifier() or name.startswith("_") or not name.islower():
            raise CannotConvert(f"the function {name}", "function")
        return f"{func}.{name}"

    def _window(self, tree: Tree) -> str:
        if tree.name or tree.refname:
            raise CannotConvert("a named window", "window")
        parts = []
        if tree.partition_clause:
            keys = ", ".join(self._in.element(one) for one in tree.partition_clause)
            parts.append(f"partition_by=[{keys}]")
        if tree.order_clause:
            keys = ", ".join(self._in.queries.sort_keys(self._in, tree.order_clause))
            parts.append(f"order_by=[{keys}]")
        frame = self._frame(tree)
        return ", ".join([*parts, *frame])

    def _frame(self, tree: Tree) -> list[str]:
        options = tree.frame_options
        if not options & FRAME_NONDEFAULT:
            return []
        if options & FRAME_EXCLUSION:
            raise CannotConvert("EXCLUDE in a window's frame", "window")
        unit = "rows" if options & FRAME_ROWS else "range_"
        unit = "groups" if options & FRAME_GROUPS else unit
        start = self._bound(options, tree.start_offset, start=True)
        end = self._bound(options, tree.end_offset, start=False)
        return [f"{unit}=({start}, {end})"]

    def _bound(self, options: int, offset: Tree, *, start: bool) -> str:
        if options & (START_CURRENT if start else END_CURRENT):
            return "0"
        if options & (START_UNBOUNDED_PRECEDING if start else END_UNBOUNDED_FOLLOWING):
            return "None"
        sign = -1 if options & (START_PRECEDING if start else END_PRECEDING) else 1
        kind, value = unwrap(offset)
        if kind != "a_const" or not value.HasField("ival"):
            raise CannotConvert("a computed bound of a window's frame", "window")
        return str(sign * value.ival.ival)


def _result(name: str, arguments: list[Expr]) -> str | None:
    if name in SAME_TYPE:
        return next((one.type for one in arguments if one.type), None)
    return RESULTS.get(name)
