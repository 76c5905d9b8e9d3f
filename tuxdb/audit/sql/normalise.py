"""Bringing two of PostgreSQL's own texts to one form, by rules that keep meaning.

The rules: positions are dropped; aliases of FROM are numbered; (column, value) pairs of
INSERT and SET are sorted, DEFAULT is not written; text and varchar without length are
one type on constants, parameters and nested casts; a whole number that is compared or
written has its value whatever its width; ROW() and the forms of calls are one;
nested AND, OR are flat; NOT (a = b) is a <> b, and so for the other operators with an
opposite; JOIN ... ON true is CROSS JOIN; JOIN ... USING is ON with its comparisons; the
names of a WITH are those of its first query where it has none of its own; LIMIT ALL is
none. Nothing else.
"""

from typing import TYPE_CHECKING

from tuxdb.audit.sql.forms import (
    AND,
    DEFAULT,
    NEGATED,
    NO_LIMIT,
    NOT,
    OF_TEXT,
    PLAIN,
    TRUE,
    Form,
    bare_text,
    first_targets,
    inner_of,
    is_constant,
    is_text_cast,
    is_whole,
    narrow,
    natural_names,
    negated,
    range_name,
    type_of,
    volatile_calls,
)
from tuxdb.audit.sql.parse import Tree, single, strings, unwrap, walk
from tuxdb.audit.sql.scopes import Scopes

if TYPE_CHECKING:
    from tuxdb.audit.sql.catalogue import Catalogue


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


