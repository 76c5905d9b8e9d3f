"""Which calls take SQL, where in their arguments, and whether this one surely does."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tuxdb.audit.module import Module, dotted
from tuxdb.audit.sites import Dialect, ParamStyle
from tuxdb.audit.sqltext import tokens

SQLITE = re.compile(r"(?:aio)?sqlite3?|apsw")
PSYCOPG = ("psycopg", "psycopg2", "psycopg_pool", "aiopg", "pg8000")
MYSQL = ("pymysql", "aiomysql", "MySQLdb", "mysql", "asyncmy")


@dataclass(frozen=True)
class Sink:
    """A way of handing SQL over: which argument, or which keyword, is the text.

    `surely` says that the name alone is enough to know.
    """

    name: str
    index: int = 0
    keywords: tuple[str, ...] = ("query", "sql", "statement", "operation", "command")
    surely: bool = False
    wrapper: bool = False
    owner: str | None = None
    parameters: bool = True


METHODS = {
    sink.name: sink
    for sink in (
        Sink("fetch"),
        Sink("fetchrow", surely=True),
        Sink("fetchval", surely=True),
        Sink("fetchmany"),
        Sink("fetchone"),
        Sink("fetchall"),
        Sink("execute"),
        Sink("executemany", surely=True),
        Sink("executescript", surely=True),
        Sink("execute_fetchall", surely=True),
        Sink("execute_insert", surely=True),
        Sink("cursor"),
        Sink("prepare"),
        Sink("copy_from_query", surely=True),
        Sink("copy_expert", surely=True),
        Sink("copy"),
        Sink("mogrify", surely=True),
        Sink("exec_driver_sql", surely=True),
        Sink("fetch_all"),
        Sink("fetch_one"),
        Sink("fetch_val"),
        Sink("iterate"),
        Sink("stream"),
        Sink("scalar"),
        Sink("scalars"),
        Sink("exec"),
        Sink("raw"),
        Sink("execute_query", surely=True),
        Sink("execute_query_dict", surely=True),
        Sink("execute_script"),
        Sink("execute_sql", surely=True),
    )
}
FUNCTIONS = {
    sink.name: sink
    for sink in (
        Sink("text", keywords=("text",), parameters=False),
        Sink("execute_values", 1),
        Sink("execute_batch", 1),
        Sink("read_sql"),
        Sink("read_sql_query"),
    )
}
_NAMES = "|".join((*METHODS, *FUNCTIONS))
PREFILTER = re.compile(rf"\b(?:{_NAMES})\s*\(")
RECEIVER = re.compile(
    r"(^|[._])(a?db|database|pool|conn|connection|con|cur|cursor|curs|c|tr|txn?"
    r"|transaction|session|engine|pg|postgres|psql|pgsql|asyncpg|sqlite|op|pgpool"
    r"|acquire|sql|mysql|cnx)(\d*$|[._\d(\[])",
    re.IGNORECASE,
)
NAMED = re.compile(r"(sql|quer(y|ies)|stmt|statement|ddl|schema)", re.IGNORECASE)


@dataclass
class Sinks:
    """The ways known for one tree: the usual ones, the project's, those configured."""

    wrappers: dict[str, list[Sink]] = field(default_factory=dict)

    @classmethod
    def of(cls, extra: Iterable[Sink] = ()) -> "Sinks":
        """Build from wrappers found and sinks configured."""
        sinks = cls()
        for sink in extra:
            sinks.add(sink)
        return sinks

    def add(self, sink: Sink) -> bool:
        """Add a wrapper; whether it is new."""
        known = self.wrappers.setdefault(sink.name, [])
        if sink in known:
            return False
        known.append(sink)
        return True

    def match(self, call: ast.Call, module: Module) -> "Match | None":
        """Find out how a call takes SQL, by its name."""
        func = call.func
        owner = func.value if isinstance(func, ast.Attribute) else None
        name = func.attr if isinstance(func, ast.Attribute) else dotted(func)
        usual = METHODS.get(name) if owner is not None else None
        for sink in self.wrappers.get(name, ()):
            same = usual is not None and usual.index == sink.index
            if not same and argument(call, sink) is not None:
                return Match(sink, owner)
        if name in FUNCTIONS and (owner is None or _module_of(func, module)):
            if name == "text" and not _is_sqlalchemy_text(func, module):
                return None
            return Match(FUNCTIONS[name], owner)
        if usual is not None:
            return Match(usual, owner)
        return _aliased(call, name, module) or _handed_over(call)


@dataclass(frozen=True)
class Match:
    """A call that may take SQL, and the object whose method it is."""

    sink: Sink
    receiver: ast.expr | None


def _aliased(call: ast.Call, name: str, module: Module) -> Match | None:
    """See `run = connection.fetch`, and then `run(query)`."""
    method = module.aliases.get(name) if isinstance(call.func, ast.Name) else None
    if method is None or method.attr not in METHODS:
        return None
    return Match(METHODS[method.attr], method.value)


