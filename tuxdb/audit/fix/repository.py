"""A raw call becomes a method of a repository, as the second guide ends.

    rows = await self.bot.db.fetch("SELECT …", guild_id)
    rows = await self.gallery_repo.find_by_guild_id(guild_id)

The class is the project's own where there is one of that name, else it is written. It
is reached through the attribute that holds it, else made where it is called.
"""

import ast
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.layout import STEP
from tuxdb.audit.fix.names import FUNCTIONS
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.project import module_of
from tuxdb.audit.fix.source import Source
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import verb

SUFFIX = "Repository"
NAME = "__name__of_the_method__"
_HEAD = '''"""Repository of `{tables}`."""

from collections.abc import Callable
from typing import Any


class {name}:
    """Statements about `{tables}`."""

    def __init__(self, session_factory: Callable[[], Any]) -> None:
        self.session_factory = session_factory
'''
_VERBS = {"INSERT": "add", "UPDATE": "update", "DELETE": "delete"}
_FINDS = {"fetch": "find", "fetchrow": "get", "fetchval": "find_value"}
_TYPES = {
    "bigint": "int",
    "integer": "int",
    "smallint": "int",
    "text": "str",
    "character varying": "str",
    "boolean": "bool",
    "double precision": "float",
}
_WORD = re.compile(r"\W+")


@dataclass(eq=False)
class Repository:
    """A class under way: its file, what it has, what is added to it."""

    name: str
    source: Source
    node: ast.ClassDef
    new: bool
    root: str = ""
    methods: dict[str, str] = field(default_factory=dict)  # text -> name
    imports: dict[str, Import] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The dotted name that it is imported from."""
        return module_of(self.source.path, self.root)

    def name_for(self, wanted: str, text: str) -> str:
        """The name that a method of this text has, or would get."""
        if text in self.methods:
            return self.methods[text]
        taken = {part.name for part in self.node.body if isinstance(part, FUNCTIONS)}
        taken |= set(self.methods.values())
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def edit(self) -> Edit:
        """The methods behind the last one of the class."""
        end = self.source.bounds(self.node)[1]
        texts = [text.replace(NAME, name) for text, name in self.methods.items()]
        return Edit(end, end, "".join(f"\n\n{text}" for text in texts))


@dataclass(frozen=True)
class Method:
    """A method that a fix needs: its text with `NAME`, and what its file needs."""

    repository: Repository
    name: str
    text: str
    imports: tuple[Import, ...]
    definitions: tuple[str, ...]

    def keep(self) -> None:
        """Add it to its class."""
        own = self.repository
        own.methods[self.text] = self.name
        own.imports |= {one.local: one for one in self.imports}
        own.definitions |= {line.partition(" = ")[0]: line for line in self.definitions}


class Repositories:
    """The repositories of a project, found and new."""

    def __init__(
        self,
        sources: Iterable[Source],
        folder: str,
        root: str,
        packages: frozenset[str],
    ) -> None:
        self.root = root
        self.packages = packages
        self.made: dict[str, Repository] = {}
        self.folder = folder
        self._known = {
            node.name: (source, node)
            for source in sources
            for node in source.tree.module.body
            if isinstance(node, ast.ClassDef) and node.name.endswith(SUFFIX)
        }

    def of(self, model: str, table: str) -> Repository:
        """The repository of a model, or of a table without one; raises Misplaced."""
        name = f"{model or _camel(table)}{SUFFIX}"
        if name not in self.made:
            self.made[name] = self._found(name) or self._written(name, table)
        return self.made[name]

    def _found(self, name: str) -> Repository | None:
        if name not in self._known:
            return None
        source, node = self._known[name]
        if "self.session_factory" not in source.text(node):
            raise Misplaced(f"`{name}` keeps no `session_factory`")
        return Repository(name, source, node, new=False, root=self.root)

    def _written(self, name: str, table: str) -> Repository:
        path = f"{self.folder}/{_snake(name)}.py".lstrip("/")
        text = _HEAD.format(name=name, tables=table)
        source = Source(path, text.encode(), packages=self.packages)
        node = source.tree.module.body[-1]
        assert isinstance(node, ast.ClassDef)  # noqa: S101 - the end of the head
        return Repository(name, source, node, new=True, root=self.root)


def folder_of(paths: Iterable[str], root: str) -> str:
    """Where a project keeps its repositories."""
    found = sorted(
        {str(PurePath(path).parent) for path in paths if "repositories" in path}
    )
    named = [one for one in found if PurePath(one).name == "repositories"]
    return named[0] if named else f"{root}/repositories".lstrip("/")


def reached(
    source: Source, call: ast.Call, repository: Repository, factory: str
) -> tuple[str, tuple[Import, ...]]:
    """The expression for a repository at a place, and the imports that it needs."""
    for outer in source.tree.above(call):
        held = _attribute(outer, repository.name)
        if held:
            return held, ()
    needed = Import(repository.module, repository.name, repository.name)
    return f"{repository.name}({factory})", (needed,)


def _attribute(node: ast.AST, name: str) -> str:
    """The attribute in which a class keeps an object of this name."""
    if not isinstance(node, ast.ClassDef):
        return ""
    for part in ast.walk(node):
        if not isinstance(part, ast.Assign) or not isinstance(part.value, ast.Call):
            continue
        target = part.targets[0]
        if ast.unparse(part.value.func) == name and isinstance(target, ast.Attribute):
            return ast.unparse(target)
    return ""


def method_name(query: RawQuery, text: str, parameters: Sequence[str]) -> str:
    """A name for the method: what the statement does, and by what."""
    done = _VERBS.get(verb(text), _FINDS.get(query.method, "run"))
    nameless = not parameters or any(one.startswith("value_") for one in parameters)
    if done in ("find", "get", "delete") and not nameless and len(parameters) < 3:  # noqa: PLR2004 - more are no name
        return f"{done}_by_{'_and_'.join(parameters)}"
    function = (query.function or "").rpartition(".")[2].strip("_")
    return f"{done}_for_{function}" if function else done


def parameters(args: Sequence[str]) -> list[str]:
    """Names for the parameters of a method, after what its caller passes."""
    found: list[str] = []
    for number, arg in enumerate(args, 1):
        name = _named(arg) or f"value_{number}"
        name = f"{name}_" if keyword.iskeyword(name) else name
        if name in found or name in ("self", "session", "stmt", "result"):
            name = f"{name}_{number}"
        found.append(name)
    return found


def signature(names: Sequence[str], types: Sequence[str]) -> str:
    """The parameters of a method, with the types that are plain."""
    parts = ["self"]
    for name, kind in zip(names, [*types, *[""] * len(names)], strict=False):
        known = _TYPES.get(kind)
        parts.append(f"{name}: {known} | None" if known else name)
    flat = ", ".join(parts)
    if len(flat) < 40:  # noqa: PLR2004 - leaves room for the name
        return flat
    lines = "".join(f"{STEP * 2}{part},\n" for part in parts)
    return f"\n{lines}{STEP}"


def _named(arg: str) -> str:
    node = ast.parse(f"({arg})", mode="eval").body
    if isinstance(node, ast.Call) and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        if node.attr in ("id", "name"):
            owner = ast.unparse(node.value).rpartition(".")[2]
            return f"{_WORD.sub('_', owner).strip('_')}_{node.attr}"
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        word = _WORD.sub("_", str(node.slice.value))
        return word if word.isidentifier() else ""
    return ""


def _camel(table: str) -> str:
    return "".join(part.capitalize() for part in _WORD.sub("_", table).split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
