"""Class statements of a project and how their bases hang together."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 2_000_000
HINTS = (
    "__tablename__",
    "table=True",
    "DeclarativeBase",
    "declarative_base",
    "Mapped[",
)
ROOTS = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel"})


@dataclass
class Module:
    """A file's classes, and what its names mean."""

    path: Path
    name: str
    tree: ast.Module
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)


@dataclass
class ClassSource:
    """A class statement in its module."""

    name: str
    node: ast.ClassDef
    module: Module
    bases: list["ClassSource"] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)  # DeclarativeBase, SQLModel

    def lineage(self) -> Iterator["ClassSource"]:
        """The class and its bases, nearest first, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            current = stack.pop(0)
            if id(current) not in seen:
                seen.add(id(current))
                yield current
                stack[:0] = current.bases

    @property
    def is_mapped(self) -> bool:
        """Whether some base makes it a declarative class."""
        return any(one.roots for one in self.lineage())

    @property
    def is_sqlmodel(self) -> bool:
        """Whether SQLModel is among its bases."""
        return any("SQLModel" in one.roots for one in self.lineage())


def read_classes(paths: Iterable[Path]) -> list[ClassSource]:
    """Every class of the files that mention a mapping, with its bases found."""
    modules = [module for path in paths if (module := _module(path)) is not None]
    classes = [
        ClassSource(node.name, node, module)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    ]
    by_name: dict[str, list[ClassSource]] = {}
    for one in classes:
        by_name.setdefault(one.name, []).append(one)
    for one in classes:
        _link(one, by_name)
    return classes


def dotted(node: ast.expr) -> str:
    """A name with its dots; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def module_name(path: Path) -> str:
    """The name to import a file by: from the folder above its outermost package."""
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").exists() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or path.parent.name


def _module(path: Path) -> Module | None:
    try:
        if path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8-sig")
        if not any(hint in text for hint in HINTS):
            return None
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    module = Module(path, module_name(path), tree)
    for node in tree.body:
        _note(node, module)
    return module


def _note(node: ast.stmt, module: Module) -> None:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            name = alias.asname or alias.name
            module.imports[name] = (node.module or "", alias.name)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        module.values[node.targets[0].id] = node.value
    elif (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.value is not None
    ):
        module.values[node.target.id] = node.value


def _link(one: ClassSource, by_name: dict[str, list[ClassSource]]) -> None:
    for base in one.node.bases:
        target = base.value if isinstance(base, ast.Subscript) else base
        name = dotted(target).rpartition(".")[2]
        original = one.module.imports.get(name, ("", name))[1]
        if original in ROOTS or _is_declarative(one.module, name):
            one.roots.add(original if original in ROOTS else "DeclarativeBase")
            continue
        found = _nearest(one, original, by_name)
        if found is not None:
            one.bases.append(found)
        elif original == "Base":
            one.roots.add("DeclarativeBase")


def _is_declarative(module: Module, name: str) -> bool:
    """Whether a name is `declarative_base()` of this module."""
    value = module.values.get(name)
    if isinstance(value, ast.Call):
        return dotted(value.func).rpartition(".")[2] == "declarative_base"
    return False


def _nearest(
    one: ClassSource, name: str, by_name: dict[str, list[ClassSource]]
) -> ClassSource | None:
    candidates = [found for found in by_name.get(name, []) if found is not one]
    for found in candidates:
        if found.module is one.module:
            return found
    where = one.module.imports.get(name, ("", ""))[0]
    for found in candidates:
        if where and found.module.name.endswith(where.lstrip(".")):
            return found
    return candidates[0] if len(candidates) == 1 else None
