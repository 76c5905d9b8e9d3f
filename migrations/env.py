"""Alembic's environment, for `alembic` itself; `tuxdb migrate` does without.

A caller may hand over a connection or an address:
`config.attributes["connection"]`, `config.attributes["url"]`.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from tuxdb.migrate.alchemy import connected
from tuxdb.migrate.comparison import compare_options
from tuxdb.migrate.connection import settings_of
from tuxdb.models.bookkeeping import all_tables

OPTIONS = {**compare_options(all_tables()), "transaction_per_migration": True}


def run(connection: Connection) -> None:
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    settings = settings_of(context.config.attributes.get("url"))
    async with connected(settings) as connection:
        await connection.run_sync(run)


if context.is_offline_mode():
    run_offline()
elif context.config.attributes.get("connection") is not None:
    run(context.config.attributes["connection"])
else:
    with asyncio.Runner() as runner:
        runner.run(run_online())
