"""The import of `text` that a rewrite leaves unused, taken away with its last use.

It stays where somebody else may still ask for it: in a package's `__init__`, beside an
`__all__`, where another file of the project names it, where names are looked up.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from tuxdb.audit.fix.edits import Edit, FileEdit, edited, overlap
from tuxdb.audit.fix.imports import laid
from tuxdb.audit.fix.source import Source

NAME = "text"
MODULE = "sqlalchemy"
_LOOKED_UP = frozenset({"globals", "locals", "vars", "eval", "exec"})


def without_text(
    source: Source, edits: Sequence[Edit], sources: Mapping[str, bytes]
) -> FileEdit:
    """Apply edits, and take `text` from the import of SQLAlchemy if it had its last."""
    file = edited(source, edits)
    module = source.tree.module
    node = _import(module)
    if node is None or not _used(module):
        return file
    after = Source.of(source.path, file.after).tree.module
    if _used(after) or _named(after) or not _private(source, sources):
        return file
    less = _less(source, node, edits)
    return file if less is None or overlap(less) else edited(source, less)


def _import(module: ast.Module) -> ast.ImportFrom | None:
    """The only statement that imports it, if it stands at the top level."""
    found = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom | ast.Import)
        and any((alias.asname or alias.name) == NAME for alias in node.names)
    ]
    if len(found) != 1 or found[0] not in module.body:
        return None
    node = found[0]
    plain = isinstance(node, ast.ImportFrom) and node.module == MODULE
    return node if plain and isinstance(node, ast.ImportFrom) else None


def _used(module: ast.Module) -> bool:
    return any(isinstance(n, ast.Name) and n.id == NAME for n in ast.walk(module))


def _named(module: ast.Module) -> bool:
    """Whether a text may mean it: of `__all__`, or of a look-up."""
    names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    return bool(names & _LOOKED_UP) or "__all__" in names


def _private(source: Source, sources: Mapping[str, bytes]) -> bool:
    """Whether no other file takes the name from this one."""
    stem = PurePath(source.path).stem
    if stem == "__init__":
        return False
    word = re.escape(stem.encode())
    taken = re.compile(
        rb"\b%b\s+import\s+(?:\([^)]*\b(?:text)\b|[^\n(]*(?:\btext\b|\*))|\b%b\.text\b"
        % (word, word)
    )
    others = (data for path, data in sources.items() if path != source.path)
    return not any(taken.search(data) for data in others)


def _less(
    source: Source, node: ast.ImportFrom, edits: Sequence[Edit]
) -> list[Edit] | None:
    """The edits with an import of one name fewer; None where it cannot be written."""
    begin, end = source.bounds(node)
    last = node.end_lineno or node.lineno
    line = source.starts[last - 1] + len(source.line(last))
    if any(True for _ in source.comments(begin, line)):
        return None
    others = [edit for edit in edits if (edit.start, edit.end) != (begin, end)]
    own = next((edit.text for edit in edits if edit not in others), source.text(node))
    (statement,) = ast.parse(own).body
    if not isinstance(statement, ast.ImportFrom):
        return None
    names = [ast.unparse(alias) for alias in statement.names if alias.name != NAME]
    if not names:
        return None  # the blank lines around it would have to go as well
    text = laid(MODULE, names, flat="\n" not in own)
    return [*others, Edit(begin, end, text)]
