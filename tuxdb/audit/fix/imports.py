"""Imports added to a file: each once, where a sorted file would have it."""

import ast
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.layout import STEP, WIDTH
from tuxdb.audit.fix.source import Source

_FROM = re.compile(r"from (\S+) import (\w+)(?: as (\w+))?")
_PLAIN = re.compile(r"import (\S+)(?: as (\w+))?")


@dataclass(frozen=True, order=True)
class Import:
    """`from module import name as local`; without `name`, `import module as local`."""

    module: str
    name: str = ""
    local: str = ""

    @classmethod
    def of(cls, line: str) -> "Import":
        """Read one import statement of one name."""
        if found := _FROM.fullmatch(line.strip()):
            return cls(found[1], found[2], found[3] or found[2])
        if found := _PLAIN.fullmatch(line.strip()):
            return cls(found[1], "", found[2] or found[1].partition(".")[0])
        raise ValueError(line)

    @property
    def part(self) -> str:
        """The name as it stands behind `import`."""
        return self.name + (f" as {self.local}" if self.local != self.name else "")

    @property
    def line(self) -> str:
        """The whole statement."""
        if self.name:
            return f"from {self.module} import {self.part}"
        plain = self.local == self.module.partition(".")[0]
        return f"import {self.module}" + ("" if plain else f" as {self.local}")


