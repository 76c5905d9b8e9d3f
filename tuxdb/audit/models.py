"""Model classes for tables that have none, written from a schema by sqlacodegen.

    source = await model_source(url, have=frozenset({"links"}))
    print(source)     # one module: imports, a base, a class for each other table

Relationships are left out: the classes at their other ends may exist already, under
names of the project's own.
"""

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuxdb.audit.fix.snippets import requoted
from tuxdb.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tuxdb.urls import DatabaseUrl

HINT = "pip install 'tuxdb[audit]'"


class GeneratorMissing(ConfigurationError):
    """sqlacodegen is not installed."""


async def model_source(
    url: "DatabaseUrl",
    *,
    have: frozenset[str] = frozenset(),
    only: Iterable[str] = (),
    base: str = "",
    schema: str | None = None,
) -> str:
    """Write classes for the tables of a database, apart from those in `have`.

    `only` names the tables wanted; `base` is the class to inherit, as
    `package.module:Name`, else one is written. Raises NotFound for a table that the
    database does not have.
    """
    # SQLAlchemy and the generator load here, not on --help
    from sqlalchemy import URL  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    engine = create_async_engine(
        URL.create("postgresql+asyncpg"),
        connect_args=url.connect_args(),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            whole = await connection.run_sync(_generated, schema)
    finally:
        await engine.dispose()
    return missing_models(whole, have=have, only=only, base=base)


def missing_models(
    whole: str,
    *,
    have: frozenset[str] = frozenset(),
    only: Iterable[str] = (),
    base: str = "",
) -> str:
    """Keep the classes that are wanted of a generated module; raises NotFound."""
    wanted = frozenset(only)
    module = ast.parse(whole)
    tables = {name for node in module.body for name in _table(node)}
    for name in sorted(wanted - tables):
        raise NotFound("table", name)
    kept = [
        _kept(whole, node)
        for node in module.body
        for name in _table(node)
        if name not in have and (not wanted or name in wanted)
    ]
    if not kept:
        return ""
    if not base:
        kept.insert(0, "class Base(DeclarativeBase):\n    pass")
    imports = _imports(module, "\n".join(kept))
    if base:
        place, _, name = base.partition(":")
        local = "" if name == "Base" else " as Base"
        imports.append(f"\nfrom {place} import {name}{local}")
    text = "\n".join(imports) + "\n\n\n" + "\n\n\n".join(kept) + "\n"
    return requoted(text)


def _generated(connection: "Connection", schema: str | None) -> str:
    from sqlalchemy import MetaData  # noqa: PLC0415 - as above

    try:
        from sqlacodegen.generators import DeclarativeGenerator  # noqa: PLC0415
    except ImportError as error:
        raise GeneratorMissing("writing models needs sqlacodegen", hint=HINT) from error
    metadata = MetaData()
    metadata.reflect(connection, schema=schema)
    options = ("nojoined", "nobidi", "nonativeenums")
    return str(DeclarativeGenerator(metadata, connection, options).generate())


def _table(node: ast.stmt) -> list[str]:
    """The table of a statement that defines one: a class, or a `Table`."""
    if isinstance(node, ast.ClassDef):
        return [
            str(part.value.value)
            for part in node.body
            if isinstance(part, ast.Assign)
            and isinstance(part.value, ast.Constant)
            and ast.unparse(part.targets[0]) == "__tablename__"
        ]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        first = node.value.args[0] if node.value.args else None
        called = ast.unparse(node.value.func) == "Table"
        if called and isinstance(first, ast.Constant):
            return [str(first.value)]
    return []


def _kept(source: str, node: ast.stmt) -> str:
    """The source of a definition, without its relationships."""
    lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
    if not isinstance(node, ast.ClassDef):
        return "\n".join(lines)
    dropped = {
        number
        for part in node.body
        if isinstance(part, ast.AnnAssign) and _relationship(part.value)
        for number in range(part.lineno, (part.end_lineno or part.lineno) + 1)
    }
    numbered = enumerate(lines, node.lineno)
    return "\n".join(
        line for number, line in numbered if number not in dropped
    ).rstrip()


def _relationship(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "relationship"


def _imports(module: ast.Module, code: str) -> list[str]:
    """The imports that the code needs."""
    used = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
    found = []
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            names = [one.name for one in node.names if (one.asname or one.name) in used]
            if names:
                found.append(f"from {node.module} import {', '.join(sorted(names))}")
        elif isinstance(node, ast.Import):
            roots = [(one.name, one.name.partition(".")[0]) for one in node.names]
            found += [f"import {name}" for name, root in roots if root in used]
    return found
