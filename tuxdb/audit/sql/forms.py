"""Forms of a normalised tree, nested tuples, and the rules over one of them."""

from typing import Any, TypeAlias

from tuxdb.audit.sql.parse import NotSql, Tree, strings, unwrap
from tuxdb.audit.sql.pgtypes import INTEGERS, TEXTS, canonical, is_known

Form: TypeAlias = Any  # nested tuples

NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
# functions of text that SQL writes with words; PostgreSQL hides their casts then
OF_TEXT = frozenset({"btrim", "ltrim", "rtrim", "position", "substring", "overlay"})
DEFAULT = ("set_to_default", ("SetToDefault", ()))
HEAD, TAIL = "BEGIN ATOMIC", "END"
AND, NOT = 1, 3
NO_LIMIT = "no limit"
IS_NULL, IS_NOT_NULL = 1, 2
PLAIN, ANY, ALL = 1, 2, 3
OPPOSITE = {**NEGATED, "~~": "!~~", "!~~": "~~", "~~*": "!~~*", "!~~*": "~~*"}
TRUE = ("a_const", ("A_Const", (("boolval", ("Boolean", (("boolval", True),))),)))


def inner_of(text: str) -> str:
    """The statement in a body as pg_get_function_sqlbody gives it; raises NotSql."""
    inner = text.strip()
    if not (inner.startswith(HEAD) and inner.endswith(TAIL)):
        raise NotSql("not a body")
    return inner[len(HEAD) : -len(TAIL)]


def negated(form: Form) -> Form:
    """The form of NOT around an operator that has an opposite; None without one."""
    if form[0] == "null_test":
        fields = dict(form[1][1])
        if not _is_single(fields["arg"]):
            return None
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


def _is_single(form: Form) -> bool:
    """Whether a form is a column that is no row: of a row, parts may be NULL."""
    return form[0] == "column_ref" and is_known(form[1][2])


def narrow(form: Form) -> Form:
    """A whole number without the cast to another width."""
    cast = form is not None and form[0] == "type_cast" and form[2] in INTEGERS
    return form[1] if cast and is_whole(form[1]) else form


def is_whole(form: Form) -> bool:
    """Whether a form is a constant of type integer."""
    if form is None:
        return False
    if form[0] == "a_const":
        return "ival" in dict(form[1][1])
    negative = form[0] == "type_cast" and form[2] == "integer"
    return negative and form[1] is not None and form[1][0] == "a_const"


def is_text_cast(form: Form) -> bool:
    """Whether a form is a cast to text or varchar."""
    return form is not None and form[0] == "type_cast" and form[2] in TEXTS


def bare_text(form: Form) -> Form:
    """A column of text without the cast to text."""
    if not is_text_cast(form) or form[1] is None or form[1][0] != "column_ref":
        return form
    return form[1] if form[1][1][2] in TEXTS else form


def is_constant(form: Form) -> bool:
    """Whether a form is a constant."""
    return form is not None and form[0] == "a_const"


def type_of(tree: Tree) -> tuple[str | None, bool]:
    """A type's canonical name, and whether it has a length or precision."""
    names = [name for name in strings(tree.names) if name != "pg_catalog"]
    if len(names) != 1 or tree.setof:
        return None, False
    suffix = "[]" * len(tree.array_bounds)
    return canonical(names[0]) + suffix, bool(tree.typmods)


def first_targets(query: Tree) -> list[Tree]:
    """The targets whose names a query's columns have; none if names mean more there."""
    kind, tree = unwrap(query)
    while kind == "select_stmt" and tree is not None:
        if tree.sort_clause or tree.values_lists:
            return []
        if not tree.HasField("larg"):
            return [one.res_target for one in tree.target_list]
        tree = tree.larg
    return []


def natural_names(targets: list[Tree]) -> list[str] | None:
    """The names of columns, as PostgreSQL's own text shows them."""
    names = []
    for one in targets:
        kind, value = unwrap(one.val)
        last = value.fields[-1] if kind == "column_ref" else None
        name = one.name or (last.string.sval if last is not None else "")
        if not name:
            return None
        names.append(str(name))
    return names


def range_name(tree: Tree) -> str:
    """The name that an item of FROM goes by."""
    return str(tree.alias.aliasname if tree.HasField("alias") else tree.relname)


def volatile_calls(form: Form, volatile: frozenset[str]) -> int:
    """How many calls of a form give another value every time."""
    if not isinstance(form, tuple | list):
        return 0
    called = len(form) == 2 and form[0] == "func_call"  # noqa: PLR2004 - kind, content
    own = int(called and form[1][1][-1] in volatile)
    return own + sum(volatile_calls(one, volatile) for one in form)
