"""Which arguments of a call are never None, as far as the source shows.

`column == None` is `IS NULL` to SQLAlchemy, and `column = NULL` is never true to
PostgreSQL: only where an argument is surely a value may it be written plainly.
"""

import ast

from tuxdb.audit.loads import bindings
from tuxdb.audit.placeholders import Unnumbered, numbered, style_of
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.tree import Tree

FUNCTIONS = frozenset(
    [
        "int",
        "str",
        "float",
        "bool",
        "len",
        "list",
        "tuple",
        "set",
        "dict",
        "sorted",
        "sum",
        "round",
        "abs",
        "bytes",
        "repr",
        "ord",
        "hash",
        "max",
        "min",
    ]
)
METHODS = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "capitalize",
        "format",
        "join",
        "replace",
        "split",
        "now",
        "utcnow",
        "isoformat",
        "timestamp",
        "dumps",
        "total_seconds",
        "encode",
        "decode",
        "date",
    ]
)
TYPES = frozenset(
    [
        "int",
        "str",
        "float",
        "bool",
        "bytes",
        "datetime",
        "date",
        "timedelta",
        "Decimal",
        "list",
        "dict",
        "UUID",
        "datetime.datetime",
        "datetime.date",
        "datetime.timedelta",
        "uuid.UUID",
    ]
)
# what a Discord object always has
OBJECTS = frozenset(
    [
        "ctx",
        "context",
        "interaction",
        "message",
        "member",
        "user",
        "author",
        "guild",
        "channel",
        "role",
        "emoji",
        "thread",
        "reaction",
        "payload",
        "after",
        "before",
        "self.bot.user",
    ]
)
_VALUES = (
    ast.JoinedStr,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.Compare,
)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)


def never_none(tree: Tree, query: RawQuery) -> frozenset[int]:
    """The numbers, from 1, of the arguments that are surely values."""
    call = tree.call(query)
    if call is None or query.starred:
        return frozenset()
    if style_of(query) in ("numbered", "none"):
        given: list[ast.expr | None]
        given = list(call.args[len(call.args) - len(query.args) :])
    else:
        around = tree.call_at(query.outer) if query.outer else call
        given = _given(query, around or call)
    return frozenset(
        number
        for number, node in enumerate(given, 1)
        if node is not None and is_value(tree, node)
    )


def _given(query: RawQuery, around: ast.Call) -> list[ast.expr | None]:
    """The expressions in a tuple or a dictionary, in the order of the numbers."""
    try:
        args = numbered(query).args
    except Unnumbered:
        return []
    there = {
        ast.unparse(node): node
        for node in ast.walk(around)
        if isinstance(node, ast.expr)
    }
    return [there.get(source) for source in args or ()]


def is_value(tree: Tree, node: ast.expr) -> bool:
    """Whether an expression cannot come to None."""
    match node:
        case ast.Constant():
            return node.value is not None
        case ast.BinOp():
            return isinstance(node.op, _ARITHMETIC)
        case ast.UnaryOp():
            return True
        case ast.IfExp():
            return is_value(tree, node.body) and is_value(tree, node.orelse)
        case ast.Call(func=ast.Name(id=name)):
            return name in FUNCTIONS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in METHODS
        case ast.Name():
            return _typed(tree, node)
        case ast.Attribute():
            return _always(node)
        case _:
            return isinstance(node, _VALUES)


def _typed(tree: Tree, node: ast.Name) -> bool:
    """Whether a name is a parameter of a type that None is not of, or a value."""
    scope = tree.scope(node)
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    if bindings(scope, node.id) != 1:
        return False
    given = (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)
    for argument in given:
        if argument.arg == node.id:
            known = argument.annotation
            return known is not None and ast.unparse(known) in TYPES
    for statement in ast.walk(scope):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id == node.id:
                return not isinstance(statement.value, ast.Name) and is_value(
                    tree, statement.value
                )
    return False


def _always(node: ast.Attribute) -> bool:
    """`interaction.guild.id`: what the library never leaves empty."""
    if node.attr not in ("id", "created_at"):
        return False
    owner = ast.unparse(node.value)
    return owner.rpartition(".")[2] in OBJECTS