def _handed_over(call: ast.Call) -> Match | None:
    """See `run_in_executor(None, cursor.execute, query)`."""
    for at, given in enumerate(call.args[:-1]):
        if isinstance(given, ast.Attribute) and given.attr in METHODS:
            sink = METHODS[given.attr]
            return Match(replace(sink, index=sink.index + at + 1), given.value)
    return None


def argument(call: ast.Call, sink: Sink) -> ast.expr | None:
    """Find the SQL among the arguments of a call."""
    positional = call.args[: sink.index + 1]
    if any(isinstance(a, ast.Starred) for a in positional):
        first = positional[0]
        return first if isinstance(first, ast.Starred) else None
    if len(positional) > sink.index:
        return positional[sink.index]
    for keyword in call.keywords:
        if keyword.arg in sink.keywords:
            return keyword.value
    return None


def bound(call: ast.Call, sink: Sink) -> tuple[list[ast.expr], bool]:
    """Return the arguments that are bound to the statement; whether any is starred."""
    if not sink.parameters:
        return [], False
    rest = call.args[sink.index + 1 :]
    ignored = {*sink.keywords, "timeout", "column", "record_class", "prefetch"}
    rest = [
        *rest,
        *(k.value for k in call.keywords if k.arg and k.arg not in ignored),
    ]
    starred = any(isinstance(one, ast.Starred) for one in rest)
    starred = starred or any(k.arg is None for k in call.keywords)
    return rest, starred


def is_receiver(receiver: ast.expr | None) -> bool:
    """Whether an object looks like a connection, by its name."""
    return receiver is not None and RECEIVER.search(dotted(receiver)) is not None


def api_of(
    sink: Sink, receiver: str, module: Module, text: str, usual: str = ""
) -> str:
    """Name the library and method: `asyncpg.fetchrow`, `sqlalchemy.text`."""
    name = sink.name
    if sink.wrapper:
        return f"wrapper.{name}"
    if name in ("text", "exec_driver_sql") or receiver == "op":
        library = "alembic" if receiver == "op" else "sqlalchemy"
    elif name in ("fetchrow", "fetchval", "fetch", "copy_from_query", "prepare"):
        library = "asyncpg"
    elif name in ("fetchone", "fetchall"):
        library = library_of(module) or usual or "dbapi"
    elif name in ("fetch_all", "fetch_one", "fetch_val", "iterate"):
        library = "databases"
    elif name in ("execute_fetchall", "execute_insert"):
        known = filter(SQLITE.fullmatch, (*_sqlite(module), usual))
        library = min(known, default="sqlite3")  # the asynchronous one sorts first
    else:
        library = library_of(module) or usual or "dbapi"
        if library == "dbapi" and re.search(r"\$\d", text):
            library = "asyncpg"
    return f"{library}.{name}"


def library_of(module: Module) -> str:
    """Name the driver that a module imports."""
    imported = _imported(module)
    for library in ("asyncpg", *PSYCOPG, *_sqlite(module), *MYSQL):
        if library in imported:
            return library
    return "sqlalchemy" if imported & {"sqlalchemy", "sqlmodel"} else ""


def _imported(module: Module) -> set[str]:
    return {source.split(".")[0] for source, _ in module.imports.values()}


def _sqlite(module: Module) -> list[str]:
    """The drivers of SQLite that a module imports, Python's own first."""
    found = filter(SQLITE.fullmatch, _imported(module))
    return sorted(found, key=lambda name: (name != "sqlite3", name))


def style_of(api: str, text: str, dialect: Dialect) -> ParamStyle:
    """How the statement marks its parameters, by what stands in it."""
    if re.search(r"\$\d", text):
        return "numbered"
    if api.startswith(("sqlalchemy.text", "databases.", "alembic")):
        return "named"
    if re.search(r"%s|%\(\w+\)s", text):
        return "format"
    if any(t.kind == "param" and t.text.startswith(":") for t in tokens(text)):
        return "named"
    asked = "?" in text and (api.startswith("dbapi") or SQLITE.match(api))
    if dialect == "sqlite" or asked:
        return "qmark"
    return "numbered" if api.startswith(("asyncpg", "wrapper")) else "none"


def dialect_of(api: str, module: Module, usual: str) -> Dialect:
    """Which database it is for: by the call, the module's imports, the tree's."""
    for library in (api.partition(".")[0], library_of(module), usual):
        if SQLITE.fullmatch(library):
            return "sqlite"
        if library in MYSQL:
            return "mysql"
        if library == "asyncpg" or library in PSYCOPG:
            return "postgresql"
    return "unknown"


def _module_of(func: ast.expr, module: Module) -> bool:
    """Whether `x.text` is a function of the module x, and no method."""
    return (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id in module.imports
    )


def _is_sqlalchemy_text(func: ast.expr, module: Module) -> bool:
    if isinstance(func, ast.Name):
        source = module.imports.get(func.id, ("", None))[0]
    elif isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        source = module.imports.get(func.value.id, ("", None))[0]
    else:
        return False
    return source.split(".")[0] in ("sqlalchemy", "sqlmodel")
