"""Reading `.sql` files as PostgreSQL would, and keeping only what defines a schema.

The audit runs nothing of a project's: rows are not loaded, functions become stubs that
raise, DO blocks and commands of psql are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tuxdb.audit.sql.parse import (
    NotSql,
    Statement,
    Tree,
    enum,
    single,
    statements,
    strings,
    walk,
)

APPLIED = frozenset(
    {
        "create_stmt",
        "index_stmt",
        "create_seq_stmt",
        "create_enum_stmt",
        "composite_type_stmt",
        "create_domain_stmt",
        "create_range_stmt",
        "view_stmt",
        "create_table_as_stmt",
        "create_function_stmt",
        "create_trig_stmt",
        "create_schema_stmt",
        "create_extension_stmt",
        "alter_table_stmt",
        "alter_enum_stmt",
        "alter_domain_stmt",
        "rename_stmt",
        "drop_stmt",
        "define_stmt",
    }
)
STUB = "$stub$ BEGIN RAISE EXCEPTION 'the audit runs no functions'; END $stub$"
_COPY_DATA = re.compile(
    r"^(COPY\b[^;]*\bFROM\s+stdin\b[^;]*;).*?^\\\.$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_DEFINITION = re.compile(
    r"\b(?:CREATE\s+(?:TYPE|TABLE|DOMAIN|SEQUENCE|(?:UNIQUE\s+)?INDEX|EXTENSION)"
    r"|ALTER\s+(?:TABLE|TYPE))\b",
    re.IGNORECASE,
)
_WITH_DATA = re.compile(r"\s+WITH\s+DATA\s*$", re.IGNORECASE)
_CONCURRENTLY = re.compile(r"^(.*?INDEX)\s+CONCURRENTLY\b", re.IGNORECASE | re.DOTALL)
_META = re.compile(r"^\\.*$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """One statement of a script; `sql` is what is applied, None if left out."""

    statement: Statement | None
    sql: str | None
    line: int
    problem: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """The statements of a script, those that cannot be read as problems."""
    cleaned = _blanked(_META, _blanked(_COPY_DATA, text))
    for start, statement, problem in _parsed(cleaned):
        line = cleaned.count("\n", 0, start) + 1
        if statement is None:
            yield Piece(None, None, line, problem)
        elif statement.kind == "do_stmt":
            yield from _defined_in(statement, line)
        else:
            yield Piece(statement, applied(statement), line)


def _defined_in(block: Statement, line: int) -> Iterator[Piece]:
    """What a DO block would define; the block itself is not run."""
    body = next(
        (
            found.arg.string.sval
            for kind, found in walk(block.tree)
            if kind == "def_elem" and found.defname == "as"
        ),
        "",
    )
    for found in _DEFINITION.finditer(body):
        for part in _split(body[found.start() :]):
            try:
                statement = single(part)
            except NotSql:
                break
            if statement.kind in APPLIED - {"drop_stmt"}:
                yield Piece(statement, applied(statement), line)
            break


def applied(statement: Statement) -> str | None:
    """What of a statement is applied to the scratch server; None for nothing."""
    if statement.kind not in APPLIED or _computes_bounds(statement.tree):
        return None
    change = _CHANGES.get(statement.kind)
    return change(statement) if change is not None else statement.text


def _parsed(text: str) -> Iterator[tuple[int, Statement | None, str | None]]:
    try:
        for statement in statements(text):
            yield statement.start, statement, None
    except NotSql:
        yield from _one_by_one(text)


def _one_by_one(text: str) -> Iterator[tuple[int, Statement | None, str | None]]:
    """Parse statement by statement, so that one mistake does not hide the rest."""
    start = 0
    for part in _split(text):
        try:
            for statement in statements(part):
                at = start + statement.start
                yield at, replace(statement, start=at), None
        except NotSql as error:
            blank = len(part) - len(part.lstrip())
            yield start + blank, None, error.message
        start += len(part)


def _split(text: str) -> Iterator[str]:
    """Cut a script after each semicolon outside quotes and dollar quotes."""
    tokens = re.compile(
        r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
        r"|(\$\w*\$).*?\1|;",
        re.DOTALL,
    )
    start = 0
    for found in tokens.finditer(text):
        if found[0] == ";":
            yield text[start : found.end()]
            start = found.end()
    if text[start:].strip():
        yield text[start:]


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, keeping the lines' numbers."""
    return pattern.sub(
        lambda found: (found[1] if found.re.groups else "") + "\n" * _lines(found), text
    )


