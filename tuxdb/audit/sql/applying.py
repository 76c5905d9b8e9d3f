"""Applying a schema's statements until no more of them succeed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.audit.sql import extensions, script
from tuxdb.audit.sql.names import quote_ident
from tuxdb.audit.sql.results import Problem

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

PASSES = 8
ALREADY_THERE = frozenset({"42P07", "42710", "42723", "42701", "42P06", "42P16"})


@dataclass(frozen=True)
class SchemaSource:
    """A script that defines a part of the schema, and where it comes from."""

    path: str
    text: str


@dataclass(frozen=True)
class SchemaProblem:
    """A statement of a schema that the server refused."""

    path: str
    line: int
    problem: Problem


@dataclass
class Applied:
    """What became of a schema's statements."""

    statements: int = 0
    problems: list[SchemaProblem] = field(default_factory=list)
    missing_extensions: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)  # relation -> extension


@dataclass
class _Pending:
    path: str
    piece: script.Piece
    error: asyncpg.PostgresError | None = None


async def apply(connection: "Connection", sources: Iterable[SchemaSource]) -> Applied:
    """Apply what can be applied, in whatever order works; the rest are problems."""
    outcome = Applied()
    pending = _collect(sources, outcome)
    for number in range(PASSES):
        left = await _pass(connection, pending, outcome, first=number == 0)
        stuck = len(left) == len(pending)
        pending = left
        if stuck and not await _help(connection, left, outcome):
            break
        if not pending:
            break
    for one in pending:
        _report(one, outcome)
    return outcome


def _collect(sources: Iterable[SchemaSource], outcome: Applied) -> list[_Pending]:
    pending = []
    for source in sources:
        for piece in script.pieces(source.text):
            if piece.problem is not None:
                problem = Problem("syntax", piece.problem)
                outcome.problems.append(SchemaProblem(source.path, piece.line, problem))
            elif piece.sql is not None:
                pending.append(_Pending(source.path, piece))
    return pending


async def _pass(
    connection: "Connection",
    pending: list[_Pending],
    outcome: Applied,
    *,
    first: bool,
) -> list[_Pending]:
    left = []
    for one in pending:
        statement = one.piece.statement
        if statement is None or (script.is_drop(statement) and not first):
            continue
        try:
            await connection.execute(one.piece.sql or "")
        except asyncpg.PostgresError as error:
            if error.sqlstate not in ALREADY_THERE and not script.is_drop(statement):
                one.error = error
                left.append(one)
        else:
            outcome.statements += 1
    return left


async def _help(
    connection: "Connection", left: list[_Pending], outcome: Applied
) -> bool:
    """Create what the statements need and no file creates; False if there is none."""
    helped = await _sequences(connection, left)
    for one in left:
        extension = extensions.of_message(str(one.error))
        if extension is None or extension in outcome.missing_extensions:
            continue
        outcome.missing_extensions.add(extension)
        message = f"the extension {extension} is needed and no file creates it"
        problem = Problem("extension", message, name=extension)
        outcome.problems.append(SchemaProblem(one.path, one.piece.line, problem))
        helped = await extensions.assume(connection, extension) or helped
    return helped


async def _sequences(connection: "Connection", left: list[_Pending]) -> bool:
    """Create the sequences that tables need and no file creates."""
    created = False
    for one in left:
        if one.piece.statement is None:
            continue
        for name in script.sequences(one.piece.statement):
            bare = name.removeprefix('"').removesuffix('"').replace('""', '"')
            try:
                await connection.execute(f"CREATE SEQUENCE {quote_ident(bare)}")
            except asyncpg.PostgresError:
                continue
            created = True
    return created


def _report(one: _Pending, outcome: Applied) -> None:
    statement, error = one.piece.statement, one.error
    if statement is None or error is None:
        return
    extension = script.extension(statement) or extensions.of_message(str(error))
    if extension:
        outcome.missing_extensions.add(extension)
        relation = script.defined(statement)
        if relation:
            outcome.lost[relation] = extension
    problem = Problem(
        "extension" if extension else "schema",
        f"{script.kind_of(statement)}: {error}",
        name=extension or script.defined(statement),
        sqlstate=error.sqlstate,
    )
    outcome.problems.append(SchemaProblem(one.path, one.piece.line, problem))
