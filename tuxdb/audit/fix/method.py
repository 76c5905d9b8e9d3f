"""The block of a call as a method of a repository, and the call of that method."""

import ast
from dataclasses import replace

from tuxdb.audit.fix.block import Block, Call
from tuxdb.audit.fix.code import Shared, code_at
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.layout import STEP, called
from tuxdb.audit.fix.names import module_names
from tuxdb.audit.fix.outcomes import Fix
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.repository import (
    NAME,
    Method,
    Repository,
    method_name,
    parameters,
    reached,
    signature,
)
from tuxdb.audit.fix.source import Source
from tuxdb.audit.sqltext import tables, verb

FACTORY = "self.session_factory"


def as_method(source: Source, call: Call, shared: Shared) -> Fix:
    """Write the statement as a method, and call it; raises Misplaced."""
    if shared.repositories is None:
        raise Misplaced("no repository is asked for")
    named = tables(call.text)
    model = call.converted.models[0] if call.converted.models else ""
    repository = shared.repositories.of(
        model.rpartition(".")[2], named[0] if named else "statement"
    )
    if repository.source.path == source.path:
        raise Misplaced("it is in the repository already")
    names = parameters(call.args)
    body, imports, definitions = _body(call, repository, names)
    head = signature(names, call.conversion.types)
    said = _said(call)
    text = f'{STEP}async def {NAME}({head}) -> Any:\n{STEP * 2}"""{said}"""\n{body}'
    name = repository.name_for(method_name(call.query, call.text, names), text)
    factory, _ = _factory(call.opened)
    holder, needed = reached(source, call.where.call, repository, factory)
    for one in needed:
        if one.local in set(module_names(source.tree.module)) - {repository.name}:
            raise Misplaced(f"`{one.local}` means something else in this file")
    begin, end = source.bounds(call.where.value)
    line = source.line(call.where.value.lineno).decode()
    indent = line[: len(line) - len(line.lstrip())]
    column = len(line.encode()[: call.where.value.col_offset].decode())
    code = f"await {holder}.{name}({', '.join(call.args)})"
    written = called(code, indent, column)
    edits = [Edit(begin, end, written), *_comments(source, call, begin, end)]
    imports = (*imports, Import("typing", "Any", "Any"))
    method = Method(repository, name, text, imports, definitions)
    return Fix(call.query, "rewrite", tuple(edits), needed, code=text, method=method)


def _body(
    call: Call, repository: Repository, names: list[str]
) -> tuple[str, tuple[Import, ...], tuple[str, ...]]:
    """The block in the method, with its parameters for arguments."""
    tree = repository.source.tree
    shared = Shared(
        imports=dict(repository.imports), definitions=dict(repository.definitions)
    )
    code = code_at(call.converted, names, tree, repository.node, shared)
    if {one.local for one in code.imports} & set(names):
        raise Misplaced("a parameter would hide what the statement needs")
    _, awaited = _factory(call.opened)
    opened = f"{'await ' if awaited else ''}{FACTORY}()"
    where = replace(call.where, form="returned", indent=STEP * 2)
    taken = set(names) | set(module_names(tree.module))
    block = Block(where, call.how, code, opened, call.text, taken)
    return block.write("result"), code.imports, code.definitions


def _said(call: Call) -> str:
    """What the method is for."""
    done = {"INSERT": "Add to", "UPDATE": "Change", "DELETE": "Delete from"}
    named = " and ".join(f"`{name}`" for name in tables(call.text)[:2])
    function = (call.query.function or "").rpartition(".")[2]
    what = done.get(verb(call.text), "Read")
    return f"{what} {named or 'the database'}, for `{function}`."


def _factory(opened: str) -> tuple[str, bool]:
    """What makes sessions, and whether it must be awaited; raises Misplaced."""
    node = ast.parse(opened, mode="eval").body
    awaited = isinstance(node, ast.Await)
    inner = node.value if isinstance(node, ast.Await) else node
    if not isinstance(inner, ast.Call) or inner.args or inner.keywords:
        raise Misplaced(f"`{opened}` is not the call of a session factory")
    return ast.unparse(inner.func), awaited


def _comments(source: Source, call: Call, begin: int, end: int) -> list[Edit]:
    """Comments of the call go above its statement."""
    found = list(source.comments(begin, end))
    if not found:
        return []
    indent = source.indent(call.where.statement)
    start = source.starts[call.where.statement.lineno - 1]
    return [Edit(start, start, "".join(f"{indent}{text}\n" for text in found))]
