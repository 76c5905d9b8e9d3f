"""Where a project's schema is, and which of several that could be it is taken.

A live database, `.sql` files, Alembic revisions, models, or the CREATE TABLE that the
program itself runs: nothing of the project is imported or run for any of them, unless
its models were (`imported`), because a person asked for it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from tuxdb.audit.discover import discover, shown
from tuxdb.audit.facts import Facts, digest, is_revision
from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.audit.sql.mapping import ModelSource, read_models
from tuxdb.audit.sql.mapping.ddl import schema_of
from tuxdb.audit.sql.mapping.imported import Imported
from tuxdb.audit.sqltext import CATALOGUE, DDL, QUERIES, first_word, tables, verb
from tuxdb.errors import ConfigurationError, DatabaseUnavailable, UsageError
from tuxdb.urls import DatabaseUrl

AUTO, MODELS = "auto", "models"
NO_TABLES = (*CATALOGUE, "tuxdb_hole_")
ENOUGH = 0.5
_DEFINES = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+|MATERIALIZED\s+|TEMP\w*\s+)?"
    r"(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"$]+)",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"\b(?:CREATE|ALTER)\s+(?!USER|ROLE|DATABASE)", re.IGNORECASE)
_NUMBERED = re.compile(r"(\D*)(\d*)")
_PASSING = re.compile(r"\bCREATE\s+TEMP(?:ORARY)?\s+TABLE\b", re.IGNORECASE)


@dataclass(frozen=True)
class Taken:
    """The schema that is taken: its scripts, the models, and what is said of it.

    `partial` says that it was guessed and defines too few of the tables in use for a
    table that it lacks to be an error.
    """

    scripts: tuple[SchemaSource, ...]
    models: tuple[ModelSource, ...] = ()
    said: str = ""
    left_out: tuple[str, ...] = ()
    partial: bool = False

    @property
    def key(self) -> str:
        """Name it by what it holds."""
        parts = [f"{one.path}\0{one.text}" for one in self.scripts]
        return digest(repr(self.models).encode("utf-8", "surrogatepass"), *parts)


@dataclass
class _Candidate:
    said: str
    scripts: list[SchemaSource]
    names: set[str] = field(default_factory=set)
    left_out: tuple[str, ...] = ()
    wanted: bool = False

    def taken(self, models: tuple[ModelSource, ...]) -> Taken:
        """The schema that it is, taken alone."""
        return Taken(tuple(self.scripts), models, self.said, self.left_out)


class NoSchema(ConfigurationError):
    """The project shows no schema."""

    def __init__(self) -> None:
        super().__init__(
            "no schema found: no .sql file, revision, model or CREATE TABLE",
            hint="--schema FILE|URL",
        )


async def take(
    choice: str,
    facts: Sequence[Facts],
    scripts: Sequence[tuple[str, str]],
    top: Path | None = None,
    imported: Imported | None = None,
) -> Taken:
    """Find the schema by the choice of a person, or by what the tree has."""
    models = _models(facts, top) if imported is None else imported.models
    if "://" in choice:
        return _with(imported, await _live(choice, models))
    if choice not in (AUTO, MODELS):
        return _with(imported, _named(Path(choice), models))
    own = _of_models(models) if imported is None else _of_imported(imported)
    if choice == AUTO:
        return _with(imported, _guessed(facts, scripts, own, models, top))
    if imported is None and not models:
        raise NoSchema
    return own.taken(models)


def _with(imported: Imported | None, taken: Taken) -> Taken:
    """Say that models were imported, where the schema's name does not."""
    if imported is None or imported.said in taken.said:
        return taken
    return replace(taken, said=f"{taken.said}; models: {imported.said}")


async def _live(choice: str, models: tuple[ModelSource, ...]) -> Taken:
    import asyncpg  # noqa: PLC0415 - only for a live database

    from tuxdb.audit.sql.live import schema_of_database  # noqa: PLC0415 - the same

    url = DatabaseUrl.parse(choice)
    try:
        script = await schema_of_database(url)
    except (OSError, TimeoutError) as error:
        message = f"cannot reach {url.display()} ({error})"
        raise DatabaseUnavailable(message) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        message = f"cannot read the schema of {url.display()} ({error})"
        raise DatabaseUnavailable(message) from error
    return Taken((script,), models, f"the database {url.display()}")


def _named(path: Path, models: tuple[ModelSource, ...]) -> Taken:
    """A file or a folder: SQL, revisions, or models."""
    if not path.exists():
        raise UsageError(f"--schema: there is no file or folder {str(path)!r}")
    found = list(discover([path]))
    texts = [(one, one.data.decode("utf-8", "replace")) for one in found]
    scripts = scripts_of((one.path, text) for one, text in texts if not one.python)
    if scripts:
        return _sql(scripts).taken(models)
    python = [(Path(one.path), text) for one, text in texts if one.python]
    revisions = _revisions([path for path, text in python if is_revision(text)])
    if revisions is not None:
        return revisions.taken(models)
    own = read_models([path for path, _ in python])
    if own:
        return _of_models(own).taken(own)
    raise ConfigurationError(f"{path}: no CREATE TABLE, revision or model found")


