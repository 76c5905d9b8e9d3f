"""Handlers of the driver's exceptions, which a session raises in its own classes."""

import ast
from dataclasses import dataclass

from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.names import bound_names
from tuxdb.audit.fix.place import Misplaced, handlers
from tuxdb.audit.fix.source import Source

BROAD = frozenset({"asyncpg.PostgresError", "asyncpg.exceptions.PostgresError"})
OURS = "DBAPIError"
IMPORT = Import("sqlalchemy.exc", OURS, OURS)


@dataclass(frozen=True)
class Caught:
    """Edits of the handlers around a call, and what they change for the caller."""

    edits: tuple[Edit, ...] = ()
    imports: tuple[Import, ...] = ()
    unsafe: tuple[str, ...] = ()


def translated(source: Source, call: ast.Call) -> Caught:
    """Let handlers of every driver error catch SQLAlchemy's too; raises Misplaced."""
    edits = []
    imports: tuple[Import, ...] = ()
    unsafe = []
    for handler in handlers(source.tree, call):
        kind = handler.type
        if kind is None or _ours(kind):
            continue
        names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        texts = [ast.unparse(name) for name in names]
        if not BROAD.intersection(texts):
            raise Misplaced(f"`except {ast.unparse(kind)}` would no longer catch it")
        if OURS in set(bound_names(source.tree, call)):
            raise Misplaced(f"`{OURS}` means something else here")
        unsafe.append(f"`except {ast.unparse(kind)}` gets SQLAlchemy's error")
        begin, end = source.bounds(kind)
        written = ", ".join([*(source.text(name) for name in names), OURS])
        edits.append(Edit(begin, end, f"({written})"))
        imports = (IMPORT,)
    return Caught(tuple(edits), imports, tuple(unsafe))


def _ours(kind: ast.expr) -> bool:
    """Whether a handler catches SQLAlchemy's errors already."""
    known = {OURS, "SQLAlchemyError", "Exception", "BaseException"}
    return any(
        (isinstance(node, ast.Name) and node.id in known)
        or (isinstance(node, ast.Attribute) and node.attr in known)
        for node in ast.walk(kind)
    )
