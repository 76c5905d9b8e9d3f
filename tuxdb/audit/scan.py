"""One file from its bytes to its facts; what a worker process does."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tuxdb.audit.facts import Acquired, Facts, is_revision
from tuxdb.audit.findings import suppressions
from tuxdb.audit.module import FunctionNode, Module, dotted, index
from tuxdb.audit.parse import Unparsable, check, decode, parse
from tuxdb.audit.placeholders import Unnumbered, numbered
from tuxdb.audit.resolve import Found, resolve, span_of
from tuxdb.audit.sinks import (
    MYSQL,
    PREFILTER,
    PSYCOPG,
    SQLITE,
    Sink,
    Sinks,
    library_of,
)
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.tree import Tree
from tuxdb.audit.uses import find_uses
from tuxdb.errors import EngineMissing

_TABLENAME = re.compile(r"__tablename__\s*(?::[^=]+)?=\s*[\"'](\w+)[\"']")
_SQLMODEL = re.compile(r"^class\s+(\w+)\([^)]*table\s*=\s*True", re.MULTILINE)
_SQLITE = re.compile(
    r"^\s*PRAGMA\b|\bAUTOINCREMENT\b|\bINSERT\s+OR\s+(?:REPLACE|IGNORE)\b"
    r"|\bsqlite_master\b",
    re.IGNORECASE,
)
_LIBRARIES = "|".join(("asyncpg", *PSYCOPG, SQLITE.pattern, *MYSQL, "sqlalchemy"))
_LIBRARY = re.compile(rf"^\s*(?:import|from)\s+({_LIBRARIES})\b", re.MULTILINE)


@dataclass(frozen=True)
class Surroundings:
    """What a file is read with: configured sinks, foreign wrappers and constants."""

    sinks: tuple[Sink, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)
    sql_files: Mapping[str, str] = field(default_factory=dict)
    library: str = ""

    def key(self) -> str:
        """Name it, as what is found in a file depends on it."""
        parts = [repr(self.sinks), self.library]
        parts += [f"{name}={self.foreign[name]}" for name in sorted(self.foreign)]
        parts += [f"{name}={self.sql_files[name]}" for name in sorted(self.sql_files)]
        return "\0".join(parts)


def interesting(text: str) -> bool:
    """Whether a text may hold what takes SQL: cheap, and never wrongly no."""
    return PREFILTER.search(text) is not None


def scan(path: str, data: bytes, around: Surroundings) -> Facts:
    """Read one Python file; what cannot be read is a fact as well."""
    try:
        text = decode(data)
    except Unparsable as error:
        return Facts(path, problem=error.reason, problem_line=error.line)
    lines = text.count("\n") + 1
    tables = tuple(_TABLENAME.findall(text) + _SQLMODEL.findall(text))
    libraries = _LIBRARY.findall(text)
    library = libraries[0] if libraries else ""
    comments = suppressions(text)
    revision = is_revision(text)
    plain = Facts(path, lines, tables=tables, library=library, revision=revision)
    plain = replace(plain, suppressions=comments)
    names = [sink.name for sink in around.sinks]
    mentioned = any(name in text for name in names)
    try:
        if not (interesting(text) or mentioned):
            check(text)
            return plain
        takes = ".acquire(" in text or "asyncpg.connect(" in text
        return _resolved(plain, parse(text), around, takes=takes)
    except Unparsable as error:
        return _failed(plain, error.reason, error.line)
    except (RecursionError, MemoryError):
        return _failed(plain, "nested too deeply", 1)


def _failed(plain: Facts, reason: str, line: int) -> Facts:
    return replace(plain, tables=(), problem=reason, problem_line=line)


def _resolved(
    plain: Facts, tree: ast.Module, around: Surroundings, *, takes: bool
) -> Facts:
    module = index(plain.path, tree)
    module.sql_files = around.sql_files
    module.foreign = around.foreign
    found = resolve(module, Sinks.of(around.sinks), around.library)
    usual = plain.library or library_of(module)
    queries = _with_uses(tree, _of_sqlite(found.queries, usual))
    own = tuple(sink for sink in found.wrappers if sink not in around.sinks)
    return replace(
        plain,
        queries=queries,
        notes=_grammar(queries),
        wrappers=own,
        wanted=tuple(_wanted(module, found)),
        library=usual,
        acquired=tuple(_acquired(module)) if takes else (),
    )


def _of_sqlite(queries: Sequence[RawQuery], library: str) -> list[RawQuery]:
    """A file whose statements only SQLite understands, and that imports no driver."""
    marked = any(_SQLITE.search(query.text or "") for query in queries)
    if not marked or library not in ("", "sqlalchemy"):
        return list(queries)
    return [
        query if query.dialect == "mysql" else replace(query, dialect="sqlite")
        for query in queries
    ]


def _with_uses(tree: ast.Module, queries: Sequence[RawQuery]) -> tuple[RawQuery, ...]:
    """What each function does with the results."""
    if not queries:
        return ()
    known = Tree(tree)
    return tuple(query.with_uses(find_uses(known, query)) for query in queries)


def _grammar(queries: Sequence[RawQuery]) -> dict[str, str]:
    """Have PostgreSQL's grammar read the statements that are known in full."""
    pairs = [_known(query) for query in queries]
    known = dict(pair for pair in pairs if pair is not None)
    try:
        from tuxdb.audit.sql.parse import NotSql, statements  # noqa: PLC0415 - heavy
    except ImportError:
        return {}
    wrong: dict[str, str] = {}
    for original, text in known.items():
        try:
            statements(text)
        except NotSql as error:
            wrong[original] = error.message
        except EngineMissing:  # without postgast the grammar is not asked
            return {}
    return wrong


