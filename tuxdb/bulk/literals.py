"""Values in conditions and assignments, of which some only the server can read."""

import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Text, cast, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.catalogue import Exact, kind, type_name
from tuxdb.bulk.kinds import BadLiteral, quoted
from tuxdb.engine.translate import driver_error
from tuxdb.errors import UsageError

SPACES = re.compile(r"\s")
BEFORE, AFTER = 50, 25
LONGEST_SHOWN = 2000
BAD_VALUES = ("22", "23")
"""Classes of SQLSTATE: a text that is no value, a value that a domain forbids."""
CHECKS_INPUT = 160000
"""The version of PostgreSQL that can be asked whether a text is a value of a type."""


@dataclass(frozen=True)
class _Question:
    """A value of which only the server knows whether it is one."""

    column: Column[Any]
    text: str
    expression: str
    start: int


@dataclass
class Literals:
    """Reads the values of one command; `settle` asks the server about the rest."""

    _open: list[_Question] = field(default_factory=list)

    def read(
        self, text: str, column: Column[Any], expression: str, start: int
    ) -> ColumnElement[Any]:
        """A text at a place of an expression, as a value of a column."""
        found = kind(column)
        try:
            value = found.read(text)
        except BadLiteral as error:
            raise _no_value(expression, start, column, text, str(error)) from error
        if not found.settled:
            self._open.append(_Question(column, value, expression, start))
        return cast(literal(value, Text), column.type)

    async def settle(self, session: AsyncSession) -> None:
        """Raise UsageError for the first value that the server cannot read."""
        for asked in self._open:
            why = await _why_not(session, asked.text, type_name(asked.column))
            if why is not None:
                raise _no_value(
                    asked.expression,
                    asked.start,
                    asked.column,
                    asked.text,
                    f"no value of type {type_name(asked.column)}: {why}",
                )


def mistake(expression: str, start: int, problem: str) -> UsageError:
    """A usage error that shows the text and points at the place."""
    left = max(0, start - BEFORE)
    shown = SPACES.sub(" ", expression[left : start + AFTER])
    return UsageError(
        problem,
        details={"expression": expression[:LONGEST_SHOWN], "position": start + 1},
        lines=(shown, f"{' ' * (start - left)}^"),
    )


async def checks_input(session: AsyncSession) -> bool:
    """Whether the server can be asked if a text is a value of a type."""
    version = await session.scalar(select(func.current_setting("server_version_num")))
    return int(version or 0) >= CHECKS_INPUT


async def refusal(session: AsyncSession, statement: Select[Any]) -> str | None:
    """What the server says against values that it has to read; None if it can."""
    try:
        async with session.begin_nested():
            await session.execute(statement)
    except DBAPIError as error:
        cause = driver_error(error)
        if str(getattr(cause, "sqlstate", ""))[:2] not in BAD_VALUES:
            raise
        return str(getattr(cause, "message", "it cannot be read"))
    return None


async def _why_not(session: AsyncSession, text: str, type_: str) -> str | None:
    value = literal(text, Text)
    if await checks_input(session):
        why = func.pg_input_error_info(value, type_).table_valued("message")
        found: str | None = await session.scalar(select(why.c.message))
        return found
    return await refusal(session, select(cast(cast(value, Exact(type_)), Text)))


def _no_value(
    expression: str, start: int, column: Column[Any], text: str, why: str
) -> UsageError:
    return mistake(expression, start, f"{column.name}: {quoted(text)} is {why}")
