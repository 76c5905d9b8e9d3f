"""How large the database, its tables and its indexes are, and how they are used."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.catalogue import Catalogue, NotAnswered, relation


class RowCount(StrEnum):
    """Whether a number of rows was counted or taken from statistics."""

    ESTIMATE = "estimate"
    EXACT = "exact"


@dataclass(frozen=True)
class DatabaseSize:
    """Bytes of the whole database; `other_bytes` is mostly the system catalogue."""

    database: str
    database_bytes: int
    table_bytes: int
    index_bytes: int
    toast_bytes: int
    other_bytes: int
    tables: int


@dataclass(frozen=True)
class TableSize:
    """One table; sizes are None while another session locks it exclusively."""

    table: str
    total_bytes: int | None
    table_bytes: int | None
    index_bytes: int | None
    toast_bytes: int | None
    rows: int
    rows_are: RowCount
    dead_rows: int
    seq_scans: int
    index_scans: int
    last_vacuum: datetime | None
    last_analyze: datetime | None


@dataclass(frozen=True)
class IndexSize:
    """One index; `last_idx_scan` is None before PostgreSQL 16 and if never used."""

    table: str
    index: str
    bytes: int | None
    scans: int
    last_idx_scan: datetime | None
    primary: bool
    unique: bool
    partial: bool
    valid: bool
    definition: str


async def inspect_tables(
    service: DatabaseService, *, exact: bool = False
) -> list[TableSize]:
    """List tables, largest first; `exact` counts rows instead of estimating them.

    Where the role may not count, or that takes too long, the estimate stays.
    """
    catalogue = Catalogue(service)
    tables = []
    for row in await catalogue.ask("tables"):
        fields = dict(row)
        schema, name = fields.pop("schema_name"), fields.pop("table_name")
        size = TableSize(
            rows=fields.pop("estimated_rows"), rows_are=RowCount.ESTIMATE, **fields
        )
        tables.append(await _counted(catalogue, size, schema, name) if exact else size)
    return tables


async def inspect_size(service: DatabaseService) -> DatabaseSize:
    """Add up what the database consists of."""
    catalogue = Catalogue(service)
    (database,) = await catalogue.ask("database")
    tables = await catalogue.ask("tables")

    def total(name: str) -> int:
        return sum(row[name] or 0 for row in tables)

    parts: dict[str, Any] = {
        name: total(name) for name in ("table_bytes", "index_bytes", "toast_bytes")
    }
    return DatabaseSize(
        database=database["database"],
        database_bytes=database["bytes"],
        **parts,
        other_bytes=database["bytes"] - sum(parts.values()),
        tables=len(tables),
    )


async def inspect_indexes(service: DatabaseService) -> list[IndexSize]:
    """List indexes, largest first."""
    return [IndexSize(**row) for row in await Catalogue(service).ask("indexes")]


async def _counted(
    catalogue: Catalogue, size: TableSize, schema: str, name: str
) -> TableSize:
    counting = select(func.count().label("rows")).select_from(relation(schema, name))
    try:
        (row,) = await catalogue.run(counting)
    except NotAnswered:
        return size
    return replace(size, rows=row["rows"], rows_are=RowCount.EXACT)