class Normaliser:
    """Normalises the bodies of one pair."""

    def __init__(self, catalogue: "Catalogue", parameters: tuple[str, ...]) -> None:
        self._catalogue = catalogue
        self._parameters = parameters
        self._scopes = Scopes(catalogue, set())

    def body(self, text: str) -> Form:
        """The form of a function's body with one statement; raises NotSql."""
        statement = single(inner_of(text))
        ctes = {
            node.ctename
            for kind, node in walk(statement.tree)
            if kind == "common_table_expr"
        }
        self._scopes = Scopes(self._catalogue, ctes)
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

    def _scoped(self, message: Tree, *items: Tree, target: Tree = None) -> Form:
        self._scopes.enter(items, target)
        form = self._pairs(message)
        self._scopes.leave()
        return form

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
            self._scopes.resolved(range_name(message)),
            tuple(strings(alias)),
        )

    def _alias(self, message: Tree) -> Form:
        name = self._scopes.resolved(message.aliasname)
        return "Alias", name, tuple(strings(message.colnames))

    def _column_ref(self, message: Tree) -> Form:
        parts = [
            "*" if unwrap(one)[0] == "a_star" else one.string.sval
            for one in message.fields
        ]
        type_name = self._scopes.column_type(tuple(parts))
        if len(parts) > 1:
            parts[0] = self._scopes.resolved(parts[0])
        return "ColumnRef", tuple(parts), type_name

    def _locking(self, message: Tree) -> Form:
        names = tuple(
            self._scopes.resolved(one.range_var.relname) for one in message.locked_rels
        )
        return self._fields(message, "locked_rels"), names

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
        rows = [list(one.list.items) for one in values]
        columns = [one.res_target for one in message.cols]
        sortable = (
            rows
            and all(len(row) == len(columns) for row in rows)
            and not any(one.indirection for one in columns)
        )
        rest = self._fields(message, "cols", "select_stmt")
        if not sortable or message.select_stmt.select_stmt.sort_clause:
            return rest, self._message(message.select_stmt), self._all(message.cols)
        forms = [[narrow(self._message(item)) for item in row] for row in rows]
        order = [
            index
            for index in range(len(columns))
            if any(row[index] != DEFAULT for row in forms)
        ]
        if volatile_calls(forms, self._catalogue.volatile) < 2:  # noqa: PLR2004 - the order of two is visible
            order = sorted(order, key=lambda index: columns[index].name)
        names = tuple(columns[index].name for index in order)
        return rest, names, tuple(tuple(row[i] for i in order) for row in forms)

    def _update_pairs(self, message: Tree) -> Form:
        return self._fields(message, "target_list"), self._set(message.target_list)

    def _set(self, targets: Tree) -> Form:
        forms = tuple(
            (
                one.res_target.name,
                self._all(one.res_target.indirection),
                narrow(self._message(one.res_target.val)),
            )
            for one in targets
        )
        if volatile_calls(forms, self._catalogue.volatile) < 2:  # noqa: PLR2004 - see above
            return tuple(sorted(forms, key=repr))
        return forms

    def _all(self, nodes: Tree) -> Form:
        return tuple(self._message(one) for one in nodes)

    def _type_cast(self, message: Tree) -> Form:
        inner = self._message(message.arg)
        name, modified = type_of(message.type_name)
        if name is None or modified:
            return "type_cast", inner, self._message(message.type_name)
        plain = name.replace("character varying", "text")
        if plain.removesuffix("[]") != "text":
            return "type_cast", inner, name
        if self._is_text_parameter(inner, plain):
            return inner
        if is_text_cast(inner) and plain == "text":
            return "type_cast", inner[1], plain
        return "type_cast", inner, plain if is_constant(inner) else name

    def _is_text_parameter(self, inner: Form, plain: str) -> bool:
        if inner is None or inner[0] != "param_ref":
            return False
        number = dict(inner[1][1]).get("number", 0)
        actual = self._parameters[number - 1].replace("character varying", "text")
        return bool(actual == plain)

    def _a_expr(self, message: Tree) -> Form:
        kind, names = message.kind, strings(message.name)
        left, right = self._message(message.lexpr), self._message(message.rexpr)
        if names[-1] in NEGATED and len(names) == 1:
            left, right = narrow(left), narrow(right)
        elif names[-1] in ARITHMETIC and len(names) == 1:
            if self._is_wide(left):
                right = narrow(right)
            elif self._is_wide(right):
                left = narrow(left)
        return "A_Expr", kind, tuple(names), left, right

    def _func_call(self, message: Tree) -> Form:
        names = strings(message.funcname)
        if names[0] == "pg_catalog" and names[-1] not in self._catalogue.own_functions:
            names = names[1:]
        rest = self._fields(message, "funcname", "args")
        args = tuple(self._message(one) for one in message.args)
        if len(names) == 1 and names[0] in OF_TEXT:
            args = tuple(bare_text(one) for one in args)
        return rest, tuple(names), args

    def _is_wide(self, form: Form) -> bool:
        """Whether an operand is a bigint, whatever stands beside it."""
        if form is None:
            return False
        kind = form[0]
        if kind == "column_ref":
            return bool(form[1][2] == "bigint")
        if kind == "param_ref":
            number = dict(form[1][1]).get("number", 0)
            return bool(self._parameters[number - 1] == "bigint")
        if kind == "a_expr":
            name, left, right = form[1][2], form[1][3], form[1][4]
            wide = self._is_wide(left) or self._is_wide(right)
            whole = is_whole(left) or is_whole(right)
            both = self._is_wide(left) and self._is_wide(right)
            return name[-1] in ARITHMETIC and (both or (wide and whole))
        return False

    def _bool_expr(self, message: Tree) -> Form:
        """A Node's form: nested ANDs and ORs are flat, NOT goes into its operator."""
        if message.boolop == NOT:
            inner = self._message(message.args[0])
            return negated(inner) or ("bool_expr", NOT, (inner,))
        parts: list[Form] = []
        for one in message.args:
            form = self._message(one)
            if form[0] == "bool_expr" and form[1] == message.boolop:
                parts.extend(form[2])
            else:
                parts.append(form)
        return "bool_expr", message.boolop, tuple(parts)

    def _join_expr(self, message: Tree) -> Form:
        compared = self._using(message)
        if compared is not None:
            return self._fields(message, "using_clause", "rtindex"), compared
        form = self._fields(message, "quals", "rtindex")
        quals = self._message(message.quals)
        return form, None if quals == TRUE else quals

    def _using(self, message: Tree) -> Form:
        """The comparisons that PostgreSQL makes of USING; None if it is not sure."""
        names = strings(message.using_clause)
        if not names or message.HasField("join_using_alias"):
            return None
        parts = []
        for name in names:
            left = self._scopes.owner(message.larg, name)
            right = self._scopes.owner(message.rarg, name)
            if left is None or right is None:
                return None
            sides = [
                ("column_ref", ("ColumnRef", (item, name), type_name))
                for item, type_name in (left, right)
            ]
            parts.append(("a_expr", ("A_Expr", PLAIN, ("=",), *sides)))
        return parts[0] if len(parts) == 1 else ("bool_expr", AND, tuple(parts))

    def _cte(self, message: Tree) -> Form:
        query = type(message.ctequery)()
        query.CopyFrom(message.ctequery)
        targets = first_targets(query)
        names = strings(message.aliascolnames) or natural_names(targets)
        if not targets or names is None or len(names) != len(targets):
            return self._fields(message)
        for one in targets:
            one.name = ""
        rest = self._fields(message, "aliascolnames", "ctequery")
        return rest, tuple(names), self._message(query)


_READERS = {
    "SelectStmt": Normaliser._select,
    "InsertStmt": Normaliser._insert,
    "UpdateStmt": Normaliser._update,
    "DeleteStmt": Normaliser._delete,
    "RangeVar": Normaliser._range_var,
    "Alias": Normaliser._alias,
    "ColumnRef": Normaliser._column_ref,
    "LockingClause": Normaliser._locking,
    "OnConflictClause": Normaliser._update_pairs,
    "FuncCall": Normaliser._func_call,
    "A_Expr": Normaliser._a_expr,
    "JoinExpr": Normaliser._join_expr,
    "CommonTableExpr": Normaliser._cte,
}
