"""Bringing two of PostgreSQL's own texts to one form, by rules that keep meaning.

The rules: positions are dropped; aliases of FROM are numbered; (column, value) pairs of
INSERT and SET are sorted; text and varchar without length are one type on constants,
parameters and nested casts; a whole number compared keeps its value whatever its width;
ROW() and the forms of calls are one; nested AND, OR are flat; NOT (a = b) is a <> b,
and so for the other operators with an opposite; JOIN ... ON true is CROSS JOIN; LIMIT ALL is none. Nothing else.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tuxdb.audit.sql.parse import NotSql, Tree, single, strings, unwrap
from tuxdb.audit.sql.pgtypes import INTEGERS, TEXTS, canonical

if TYPE_CHECKING:
    from tuxdb.audit.sql.catalogue import Catalogue, Relation

Form: TypeAlias = Any  # nested tuples

HEAD, TAIL = "BEGIN ATOMIC", "END"
DROPPED = frozenset(
    {
        "location",
        "funcformat",
        "row_format",
        "coerceformat",
        "rexpr_list_start",
        "rexpr_list_end",
        "list_start",
        "list_end",
        "stmt_location",
        "stmt_len",
    }
)
ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
VOLATILE = frozenset(
    {
        "nextval",
        "setval",
        "random",
        "random_normal",
        "gen_random_uuid",
        "uuid_generate_v4",
        "uuidv4",
        "uuidv7",
        "clock_timestamp",
        "lastval",
    }
)


@dataclass(frozen=True)
class _Item:
    """An item of FROM: its number, and its table if it is one."""

    name: str
    relation: "Relation | None"


class Normaliser:
    """Normalises the bodies of one pair."""

    def __init__(self, catalogue: "Catalogue", parameters: tuple[str, ...]) -> None:
        self._catalogue = catalogue
        self._parameters = parameters
        self._scopes: list[dict[str, _Item]] = []
        self._count = 0

    def body(self, text: str) -> Form:
        """The form of a function's body with one statement; raises NotSql."""
        inner = text.strip()
        if not (inner.startswith(HEAD) and inner.endswith(TAIL)):
            raise NotSql("not a body")
        self._scopes, self._count = [], 0
        statement = single(inner[len(HEAD) : -len(TAIL)])
        return statement.kind, self._message(statement.tree)

    def _message(self, message: Tree) -> Form:
        name = message.DESCRIPTOR.name
        if name == "Node":
            kind, inner = unwrap(message)
            if kind in ("type_cast", "bool_expr"):
                read = self._type_cast if kind == "type_cast" else self._bool_expr
                return read(inner)
            return (kind, self._message(inner)) if inner is not None else None
        reader = _READERS.get(name)
        if reader is not None:
            return reader(self, message)
        return self._fields(message)

    def _fields(self, message: Tree, *skipped: str) -> Form:
        found = []
        for descriptor, value in message.ListFields():
            if descriptor.name in DROPPED or descriptor.name in skipped:
                continue
            if descriptor.message_type is None:
                plain = tuple(value) if hasattr(value, "extend") else value
                found.append((descriptor.name, plain))
            elif hasattr(value, "add"):
                found.append((descriptor.name, tuple(self._message(v) for v in value)))
            else:
                found.append((descriptor.name, self._message(value)))
        return message.DESCRIPTOR.name, tuple(found)

    # --- scopes -----------------------------------------------------------------

    def _scoped(self, message: Tree, *items: Tree, target: Tree = None) -> Form:
        scope: dict[str, _Item] = {}
        self._scopes.append(scope)
        if target is not None:
            self._register(_range_name(target), scope, target)
        for item in items:
            self._names(item, scope)
        form = self._pairs(message)
        self._scopes.pop()
        return form

    def _names(self, node: Tree, scope: dict[str, "_Item"]) -> None:
        kind, tree = unwrap(node)
        if kind == "join_expr":
            self._names(tree.larg, scope)
            self._names(tree.rarg, scope)
            if tree.HasField("alias"):
                self._register(tree.alias.aliasname, scope)
        elif kind == "range_var":
            self._register(_range_name(tree), scope, tree)
        elif tree is not None and tree.HasField("alias"):
            self._register(tree.alias.aliasname, scope)

    def _register(
        self, name: str, scope: dict[str, "_Item"], table: Tree = None
    ) -> None:
        self._count += 1
        relation = None
        if table is not None:
            relation = self._catalogue.relation(table.relname, table.schemaname)
        scope[name] = _Item(f"t{self._count}", relation)

    def _resolved(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name].name
        return name

    def _column_type(self, parts: tuple[str, ...]) -> str | None:
        """The type of a column of a table, where it is certain."""
        for scope in reversed(self._scopes):
            if len(parts) > 1:
                found = scope.get(parts[0])
            else:
                found = next(iter(scope.values())) if len(scope) == 1 else None
            if found is not None:
                column = found.relation.column(parts[-1]) if found.relation else None
                return column.type if column is not None else None
        return None

    def _select(self, message: Tree) -> Form:
        return self._scoped(message, *message.from_clause)

    def _insert(self, message: Tree) -> Form:
        return self._scoped(message, target=message.relation)

    def _update(self, message: Tree) -> Form:
        return self._scoped(message, *message.from_clause, target=message.relation)

    def _delete(self, message: Tree) -> Form:
        return self._scoped(message, *message.using_clause, target=message.relation)

    def _range_var(self, message: Tree) -> Form:
        alias = message.alias.colnames if message.HasField("alias") else ()
        return (
            "RangeVar",
            message.schemaname,
            message.relname,
            message.inh,
            self._resolved(_range_name(message)),
            tuple(strings(alias)),
        )

    def _alias(self, message: Tree) -> Form:
        name = self._resolved(message.aliasname)
        return "Alias", name, tuple(strings(message.colnames))

    def _column_ref(self, message: Tree) -> Form:
        parts = [
            "*" if unwrap(one)[0] == "a_star" else one.string.sval
            for one in message.fields
        ]
        type_name = self._column_type(tuple(parts))
        if len(parts) > 1:
            parts[0] = self._resolved(parts[0])
        return "ColumnRef", tuple(parts), type_name

    def _locking(self, message: Tree) -> Form:
        names = tuple(
            self._resolved(one.range_var.relname) for one in message.locked_rels
        )
        return self._fields(message, "locked_rels"), names

    # --- pairs ------------------------------------------------------------------

    def _pairs(self, message: Tree) -> Form:
        name = message.DESCRIPTOR.name
        if name == "InsertStmt":
            return self._insert_pairs(message)
        if name == "UpdateStmt":
            return self._update_pairs(message)
        if name == "SelectStmt" and message.limit_count.a_const.isnull:
            return self._fields(message, "limit_count", "limit_option"), NO_LIMIT
        if name == "SelectStmt" and not unwrap(message.limit_count)[0]:
            return self._fields(message, "limit_option"), NO_LIMIT
        return self._fields(message)

    def _insert_pairs(self, message: Tree) -> Form:
        values = message.select_stmt.select_stmt.values_lists
        rows = [one.list.items for one in values]
        columns = [one.res_target for one in message.cols]
        sortable = (
            rows
            and all(len(row) == len(columns) for row in rows)
            and not any(one.indirection for one in columns)
        )
        rest = self._fields(message, "cols", "select_stmt")
        if not sortable or message.select_stmt.select_stmt.sort_clause:
            return rest, self._message(message.select_stmt), self._all(message.cols)
        forms = [[_narrow(self._message(item)) for item in row] for row in rows]
        order = range(len(columns))
        if _volatile_calls(forms) < 2:  # noqa: PLR2004 - the order of two is visible
            order = sorted(order, key=lambda index: columns[index].name)
        names = tuple(columns[index].name for index in order)
        return rest, names, tuple(tuple(row[i] for i in order) for row in forms)

    def _update_pairs(self, message: Tree) -> Form:
        return self._fields(message, "target_list"), self._set(message.target_list)

    def _on_conflict(self, message: Tree) -> Form:
        return self._fields(message, "target_list"), self._set(message.target_list)

    def _set(self, targets: Tree) -> Form:
        forms = tuple(
            (
                one.res_target.name,
                self._all(one.res_target.indirection),
                _narrow(self._message(one.res_target.val)),
            )
            for one in targets
        )
        if _volatile_calls(forms) < 2:  # noqa: PLR2004 - see above
            return tuple(sorted(forms, key=repr))
        return forms

    def _all(self, nodes: Tree) -> Form:
        return tuple(self._message(one) for one in nodes)

    # --- expressions ------------------------------------------------------------

    def _type_cast(self, message: Tree) -> Form:
        inner = self._message(message.arg)
        name, modified = _type_of(message.type_name)
        if name is None or modified:
            return "type_cast", inner, self._message(message.type_name)
        plain = name.replace("character varying", "text")
        if plain.removesuffix("[]") != "text":
            return "type_cast", inner, name
        if self._is_text_parameter(inner, plain):
            return inner
        if _is_text_cast(inner) and plain == "text":
            return "type_cast", inner[1], plain
        return "type_cast", inner, plain if _is_constant(inner) else name

    def _is_text_parameter(self, inner: Form, plain: str) -> bool:
        if inner is None or inner[0] != "param_ref":
            return False
        number = dict(inner[1][1]).get("number", 0)
        actual = self._parameters[number - 1].replace("character varying", "text")
        return actual == plain

    def _a_expr(self, message: Tree) -> Form:
        (
            kind,
            names,
        ) = message.kind, strings(message.name)
        left, right = self._message(message.lexpr), self._message(message.rexpr)
        if names[-1] in NEGATED and len(names) == 1:
            left, right = _narrow(left), _narrow(right)
        elif names[-1] in ARITHMETIC and len(names) == 1:
            if self._is_wide(left):
                right = _narrow(right)
            elif self._is_wide(right):
                left = _narrow(left)
        return "A_Expr", kind, tuple(names), left, right

    def _is_wide(self, form: Form) -> bool:
        """Whether an operand is a bigint, whatever stands beside it."""
        if form is None:
            return False
        kind = form[0]
        if kind == "column_ref":
            return bool(form[1][2] == "bigint")
        if kind == "param_ref":
            number = dict(form[1][1]).get("number", 0)
            return self._parameters[number - 1] == "bigint"
        if kind == "a_expr":
            name, left, right = form[1][2], form[1][3], form[1][4]
            wide = self._is_wide(left) or self._is_wide(right)
            whole = _is_whole(left) or _is_whole(right)
            both = self._is_wide(left) and self._is_wide(right)
            return name[-1] in ARITHMETIC and (both or (wide and whole))
        return False

    def _bool_expr(self, message: Tree) -> Form:
        """A Node's form: nested ANDs and ORs are flat, NOT goes into its operator."""
        if message.boolop == NOT:
            inner = self._message(message.args[0])
            return _negated(inner) or ("bool_expr", NOT, (inner,))
        parts: list[Form] = []
        for one in message.args:
            form = self._message(one)
            if form[0] == "bool_expr" and form[1] == message.boolop:
                parts.extend(form[2])
            else:
                parts.append(form)
        return "bool_expr", message.boolop, tuple(parts)

    def _join_expr(self, message: Tree) -> Form:
        form = self._fields(message, "quals", "rtindex")
        quals = self._message(message.quals)
        return form, None if quals == TRUE else quals