def _known(query: RawQuery) -> tuple[str, str] | None:
    """The text of a statement for PostgreSQL, and as its driver takes it."""
    whole = query.text and query.constant and not query.holes
    if not whole or query.dialect != "postgresql" or query.text is None:
        return None
    try:
        return query.text, numbered(query).text
    except Unnumbered:
        return None


def _wanted(module: Module, found: Found) -> list[tuple[str, str, str]]:
    """Name the imported names whose constants would tell more of a statement."""
    wanted: dict[tuple[str, str, str], None] = {}
    for place, query in found.places.values():
        if query.constant and query.sql_is != "variable":
            continue
        names = {dotted(n) for n in ast.walk(place.sql) if isinstance(n, _NAMED)}
        names |= {hole.source for hole in query.holes}
        names |= {root.partition(" ")[2] for root in found.roots.get(query.span, ())}
        for name in names:
            head, _, rest = name.partition(".")
            if head in module.imports:
                source, original = module.imports[head]
                wanted[(name, source, f"{original or ''}.{rest}".strip("."))] = None
    return list(wanted)


_NAMED = (ast.Name, ast.Attribute)


def _acquired(module: Module) -> list[Acquired]:
    """Find connections taken outside of a `with`."""
    found = []
    for info in module.functions:
        for node in ast.walk(info.node):
            if not isinstance(node, ast.Assign) or not isinstance(
                node.value, ast.Await
            ):
                continue
            call = node.value.value
            if not isinstance(call, ast.Call) or len(node.targets) != 1:
                continue
            name = dotted(call.func)
            if not name.endswith((".acquire", "asyncpg.connect")):
                continue
            if "lock" in name.lower() or "sem" in name.lower():
                continue
            target = dotted(node.targets[0])
            released = _is_released(info.node, target) or "." in target
            found.append(Acquired(span_of(call), f"{name}()", info.qualified, released))
    return found


def _is_released(function: FunctionNode, name: str) -> bool:
    """Whether a `finally` gives a connection back, or the caller gets it."""
    kept: list[ast.AST] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Try):
            kept += node.finalbody
        elif isinstance(node, ast.Return) and node.value is not None:
            kept.append(node.value)
    inner = (part for node in kept for part in ast.walk(node))
    return any(isinstance(part, ast.Name) and part.id == name for part in inner)
