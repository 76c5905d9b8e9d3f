"""Alembic revisions as a script: their operations are read and written out as SQL.

Nothing of a revision is run. Its `upgrade` is read call by call; what is computed
(loops over rows, queries) is left out and named.
"""

import ast
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import types as sqltypes

from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.audit.sql.compiled import FAILURES
from tuxdb.audit.sql.literals import NotLiteral, Reader
from tuxdb.audit.sql.mapping.classes import dotted
from tuxdb.audit.sql.names import quote_ident

LARGEST = 2_000_000
LONGEST_LOOP = 1000
OPERATIONS = frozenset(
    """
    add_column alter_column create_check_constraint create_exclude_constraint
    create_foreign_key create_index create_primary_key create_table
    create_unique_constraint drop_column drop_constraint drop_index drop_table execute
    rename_table create_table_comment drop_table_comment
    """.split()  # noqa: SIM905 - a list of words reads better
)


@dataclass
class Revision:
    """One file: its place in the history and its `upgrade`."""

    path: Path
    name: str
    before: tuple[str, ...]
    module: ast.Module
    upgrade: ast.FunctionDef


@dataclass
class Written:
    """What the revisions come to; `left_out` are calls that could not be read."""

    source: SchemaSource
    left_out: list[tuple[str, int, str]] = field(default_factory=list)


def schema_of_revisions(paths: Iterable[Path]) -> Written:
    """Write the upgrades of some files as one script, in the history's order."""
    revisions = [one for path in paths if (one := _revision(path)) is not None]
    written = Written(SchemaSource("revisions", ""))
    parts = [_script(one, written) for one in _ordered(revisions)]
    written.source = SchemaSource("revisions", "\n".join(parts))
    return written


def _revision(path: Path) -> Revision | None:
    try:
        if path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8-sig")
        if "revision" not in text or "def upgrade" not in text:
            return None
        module = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values = dict(_assignments(module.body))
    upgrade = next(
        (
            node
            for node in module.body
            if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
        ),
        None,
    )
    name = _strings(values.get("revision"))
    if upgrade is None or len(name) != 1:
        return None
    before = _strings(values.get("down_revision"))
    return Revision(path, name[0], before, module, upgrade)


def _ordered(revisions: list[Revision]) -> Iterator[Revision]:
    """Every revision after those that it builds on."""
    left = {one.name: one for one in sorted(revisions, key=lambda one: one.path.name)}
    while left:
        ready = [one for one in left.values() if not set(one.before) & left.keys()]
        for one in ready or list(left.values())[:1]:
            yield left.pop(one.name)


def _script(revision: Revision, written: Written) -> str:
    output = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": output}
    )
    reader = Reader.of(revision.module)
    _Walk(revision, Operations(context), reader, output, written).block(
        revision.upgrade.body
    )
    return output.getvalue()


class _Walk:
    def __init__(
        self,
        revision: Revision,
        operations: Operations,
        reader: Reader,
        output: io.StringIO,
        written: Written,
    ) -> None:
        self._revision, self._operations = revision, operations
        self._reader, self._output, self._written = reader, output, written

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for node in statements:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                self._call(node.value, "op", None)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._assign(node.targets[0].id, node.value)
            elif isinstance(node, ast.With):
                self._with(node)
            elif isinstance(node, ast.For):
                self._for(node)
            elif isinstance(node, ast.If | ast.While | ast.Try):
                self._leave_out(node, type(node).__name__.lower())

    def _for(self, node: ast.For) -> None:
        """A loop over values that are written down."""
        try:
            values = self._reader.value(node.iter)
        except NotLiteral:
            values = None
        if not isinstance(values, list | dict) or len(values) > LONGEST_LOOP:
            self._leave_out(node, "for")
            return
        for value in values:
            self._bind(node.target, value)
            self.block(node.body)

    def _bind(self, target: ast.expr, value: object) -> None:
        if isinstance(target, ast.Name):
            self._reader.names[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, list):
            for part, one in zip(target.elts, value, strict=False):
                self._bind(part, one)

    def _assign(self, name: str, value: ast.expr) -> None:
        try:
            self._reader.names[name] = self._reader.value(value)
        except NotLiteral:
            self._reader.names.pop(name, None)

    def _with(self, node: ast.With) -> None:
        """`with op.batch_alter_table("t") as batch:`, or an autocommit block."""
        item = node.items[0]
        call, bound = item.context_expr, item.optional_vars
        if (
            not isinstance(call, ast.Call)
            or not isinstance(bound, ast.Name)
            or dotted(call.func) != "op.batch_alter_table"
        ):
            self.block(node.body)
            return
        try:
            table = self._reader.value(call.args[0])
        except (NotLiteral, IndexError):
            self._leave_out(node, "batch_alter_table")
            return
        for inner in node.body:
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
                self._call(inner.value, bound.id, str(table))

    def _call(self, node: ast.Call, owner: str, table: str | None) -> None:
        if not isinstance(node.func, ast.Attribute):
            return
        name = node.func.attr
        if name == "create" and owner == "op":
            self._create_type(node.func.value)
            return
        known = isinstance(node.func.value, ast.Name) and node.func.value.id == owner
        if not known or name not in OPERATIONS:
            return
        try:
            args = [self._reader.value(one) for one in node.args]
            options = {
                one.arg: self._reader.value(one.value)
                for one in node.keywords
                if one.arg is not None
            }
        except NotLiteral as error:
            self._leave_out(node, str(error))
            return
        self._run(node, name, args, options, table)

    def _run(
        self,
        node: ast.Call,
        name: str,
        args: list[Any],
        options: Mapping[str, Any],
        table: str | None,
    ) -> None:
        if table is not None and name != "execute":
            # batch operations leave the table's name out: it is first, or second
            second = name.startswith(("create_", "drop_")) and name != "drop_column"
            args = [args[0], table, *args[1:]] if second else [table, *args]
        try:
            getattr(self._operations, name)(*args, **options)
        except FAILURES as error:
            self._leave_out(node, str(error))

    def _create_type(self, node: ast.expr) -> None:
        """`sa.Enum(...)`, whose `create` is called."""
        try:
            found = self._reader.value(node)
        except NotLiteral:
            return
        if isinstance(found, sqltypes.Enum) and found.name:
            labels = ", ".join(
                "'" + label.replace("'", "''") + "'" for label in found.enums
            )
            name = quote_ident(found.name)
            self._output.write(f"CREATE TYPE {name} AS ENUM ({labels});\n")

    def _leave_out(self, node: ast.stmt | ast.expr, why: str) -> None:
        self._written.left_out.append((str(self._revision.path), node.lineno, why))


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value is not None
        ):
            yield node.target.id, node.value


def _strings(node: ast.expr | None) -> tuple[str, ...]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return tuple(
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