NOT = 3
NO_LIMIT = "no limit"
IS_NULL, IS_NOT_NULL = 1, 2
PLAIN, ANY, ALL = 1, 2, 3
OPPOSITE = {**NEGATED, "~~": "!~~", "!~~": "~~", "~~*": "!~~*", "!~~*": "~~*"}
TRUE = ("a_const", ("A_Const", (("boolval", ("Boolean", (("boolval", True),))),)))


def _negated(form: Form) -> Form:
    """The form of NOT around an operator that has an opposite; None without one."""
    if form[0] == "null_test":
        fields = dict(form[1][1])
        fields["nulltesttype"] = IS_NULL + IS_NOT_NULL - fields["nulltesttype"]
        return form[0], (form[1][0], tuple(fields.items()))
    if form[0] != "a_expr":
        return None
    name, kind, operator, left, right = form[1]
    opposite = OPPOSITE.get(operator[0]) if len(operator) == 1 else None
    if opposite is None or kind not in (PLAIN, ANY, ALL):
        return None
    other = {PLAIN: PLAIN, ANY: ALL, ALL: ANY}[kind]
    return form[0], (name, other, (opposite,), left, right)


def _narrow(form: Form) -> Form:
    """A whole number without the cast to another width."""
    if form is not None and form[0] == "type_cast" and form[2] in INTEGERS:
        if _is_whole(form[1]):
            return form[1]
    return form


