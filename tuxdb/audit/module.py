"""One module, indexed: its functions, classes, imports and constants."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
COMMAND_WORDS = ("command", "group", "hybrid", "slash", "event", "listener", "route")
COMMAND_NAMES = ("on_submit", "callback", "on_message", "autocomplete")
CONTEXTS = frozenset(
    [
        "self",
        "cls",
        "ctx",
        "context",
        "interaction",
        "inter",
        "itx",
        "bot",
        "client",
        "guild",
        "member",
        "channel",
        "message",
        "user",
        "author",
        "payload",
    ]
)


@dataclass
class ClassInfo:
    """A class: its methods, and what its body and its methods assign to attributes."""

    name: str
    node: ast.ClassDef
    methods: dict[str, FunctionNode] = field(default_factory=dict)
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    bases: tuple[str, ...] = ()


@dataclass
class FunctionInfo:
    """A function, where it is, and what encloses it."""

    node: FunctionNode
    name: str
    qualified: str
    owner: ClassInfo | None
    outer: "FunctionInfo | None"

    @property
    def command(self) -> bool:
        """Whether what its parameters hold was typed by a stranger."""
        if self.name in COMMAND_NAMES:
            return True
        for decorator in self.node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            word = dotted(target).lower()
            if any(found in word.rpartition(".")[2] for found in COMMAND_WORDS):
                return True
        return False

    @property
    def parameters(self) -> list[ast.arg]:
        """Every parameter, in the order of positional arguments first."""
        given = self.node.args
        extra = [a for a in (given.vararg, given.kwarg) if a is not None]
        return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]

    @property
    def positional(self) -> list[str]:
        """The names that a caller fills by position, without self."""
        names = [a.arg for a in (*self.node.args.posonlyargs, *self.node.args.args)]
        static = any("static" in dotted(d) for d in self.node.decorator_list)
        bound = self.owner is not None and self.outer is None and not static
        return names[1:] if bound and names else names


@dataclass
class Module:
    """Everything that is looked up by name in one file."""

    path: str
    tree: ast.Module
    functions: list[FunctionInfo] = field(default_factory=list)
    by_node: dict[int, FunctionInfo] = field(default_factory=dict)
    classes: dict[str, ClassInfo] = field(default_factory=dict)
    constants: dict[str, list[ast.expr]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    globals: dict[str, FunctionInfo] = field(default_factory=dict)
    sql_files: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Constants of other modules that were imported or named: `name`, `Class.name`."""
    aliases: dict[str, ast.Attribute] = field(default_factory=dict)
    """Names that were given a method: `run = connection.fetch`."""

    def imported(self, *names: str) -> bool:
        """Whether a package is imported, at the top level of its name."""
        return any(module.split(".")[0] in names for module, _ in self.imports.values())


def dotted(node: ast.expr) -> str:
    """`self.bot.db` of such an expression; calls and indexes as `()` and `[]`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    if isinstance(node, ast.Subscript):
        return f"{dotted(node.value)}[]"
    if isinstance(node, ast.Await):
        return dotted(node.value)
    return ""


def index(path: str, tree: ast.Module) -> Module:
    """Look at every definition of a module once."""
    module = Module(path, tree)
    _Indexer(module).block(tree.body, None, None)
    return module


class _Indexer:
    def __init__(self, module: Module) -> None:
        self.module = module

    def block(
        self,
        body: list[ast.stmt],
        owner: ClassInfo | None,
        outer: FunctionInfo | None,
    ) -> None:
        for statement in body:
            self._statement(statement, owner, outer)

    def _statement(
        self, node: ast.stmt, owner: ClassInfo | None, outer: FunctionInfo | None
    ) -> None:
        if isinstance(node, FunctionNode):
            self._function(node, owner, outer)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assignment(node, owner, outer)
        for inner in _blocks(node):
            self.block(inner, owner, outer)

    def _function(
        self, node: FunctionNode, owner: ClassInfo | None, outer: FunctionInfo | None
    ) -> None:
        prefix = outer.qualified if outer else owner.name if owner else ""
        qualified = f"{prefix}.{node.name}" if prefix else node.name
        info = FunctionInfo(node, node.name, qualified, owner, outer)
        self.module.functions.append(info)
        self.module.by_node[id(node)] = info
        if owner is not None and outer is None:
            owner.methods[node.name] = node
        elif outer is None:
            self.module.globals[node.name] = info
        self.block(node.body, owner, info)

    def _class(self, node: ast.ClassDef) -> None:
        bases = tuple(dotted(base).rpartition(".")[2] for base in node.bases)
        info = ClassInfo(node.name, node, bases=bases)
        self.module.classes.setdefault(node.name, info)
        self.block(node.body, info, None)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                self.module.imports[name] = (alias.name, None)
            else:
                name = alias.asname or alias.name
                source = "." * node.level + (node.module or "")
                self.module.imports[name] = (source, alias.name)

    def _alias(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        method = value.body if isinstance(value, ast.IfExp) else value
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(method, ast.Attribute):
                self.module.aliases.setdefault(target.id, method)

    def _assignment(
        self,
        node: ast.Assign | ast.AnnAssign | ast.AugAssign,
        owner: ClassInfo | None,
        outer: FunctionInfo | None,
    ) -> None:
        targets: Sequence[ast.expr] = (
            node.targets if isinstance(node, ast.Assign) else [node.target]
        )
        if node.value is None:
            return
        value = node.value
        self._alias(targets, value)
        if isinstance(node, ast.AugAssign):  # not the same at every time
            value = ast.Call(ast.Name("changed"), [node.value], [])
        for target in targets:
            if isinstance(target, ast.Name) and outer is None:
                where = owner.attributes if owner else self.module.constants
                where.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Attribute) and owner is not None:
                head, _, name = dotted(target).partition(".")
                if head in ("self", "cls") and name:
                    owner.attributes.setdefault(name, []).append(value)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the statements within a statement that is no definition."""
    if isinstance(node, FunctionNode | ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(node, name, None)
        if inner:
            yield inner
    for handler in getattr(node, "handlers", ()):
        yield handler.body
    for case in getattr(node, "cases", ()):
        yield case.body
