"""Constants and types as they stand in a statement."""

from dataclasses import dataclass

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.convert.context import CannotConvert, Context
from tuxdb.audit.sql.convert.expr import Expr
from tuxdb.audit.sql.parse import Tree, strings, unwrap

LARGEST_INTEGER = 2**31
SMALLEST_INTEGER = -(2**31)
WITH_LENGTH = frozenset({"character varying", "character"})


def constant(tree: Tree) -> Expr:
    """A constant with its Python value and its own text."""
    if tree.isnull:
        return Expr("", "constant", None, value=None, sql="NULL")
    if tree.HasField("ival"):
        value = int(tree.ival.ival)
        return Expr("", "constant", "integer", value=value, sql=str(value))
    if tree.HasField("fval"):
        return _number(str(tree.fval.fval))
    if tree.HasField("boolval"):
        truth = bool(tree.boolval.boolval)
        return Expr("", "constant", "boolean", value=truth, sql=str(truth).lower())
    if tree.HasField("sval"):
        text = str(tree.sval.sval)
        return Expr("", "constant", None, value=text, sql=quoted(text))
    raise CannotConvert("a bit string", "constant")


def element(context: Context, found: Expr) -> str:
    """A constant as an element that PostgreSQL reads exactly as it stood."""
    if found.value is None:
        return f"{context.use('null')}()"
    if isinstance(found.value, bool):
        return f"{context.use('true' if found.value else 'false')}()"
    return f"{context.use('literal_column')}({found.sql!r})"


def cast_constant(context: Context, found: Expr, target: "TypeText") -> str:
    """A constant with a stated type, verbatim."""
    if isinstance(found.value, bool):
        return element(context, found)
    text = f"CAST({found.sql} AS {target.sql})"
    return f"{context.use('literal_column')}({text!r})"


def quoted(text: str) -> str:
    """A string constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _number(text: str) -> Expr:
    if text.lstrip("-").isdigit():
        value = int(text)
        fits = -(2**63) <= value < 2**63
        return Expr(
            "", "constant", "bigint" if fits else "numeric", value=value, sql=text
        )
    return Expr("", "constant", "numeric", value=float(text), sql=text)


@dataclass(frozen=True)
class TypeText:
    """A type as a statement writes it."""

    canonical: str
    modifiers: tuple[int, ...]
    sql: str

    @classmethod
    def of(cls, tree: Tree) -> "TypeText":
        """Read the name of a type."""
        names = [name for name in strings(tree.names) if name != "pg_catalog"]
        if tree.setof or tree.pct_type or len(names) != 1:
            raise CannotConvert("a type of another schema", "type")
        canonical = pgtypes.canonical(names[0])
        modifiers = tuple(_modifier(one) for one in tree.typmods)
        if canonical == "interval" and modifiers:
            raise CannotConvert("an interval with fields", "type")
        if canonical == "character" and names[0] == "bpchar" and not modifiers:
            raise CannotConvert("bpchar without a length", "type")
        arrays = len(tree.array_bounds)
        sql = _type_sql(canonical, modifiers)
        if arrays:
            canonical, sql = f"{canonical}[]", f"{sql}[]"
        return cls(canonical, modifiers, sql)

    def source(self, context: Context) -> str:
        """The type as SQLAlchemy source, with its precision or length."""
        base = self.canonical.removesuffix("[]")
        code = context.type_source(base)
        if self.modifiers:
            if base not in WITH_LENGTH | {"numeric"} or "(" in code:
                raise CannotConvert(f"the type {self.sql}", "type")
            code = f"{code}({', '.join(str(one) for one in self.modifiers)})"
        if self.canonical.endswith("[]"):
            array = context.use("ARRAY", "sqlalchemy.dialects.postgresql")
            return f"{array}({code})"
        return code


def _type_sql(canonical: str, modifiers: tuple[int, ...]) -> str:
    if not modifiers:
        return canonical
    inner = ", ".join(str(one) for one in modifiers)
    head, _, tail = canonical.partition(" ")
    if head in ("timestamp", "time"):
        return f"{head}({inner}) {tail}"
    return f"{canonical}({inner})"


def _modifier(node: Tree) -> int:
    kind, tree = unwrap(node)
    if kind != "a_const" or not tree.HasField("ival"):
        raise CannotConvert("a type with a name as its modifier", "type")
    return int(tree.ival.ival)