def _is_whole(form: Form) -> bool:
    """Whether a form is a constant of type integer."""
    if form is None:
        return False
    if form[0] == "a_const":
        return "ival" in dict(form[1][1])
    negative = form[0] == "type_cast" and form[2] == "integer"
    return negative and form[1] is not None and form[1][0] == "a_const"


def _is_text_cast(form: Form) -> bool:
    return form is not None and form[0] == "type_cast" and form[2] in TEXTS


def _is_constant(form: Form) -> bool:
    return form is not None and form[0] == "a_const"


def _type_of(tree: Tree) -> tuple[str | None, bool]:
    names = [name for name in strings(tree.names) if name != "pg_catalog"]
    if len(names) != 1 or tree.setof:
        return None, False
    suffix = "[]" * len(tree.array_bounds)
    return canonical(names[0]) + suffix, bool(tree.typmods)


def _range_name(tree: Tree) -> str:
    return str(tree.alias.aliasname if tree.HasField("alias") else tree.relname)


def _volatile_calls(form: Form) -> int:
    if isinstance(form, tuple | list):
        if len(form) == 2 and form[0] == "sval" and form[1] in VOLATILE:  # noqa: PLR2004
            return 1
        return sum(_volatile_calls(one) for one in form)
    return 0


_READERS = {
    "SelectStmt": Normaliser._select,
    "InsertStmt": Normaliser._insert,
    "UpdateStmt": Normaliser._update,
    "DeleteStmt": Normaliser._delete,
    "RangeVar": Normaliser._range_var,
    "Alias": Normaliser._alias,
    "ColumnRef": Normaliser._column_ref,
    "LockingClause": Normaliser._locking,
    "OnConflictClause": Normaliser._on_conflict,
    "A_Expr": Normaliser._a_expr,
    "JoinExpr": Normaliser._join_expr,
}
