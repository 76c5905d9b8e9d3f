"""COPY inside a session's transaction: rows as tuples, or bytes made elsewhere."""

import asyncio
from collections.abc import (
    AsyncIterable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import Dialect, Table, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.errors import InvalidValue

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def copy_rows(
    session: AsyncSession,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> int:
    """COPY rows into a table, each with its values in the order of `columns`.

    Takes part in the session's transaction and returns the count of the server. Raises
    IntegrityError like any insert, InvalidValue for a value of the wrong type.
    """
    driver = await driver_connection(session)
    records = _bound(table, columns, rows, session.get_bind().dialect)
    return await _copied(
        driver,
        table,
        lambda: driver.copy_records_to_table(
            table.name,
            schema_name=table.schema,
            columns=list(columns),
            records=records,
        ),
    )


async def copy_bytes(
    session: AsyncSession,
    table: Table,
    columns: Sequence[str],
    source: AsyncIterable[bytes],
    *,
    binary: bool = False,
) -> int:
    """COPY ready bytes, in chunks of any size, in PostgreSQL's text or binary format.

    Takes part in the session's transaction and returns the count of the server.
    """
    driver = await driver_connection(session)
    return await _copied(
        driver,
        table,
        lambda: driver.copy_to_table(
            table.name,
            schema_name=table.schema,
            columns=list(columns),
            source=source,
            format="binary" if binary else "text",
        ),
    )


async def driver_connection(session: AsyncSession) -> Driver:
    """The asyncpg connection of a session, with the session's transaction begun.

    SQLAlchemy sends BEGIN with the first statement only; a COPY before it would
    commit by itself.
    """
    connection = await session.connection()
    driver: Driver = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        await connection.execute(select(literal(1)))
    return driver


async def _copied(
    driver: Driver, table: Table, copy: Callable[[], Coroutine[Any, Any, str]]
) -> int:
    try:
        tag = await _while_connected(driver, copy())
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(f"COPY {table.name}", None, error) from error
    except InvalidValue:
        raise  # of whoever yields the rows
    except (TypeError, ValueError, OverflowError) as error:  # the driver's encoders
        raise InvalidValue(
            f"a value for {table.name}", "does not fit its column"
        ) from error
    return int(tag.rpartition(" ")[2])


async def _while_connected(driver: Driver, copy: Coroutine[Any, Any, str]) -> str:
    """Await a COPY, no longer than its connection lives.

    The driver waits until it may write on, for ever where the connection is lost first.
    """
    lost = asyncio.Event()

    def on_loss(_: object) -> None:
        lost.set()

    driver.add_termination_listener(on_loss)
    copying = asyncio.create_task(copy)
    losing = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait({copying, losing}, return_when=asyncio.FIRST_COMPLETED)
        if not copying.done():
            raise asyncpg.ConnectionDoesNotExistError("connection was lost in a COPY")
        return copying.result()
    finally:
        driver.remove_termination_listener(on_loss)
        losing.cancel()
        if not copying.done():
            copying.cancel()
            await asyncio.gather(copying, return_exceptions=True)


def _bound(
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    dialect: Dialect,
) -> Iterable[Sequence[object]]:
    """Rows with the values as the driver wants them: JSON as text, for one."""
    types = [table.c[name].type.dialect_impl(dialect) for name in columns]
    processors = [type_.bind_processor(dialect) for type_ in types]
    if not any(processors):
        return rows
    return _processed(rows, processors)


def _processed(
    rows: Iterable[Sequence[object]],
    processors: Sequence[Callable[[Any], Any] | None],
) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield tuple(
            process(value) if process else value
            for process, value in zip(processors, row, strict=True)
        )
