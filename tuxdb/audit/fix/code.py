"""A conversion as code for one place: its names free there, its arguments in order."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tuxdb.audit.fix.imports import Import, imported
from tuxdb.audit.fix.names import bound_names, fresh, module_names, taken_at
from tuxdb.audit.fix.place import calm
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


def code_at(
    converted: Converted,
    args: Sequence[str],
    tree: Tree,
    node: ast.AST,
    module: str = "",
) -> Code:
    """Write a conversion for a place; its names are free there.

    `module` is the file's own dotted name: what it defines itself is not imported.
    """
    taken = set(taken_at(tree, node))
    renames, imports = _imports(converted, tree, set(bound_names(tree, node)), module)
    taken |= {one.local for one in imports}
    for name in converted.names:
        if name in taken:
            renames[name] = fresh([f"{name}_part", f"sql_{name}"], taken)
        taken.add(renames.get(name, name))
    lines, given = _arguments(converted, args, taken)
    plain = replace(
        converted,
        setup=tuple(renamed(line, renames) for line in converted.setup),
        expression=renamed(converted.expression, renames),
    )
    setup, expression = plain.code(given)
    definitions = tuple(renamed(line, renames) for line in converted.definitions)
    return Code((*lines, *setup), expression, imports, definitions)


def _imports(
    converted: Converted, tree: Tree, taken: set[str], module: str
) -> tuple[dict[str, str], tuple[Import, ...]]:
    """Imports under names that are free, and the renaming that this takes."""
    have = {(one.module, one.name): one for one in imported(tree.module)}
    top = set(module_names(tree.module))
    renames: dict[str, str] = {}
    found = []
    for wanted in map(Import.of, converted.imports):
        if module and wanted.module == module:
            continue
        known = have.get((wanted.module, wanted.name))
        if known and known.local not in taken:
            found.append(known)
            renames[wanted.local] = known.local
        elif wanted.local in top or wanted.local in taken:
            other = fresh([f"sa_{wanted.local}", f"{wanted.local}_of"], top | taken)
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
