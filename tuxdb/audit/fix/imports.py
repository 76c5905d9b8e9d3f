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
            for alias in node.names:
                found.append(Import(name, alias.name, alias.asname or alias.name))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                found.append(Import(alias.name, "", local))
    return found


def added(source: Source, wanted: Iterable[Import]) -> list[Edit]:
    """The edits that bring imports into a file; what it has is left out."""
    module = source.tree.module
    have = set(imported(module))
    missing = sorted({one for one in wanted if one not in have})
    edits: list[Edit] = []
    for name in dict.fromkeys(one.module for one in missing if one.name):
        group = [one for one in missing if one.module == name and one.name]
        existing = _existing(module, name)
        merged = existing and _merged(source, existing, group)
        edits.append(merged or _inserted(source, _whole(name, group), group[0]))
    edits += [
        _inserted(source, f"{one.line}\n", one) for one in missing if not one.name
    ]
    return _joined(edits)


def after_imports(source: Source) -> int:
    """Where the first statement behind the imports could go, in bytes."""
    body = source.tree.module.body
    nodes = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    if nodes:
        return _line_after(source, nodes[-1])
    return _head(source)


def _existing(module: ast.Module, name: str) -> ast.ImportFrom | None:
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and not node.level and node.module == name:
            if node.names[0].name != "*":
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
    text = source.text(node)
    head = f"from {node.module} import "
    flat = head + ", ".join(names)
    if "\n" not in text and len(flat) <= WIDTH:
        return Edit(begin, end, flat)
    parts = "".join(f"{STEP}{name},\n" for name in names)
    return Edit(begin, end, f"{head}(\n{parts})")


def _whole(module: str, group: Sequence[Import]) -> str:
    names = sorted((one.part for one in group), key=_rank)
    flat = f"from {module} import {', '.join(names)}"
    if len(flat) <= WIDTH:
        return f"{flat}\n"
    return f"from {module} import (\n{''.join(f'{STEP}{n},{chr(10)}' for n in names)})\n"


def _rank(name: str) -> tuple[int, str]:
    """The order of a sorted import: CONSTANTS, Classes, then functions."""
    bare = name.partition(" ")[0]
    kind = 0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2
    return kind, name


def _inserted(source: Source, text: str, one: Import) -> Edit:
    """A statement of its own: sorted into its section, or a new section."""
    body = source.tree.module.body
    known = _own(source)
    section = _section(one.module, known)
    last: ast.stmt | None = None
    for node in body:
        if not isinstance(node, ast.Import | ast.ImportFrom) or _future(node):
            continue
        at = _section(_module(node), known)
        if at > section:
            if last is None:
                return Edit(_line_of(source, node), _line_of(source, node), f"{text}\n")
            break
        if at == section and _key(node) > (bool(one.name), one.module.lower()):
            return Edit(_line_of(source, node), _line_of(source, node), text)
        if at == section or last is None or at > _section(_module(last), known):
            last = node
    if last is None:
        at_head = _head(source)
        return Edit(at_head, at_head, f"{text}\n" if at_head == 0 else f"\n{text}")
    end = _line_after(source, last)
    apart = "" if _section(_module(last), known) == section else "\n"
    return Edit(end, end, apart + text)


def _joined(edits: list[Edit]) -> list[Edit]:
    """Insertions at one place become one, in the order of their text."""
    places: dict[tuple[int, int], list[str]] = {}
    for edit in edits:
        places.setdefault((edit.start, edit.end), []).append(edit.text)
    return [Edit(*place, _combined(texts)) for place, texts in places.items()]


def _combined(texts: list[str]) -> str:
    blank_before = any(text.startswith("\n") for text in texts)
    blank_after = any(text.endswith("\n\n") for text in texts)
    lines = sorted(text.strip("\n") for text in texts)
    if len(texts) == 1:
        return texts[0]
    return "\n" * blank_before + "\n".join(lines) + "\n" + "\n" * blank_after


def _section(module: str, own: frozenset[str]) -> int:
    """Standard library, other people's, the project's own, relative."""
    top = module.partition(".")[0]
    if not top:
        return 3
    if top in sys.stdlib_module_names:
        return 0
    return 2 if top in own else 1


def _own(source: Source) -> frozenset[str]:
    return source.packages


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
