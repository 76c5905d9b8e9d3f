"""A conversion as code for one place: its names free there, its arguments in order."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tuxdb.audit.fix.imports import Import, imported
from tuxdb.audit.fix.names import bound_names, fresh, module_names, taken_at
from tuxdb.audit.fix.place import Misplaced, calm
from tuxdb.audit.fix.repository import Repositories
from tuxdb.audit.fix.snippets import requoted
from tuxdb.audit.sql.results import ARGUMENT, Converted
from tuxdb.audit.tree import Tree

_ARGUMENT = re.compile(rf"\b{ARGUMENT}(\d+)\b")


@dataclass(frozen=True)
class Code:
    """Lines that come first, the expression, and what both need in their file."""

    setup: tuple[str, ...]
    expression: str
    imports: tuple[Import, ...]
    definitions: tuple[str, ...] = ()


@dataclass
class Shared:
    """What the fixes of one file have agreed on: the names at its top level."""

    module: str = ""  # the file's own dotted name
    repositories: Repositories | None = None  # where statements go, if they do
    imports: dict[str, Import] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)

    def keep(self, imports: Iterable[Import], definitions: Iterable[str]) -> None:
        """Take over the names of a fix that is made."""
        self.imports |= {one.local: one for one in imports}
        self.definitions |= {line.partition(" = ")[0]: line for line in definitions}


def code_at(
    converted: Converted,
    args: Sequence[str],
    tree: Tree,
    node: ast.AST,
    shared: Shared,
) -> Code:
    """Write a conversion for a place; its names are free there; raises Misplaced."""
    taken = set(taken_at(tree, node)) | set(shared.imports) | set(shared.definitions)
    bound = frozenset(bound_names(tree, node))
    top, above = _imports(converted, tree, frozenset(), shared)
    renames, imports = _imports(converted, tree, bound, shared)
    taken |= {one.local for one in imports}
    for name in converted.names:
        if name in taken:
            renames[name] = fresh([f"{name}_part", f"sql_{name}"], taken)
        taken.add(renames.get(name, name))
    lines, given = _arguments(converted, args, taken)
    plain = replace(
        converted,
        setup=tuple(renamed(requoted(line), renames) for line in converted.setup),
        expression=renamed(requoted(converted.expression), renames),
    )
    setup, expression = plain.code(given)
    definitions = tuple(renamed(requoted(one), top) for one in converted.definitions)
    _check(definitions, tree, bound, shared)
    text, above_text = "\n".join((*setup, expression)), "\n".join(definitions)
    needed = [one for one in imports if _read(one, text)]
    needed += [one for one in above if _read(one, above_text)]
    return Code((*lines, *setup), expression, tuple(dict.fromkeys(needed)), definitions)


def _check(
    definitions: Sequence[str], tree: Tree, bound: frozenset[str], shared: Shared
) -> None:
    """The names that definitions bind must mean nothing else; raises Misplaced."""
    top = frozenset(module_names(tree.module)) if definitions else frozenset()
    for line in definitions:
        name = line.partition(" = ")[0]
        there = defined(tree, line)
        other = shared.definitions.get(name, line) != line
        if name in bound or other or (name in top and not there):
            raise Misplaced(f"`{name}` means something else in this file")


def defined(tree: Tree, line: str) -> bool:
    """Whether the top level of a module has this assignment, laid out in any way."""
    wanted = ast.parse(line).body[0]
    return any(
        isinstance(node, ast.Assign) and ast.dump(node) == ast.dump(wanted)
        for node in tree.module.body
    )


def _read(one: Import, text: str) -> bool:
    """Whether code has the name of an import."""
    return re.search(rf"\b{re.escape(one.local)}\b", text) is not None


def _imports(
    converted: Converted, tree: Tree, bound: frozenset[str], shared: Shared
) -> tuple[dict[str, str], tuple[Import, ...]]:
    """Imports under names that are free, and the renaming that this takes."""
    there = (*imported(tree.module), *shared.imports.values())
    have = {(one.module, one.name): one for one in there}
    top = frozenset(module_names(tree.module)) | set(shared.imports)
    renames: dict[str, str] = {}
    found = []
    for wanted in map(Import.of, converted.imports):
        known = have.get((wanted.module, wanted.name))
        own = bool(shared.module) and wanted.module == shared.module
        if own and wanted.local not in bound:
            continue
        if known and known.local not in bound:
            found.append(known)
            renames[wanted.local] = known.local
        elif wanted.local in top | bound:
            short = "pg" if wanted.module.endswith("postgresql") else "sa"
            other = fresh([f"{short}_{wanted.local}"], top | bound)
            found.append(replace(wanted, local=other))
            renames[wanted.local] = other
        else:
            found.append(wanted)
    return {old: new for old, new in renames.items() if old != new}, tuple(found)


def _arguments(
    converted: Converted, args: Sequence[str], taken: set[str]
) -> tuple[list[str], list[str]]:
    """Give a name to each argument that must be evaluated once, or in its turn."""
    nodes = [_parsed(arg) for arg in args]
    lively = [number for number, node in enumerate(nodes, 1) if not calm(node)]
    text = "\n".join((*converted.setup, converted.expression))
    order = [int(number) for number in _ARGUMENT.findall(text)]
    in_turn = [number for number in order if number in lively] == lively
    lines, given = [], list(args)
    for number in lively:
        if in_turn:
            continue
        name = fresh([f"argument_{number}", f"sql_argument_{number}"], taken)
        taken.add(name)
        lines.append(f"{name} = {args[number - 1]}")
        given[number - 1] = name
    return lines, given


def _parsed(source: str) -> ast.expr:
    return ast.parse(f"({source})", mode="eval").body


def renamed(code: str, names: Mapping[str, str]) -> str:
    """Give names in a piece of code other names."""
    if not names:
        return code
    data = code.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    places = [
        (starts[node.lineno - 1] + node.col_offset, node.id)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Name) and node.id in names
    ]
    for at, name in sorted(places, reverse=True):
        data = data[:at] + names[name].encode() + data[at + len(name.encode()) :]
    return data.decode()
