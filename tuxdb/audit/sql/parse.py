"""PostgreSQL's own grammar, through postgast; loaded when the first text comes."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from tuxdb.errors import EngineMissing

Tree: TypeAlias = Any  # a message of postgast's protobuf schema

LONGEST = 1_000_000
DEEPEST = 200
MISSING = "the audit of SQL needs postgast"
HINT = "pip install 'tuxdb[audit]'"


class NotSql(ValueError):
    """PostgreSQL cannot parse a text; `position` is an offset in characters."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message, self.position = message, position


@dataclass(frozen=True)
class Statement:
    """One statement of a text: its kind, its tree, its own text."""

    kind: str  # "select_stmt", "insert_stmt", ...
    tree: Tree
    text: str
    start: int  # offset in the text, in characters
    offset: int = 0  # the same in bytes, as the tree's positions are


def statements(text: str) -> tuple[Statement, ...]:
    """Parse a text into its statements; raises NotSql."""
    if len(text) > LONGEST:
        raise NotSql(f"longer than {LONGEST:,} characters")
    return _statements(text)


@lru_cache(maxsize=512)
def _statements(text: str) -> tuple[Statement, ...]:
    postgast = _library()
    try:
        parsed = postgast.parse(text.replace("\0", " "))
    except UnicodeEncodeError as error:
        raise NotSql("characters that no encoding has") from error
    except postgast.PgQueryError as error:
        cursor = getattr(error, "cursorpos", 0) or 0
        message = str(getattr(error, "message", error))
        raise NotSql(message, cursor - 1 if cursor > 0 else None) from error
    except _undecodable() as error:
        raise NotSql("nested too deeply") from error
    encoded = text.encode()
    return tuple(_statement(raw, encoded) for raw in parsed.stmts)


def single(text: str) -> Statement:
    """Parse exactly one statement; raises NotSql."""
    found = statements(text)
    if len(found) != 1:
        raise NotSql(f"{len(found)} statements")
    return found[0]


def fingerprint(text: str) -> str:
    """Name a statement by its structure, whatever its constants; raises NotSql."""
    postgast = _library()
    try:
        return str(postgast.fingerprint(text.replace("\0", " ")).hex)
    except (postgast.PgQueryError, UnicodeEncodeError) as error:
        raise NotSql(str(error)) from error


def deparse(tree: Tree) -> str:
    """Write a tree as SQL; one that comes from no text may end the process."""
    postgast = _library()
    result = postgast.pg_query_pb2.ParseResult()
    result.version = 180000
    raw = result.stmts.add()
    getattr(raw.stmt, _field_of(raw.stmt, tree)).CopyFrom(tree)
    try:
        return str(postgast.deparse(result))
    except postgast.PgQueryError as error:
        raise NotSql(str(error)) from error


def unwrap(node: Tree) -> tuple[str, Tree]:
    """The kind and the content of a node; ("", None) for an absent one."""
    kind = node.WhichOneof("node")
    return (kind, getattr(node, kind)) if kind else ("", None)


def walk(message: Tree) -> Iterator[tuple[str, Tree]]:
    """Every node below a message, as (kind, content), outer ones first."""
    stack = [message]
    while stack:
        current = stack.pop()
        if current.DESCRIPTOR.name == "Node":
            kind, current = unwrap(current)
            if current is None:
                continue
            yield kind, current
        for descriptor, value in reversed(current.ListFields()):
            if descriptor.message_type is None:
                continue
            stack.extend(reversed(value) if hasattr(value, "add") else [value])


def string(node: Tree) -> str:
    """The text of a String node."""
    return str(node.string.sval)


def strings(nodes: Tree) -> list[str]:
    """The texts of String nodes, such as the parts of a name."""
    return [string(node) for node in nodes]


def enum(message: Tree, name: str) -> str:
    """The name of an enumeration's value."""
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    return str(descriptor.enum_type.values_by_number[getattr(message, name)].name)


def _statement(raw: Tree, encoded: bytes) -> Statement:
    kind, tree = unwrap(raw.stmt)
    end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
    before = encoded[: raw.stmt_location].decode(errors="replace")
    text = encoded[raw.stmt_location : end].decode(errors="replace")
    blank = text[: len(text) - len(text.lstrip())]
    start = len(before) + len(blank)
    offset = raw.stmt_location + len(blank.encode())
    return Statement(kind, tree, text.strip(), start, offset)


def _field_of(node: Tree, tree: Tree) -> str:
    for descriptor in node.DESCRIPTOR.oneofs_by_name["node"].fields:
        if descriptor.message_type is tree.DESCRIPTOR:
            return str(descriptor.name)
    raise ValueError(tree.DESCRIPTOR.name)


def _library() -> Any:  # noqa: ANN401 - a module, loaded late
    try:
        import postgast  # noqa: PLC0415 - 166 ms that listing must not pay
    except ImportError as error:
        raise EngineMissing(MISSING, hint=HINT) from error
    return postgast


def _undecodable() -> type[Exception]:
    """What protobuf raises for a tree deeper than it reads; loaded by then."""
    module = importlib.import_module("google.protobuf.message")
    found: type[Exception] = module.DecodeError
    return found