def scripts_of(texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The scripts that define tables, and those beside them that change tables."""
    found = sorted(texts, key=lambda one: _natural(one[0]))
    folders = {PurePath(path).parent for path, text in found if defined(text)}
    return [
        (path, text)
        for path, text in found
        if defined(text) or (PurePath(path).parent in folders and _CHANGES.search(text))
    ]


def _natural(path: str) -> list[tuple[str, int]]:
    """A key that puts `V10` behind `V9`."""
    return [(word, int(number or 0)) for word, number in _NUMBERED.findall(path)]


def defined(text: str) -> set[str]:
    """The tables and views that a script creates, in small letters."""
    return {_bare(name) for name in _DEFINES.findall(text)}


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()


# -- guessing --------------------------------------------------------------------------


def _guessed(
    facts: Sequence[Facts],
    scripts: Sequence[tuple[str, str]],
    own: _Candidate,
    models: tuple[ModelSource, ...],
    top: Path | None,
) -> Taken:
    """The source that defines most of the tables in use; others fill its gaps."""
    used = _used(facts)
    texts = scripts_of(scripts)
    paths = [(top or Path()) / one.path for one in facts if one.revision]
    found = [_sql(texts) if texts else None, _revisions(paths)]
    fillers = [own if own.names else None, _of_program(facts)]
    stated = [one for one in (*found, fillers[0]) if one and one.names & used]
    known = stated or [one for one in fillers if one is not None]
    best = max(known, key=lambda one: (len(one.names & used), one.wanted), default=None)
    if best is None or not best.names & used:
        raise NoSchema
    said, names = best.said, set(best.names)
    chosen = list(best.scripts)
    for one in fillers:
        if one is not None and one is not best and (one.names - names) & used:
            chosen += one.scripts
            said += f"; for what it lacks, {one.said}"
            names |= one.names
    share = len(names & used) / len(used)
    if share < ENOUGH:
        said += f" (only {len(names & used)} of {len(used)} tables in use)"
    return Taken(tuple(chosen), models, said, best.left_out, partial=share < ENOUGH)


def _used(facts: Sequence[Facts]) -> set[str]:
    return {
        name
        for one in facts
        for query in one.queries
        if query.text and verb(query.text) in QUERIES
        for name in map(str.lower, tables(query.text))
        if not name.startswith(NO_TABLES)
    }


def _sql(texts: Sequence[tuple[str, str]]) -> _Candidate:
    named = texts[0][0]
    if len(texts) > 1:
        named = f"{len(texts)} .sql files, {named} the first"
    names = {name for _, text in texts for name in defined(text)}
    return _Candidate(named, [SchemaSource(*one) for one in texts], names)


def _revisions(paths: Sequence[Path]) -> _Candidate | None:
    if not paths:
        return None
    # Alembic and SQLAlchemy load only where there are revisions
    from tuxdb.audit.sql.revisions import schema_of_revisions  # noqa: PLC0415

    written = schema_of_revisions(paths)
    names = defined(written.source.text)
    if not names:
        return None
    here = Path.cwd()
    left = tuple(
        f"{shown(Path(path), here)}:{line}: {why}"
        for path, line, why in written.left_out
    )
    said = f"{len(paths)} Alembic revision{'s'[: len(paths) != 1]}"
    folder = shown(paths[0].parent, here)
    return _Candidate(f"{said} in {folder}", [written.source], names, left)


def _models(facts: Sequence[Facts], top: Path | None) -> tuple[ModelSource, ...]:
    return read_models([(top or Path()) / one.path for one in facts if one.tables])


def _of_models(models: Sequence[ModelSource]) -> _Candidate:
    names = {one.table.lower() for one in models}
    said = f"{len(models)} model{'s'[: len(models) != 1]}, read from source"
    return _Candidate(said, [SchemaSource(MODELS, schema_of(models))], names)


def _of_imported(imported: Imported) -> _Candidate:
    names = {_bare(table) for table in imported.tables}
    scripts = [SchemaSource(MODELS, imported.script)]
    return _Candidate(imported.said, scripts, names, imported.left_out, wanted=True)


def _of_program(facts: Sequence[Facts]) -> _Candidate | None:
    """The tables that the program creates when it starts."""
    scripts: Mapping[str, SchemaSource] = {
        query.text: SchemaSource(f"{query.path}:{query.line}", _lasting(query.text))
        for one in facts
        for query in (() if one.revision or _is_test(one.path) else one.queries)
        if query.text
        and query.constant
        and not query.holes
        and query.dialect in ("postgresql", "unknown")
        and first_word(query.text) in DDL
    }
    names = {name for text in scripts for name in defined(text)}
    if not names:
        return None
    said = f"CREATE TABLE in the program, {next(iter(scripts.values())).path} the first"
    return _Candidate(said, list(scripts.values()), names)


def _is_test(path: str) -> bool:
    """Whether a file is of the tests, which make tables of their own."""
    parts = PurePath(path).parts
    return "tests" in parts or parts[-1].startswith(("test_", "conftest"))


def _lasting(text: str) -> str:
    """A definition of a table that lasts longer than a session."""
    return _PASSING.sub("CREATE TABLE", text)
