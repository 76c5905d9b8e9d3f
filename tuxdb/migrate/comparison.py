"""How models and a database are compared, and how the difference is written."""

from typing import Any, Literal

from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlmodel.sql.sqltypes import AutoString

from tuxdb.migrate.bookkeeping import RUNS, VERSION

OWN = (RUNS.name, VERSION.name)


def include_object(
    _item: object, name: str | None, kind: str, _reflected: bool, _other: object
) -> bool:
    """Leave out the tables that the runner makes, so no revision has to."""
    return kind != "table" or name not in OWN


def render_item(
    kind: str,
    item: object,
    _context: AutogenContext,
) -> str | Literal[False]:
    """Write SQLModel's AutoString as what it is: revisions import no sqlmodel."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def compare_options(metadata: MetaData) -> dict[str, Any]:
    """What Alembic is configured with to compare."""
    return {
        "target_metadata": metadata,
        "include_object": include_object,
        "render_item": render_item,
        "compare_server_default": True,
    }


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """What Alembic finds different; CHECKs and triggers are not among it."""
    context = MigrationContext.configure(connection, opts=compare_options(metadata))
    return list(compare_metadata(context, metadata))