def imported(module: ast.Module) -> list[Import]:
    """What the top level of a module imports already, one by one."""
    found = []
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            names = [(alias.name, alias.asname or alias.name) for alias in node.names]
            found += [Import(name, *pair) for pair in names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                found.append(Import(alias.name, "", local))
    return found


def added(source: Source, wanted: Iterable[Import]) -> list[Edit]:
    """The edits that bring imports into a file; what it has is left out."""
    module = source.tree.module
    have = set(imported(module))
    missing = sorted({one for one in wanted if one not in have}, key=source_order)
    missing.sort(key=lambda one: _section(one.module, source.packages))
    edits: list[tuple[Edit, int]] = []
    for key in dict.fromkeys(_statement(one) for one in missing):
        group = [one for one in missing if _statement(one) == key]
        first = group[0]
        merged = None
        if first.name and first.name == first.local:
            existing = _existing(module, first.module)
            merged = existing and _merged(source, existing, group)
        text = _whole(first.module, group) if first.name else f"{first.line}\n"
        section = _section(first.module, source.packages)
        edits.append((merged or _inserted(source, text, first), section))
    return _joined(edits)


def _statement(one: Import) -> tuple[str, str]:
    """What is imported by one statement: an alias gets one of its own."""
    alone = not one.name or one.name != one.local
    return one.module, one.line if alone else ""


def source_order(one: Import) -> tuple[bool, str, bool, str]:
    """The order of statements in one section: plain ones first, aliases last."""
    aliased = bool(one.name) and one.name != one.local
    return bool(one.name), one.module.lower(), aliased, one.name


def after_imports(source: Source) -> int:
    """Where the first statement behind the imports could go, in bytes."""
    block = _block(source.tree.module)
    return _line_after(source, block[-1]) if block else _head(source)


def _existing(module: ast.Module, name: str) -> ast.ImportFrom | None:
    for node in module.body:
        if not isinstance(node, ast.ImportFrom) or node.names[0].name == "*":
            continue
        if node.module == name and not node.level:
            return node
    return None


def _merged(
    source: Source, node: ast.ImportFrom, group: Sequence[Import]
) -> Edit | None:
    """Put names among those of an existing statement; None if it has comments."""
    begin, end = source.bounds(node)
    if any(True for _ in source.comments(begin, end)):
        return None
    names = [Import("", a.name, a.asname or a.name).part for a in node.names]
    order = sorted(names, key=_rank) == names
    names += [one.part for one in group]
    if order:
        names.sort(key=_rank)
    flat = "\n" not in source.text(node)
    return Edit(begin, end, laid(str(node.module), names, flat=flat))


def laid(module: str, names: Sequence[str], *, flat: bool) -> str:
    """A statement in one line if it was and fits, else a line for each name."""
    head = f"from {module} import "
    line = head + ", ".join(names)
    if flat and len(line) <= WIDTH:
        return line
    parts = "".join(f"{STEP}{name},\n" for name in names)
    return f"{head}(\n{parts})"


def _whole(module: str, group: Sequence[Import]) -> str:
    names = sorted((one.part for one in group), key=_rank)
    flat = f"from {module} import {', '.join(names)}"
    if len(flat) <= WIDTH:
        return f"{flat}\n"
    return (
        f"from {module} import (\n{''.join(f'{STEP}{n},{chr(10)}' for n in names)})\n"
    )


def _rank(name: str) -> tuple[int, str]:
    """The order of a sorted import: CONSTANTS, Classes, then functions."""
    bare = name.partition(" ")[0]
    kind = 0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2
    return kind, name


def _inserted(source: Source, text: str, one: Import) -> Edit:
    """A statement of its own: sorted into its section, or a section of its own."""
    block = _block(source.tree.module)
    section = _section(one.module, source.packages)
    key = (bool(one.name), one.module.lower())
    same = [n for n in block if _section(_module(n), source.packages) == section]
    for node in same:
        if _key(node) > key:
            return _at(_line_of(source, node), text)
    if same:
        return _at(_line_after(source, same[-1]), text)
    before = [n for n in block if _section(_module(n), source.packages) < section]
    if before:
        return _at(_line_after(source, before[-1]), f"\n{text}")
    if block:
        return _at(_line_of(source, block[0]), f"{text}\n")
    head = _head(source)
    return _at(head, f"\n{text}" if head else f"{text}\n")


def _at(offset: int, text: str) -> Edit:
    return Edit(offset, offset, text)


def _block(module: ast.Module) -> list[ast.stmt]:
    """The imports that a file begins with, up to its first definition."""
    found: list[ast.stmt] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
        if isinstance(node, ast.Import | ast.ImportFrom) and not _future(node):
            found.append(node)
    return found


def _joined(edits: list[tuple[Edit, int]]) -> list[Edit]:
    """Insertions at one place become one; a section is set apart once."""
    places: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for edit, section in edits:
        places.setdefault((edit.start, edit.end), []).append((edit.text, section))
    return [Edit(*place, _combined(texts)) for place, texts in places.items()]


def _combined(texts: list[tuple[str, int]]) -> str:
    joined = ""
    before = -1
    for text, section in texts:
        same = section == before
        if same and joined.endswith("\n\n"):
            joined = joined[:-1]
        joined += text.removeprefix("\n") if same else text
        before = section
    return re.sub(r"\n{3,}", "\n\n", joined)


def _section(module: str, own: frozenset[str]) -> int:
    """Standard library, other people's, the project's own, relative."""
    top = module.partition(".")[0]
    if not top:
        return 3
    if top in sys.stdlib_module_names:
        return 0
    return 2 if top in own else 1


def _module(node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom):
        return "." * node.level + (node.module or "")
    return node.names[0].name if isinstance(node, ast.Import) else ""


def _key(node: ast.stmt) -> tuple[bool, str]:
    return isinstance(node, ast.ImportFrom), _module(node).lower()


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _head(source: Source) -> int:
    """Behind the docstring and `from __future__`, in bytes."""
    at = 0
    for node in source.tree.module.body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (text or _future(node)):
            break
        at = _line_after(source, node)
    return at or _comments_end(source)


def _comments_end(source: Source) -> int:
    """Behind the comments that a file begins with: interpreter and encoding."""
    at = 0
    for number, start in enumerate(source.starts[:-1], 1):
        if not source.line(number).startswith(b"#"):
            return start
        at = source.starts[number]
    return at


def _line_of(source: Source, node: ast.stmt) -> int:
    return source.starts[node.lineno - 1]


def _line_after(source: Source, node: ast.stmt) -> int:
    end = node.end_lineno or node.lineno
    return source.starts[end] if end < len(source.starts) else len(source.data)