def _lines(found: re.Match[str]) -> int:
    kept = found[1].count("\n") if found.re.groups else 0
    return found[0].count("\n") - kept


def _computes_bounds(tree: Tree) -> bool:
    """Whether a partition's bounds are expressions, which the server would run."""
    return any(
        kind == "partition_bound_spec" and any(True for _ in _calls(found))
        for kind, found in walk(tree)
    )


def _calls(tree: Tree) -> Iterator[Tree]:
    return (found for kind, found in walk(tree) if kind == "func_call")


def _without_data(statement: Statement) -> str:
    if statement.tree.into.skip_data:
        return statement.text
    bare = _WITH_DATA.sub("", statement.text)
    return f"{bare}\nWITH NO DATA"


def _plain_index(statement: Statement) -> str:
    if not statement.tree.concurrent:
        return statement.text
    return _CONCURRENTLY.sub(r"\1", statement.text, count=1)


def _stub(statement: Statement) -> str | None:
    """Give a function a body that is never useful, whatever its language."""
    options = [one.def_elem for one in statement.tree.options]
    if not options or statement.tree.HasField("sql_body"):
        return None
    encoded = statement.text.encode()
    start = min(one.location for one in options) - statement.offset
    signature = encoded[:start].decode(errors="replace")
    words = [
        f" {one.arg.string.sval}" for one in options if one.defname == "volatility"
    ]
    return f"{signature} LANGUAGE plpgsql{''.join(words)} AS {STUB}"


def _without_owner(statement: Statement) -> str | None:
    """Leave out who owns a table: the role is not here."""
    kinds = {enum(one.alter_table_cmd, "subtype") for one in statement.tree.cmds}
    return None if kinds == {"AT_ChangeOwner"} else statement.text


_CHANGES = {
    "alter_table_stmt": _without_owner,
    "create_table_as_stmt": _without_data,
    "index_stmt": _plain_index,
    "create_function_stmt": _stub,
}


def sequences(statement: Statement) -> Iterator[str]:
    """Sequences that a table's defaults read: nextval('name')."""
    for call in _calls(statement.tree):
        if strings(call.funcname)[-1] == "nextval" and call.args:
            for kind, found in walk(call.args[0]):
                if kind == "a_const" and found.HasField("sval"):
                    yield str(found.sval.sval)


def extension(statement: Statement) -> str | None:
    """The name of the extension that a statement creates."""
    if statement.kind == "create_extension_stmt":
        return str(statement.tree.extname)
    return None


def defined(statement: Statement) -> str | None:
    """The relation that a statement creates."""
    tree = statement.tree
    if statement.kind == "create_stmt":
        return str(tree.relation.relname)
    if statement.kind == "view_stmt":
        return str(tree.view.relname)
    if statement.kind == "create_table_as_stmt":
        return str(tree.into.rel.relname)
    return None


def is_drop(statement: Statement) -> bool:
    """Whether a statement removes something."""
    return statement.kind == "drop_stmt"


def kind_of(statement: Statement) -> str:
    """What a statement does, in SQL's words: CREATE TABLE."""
    if statement.kind == "drop_stmt":
        return "DROP " + enum(statement.tree, "remove_type").removeprefix("OBJECT_")
    words = statement.kind.removesuffix("_stmt").replace("_", " ").upper()
    return "CREATE TABLE" if words == "CREATE" else words
