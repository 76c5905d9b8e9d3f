"""Databases that another bot might have."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.findings import Code
from tuxdb.inspect.report import Report, inspect_database
from tuxdb.urls import DatabaseUrl


class Foreign:
    """A database that tuxdb did not make."""

    def __init__(self, url: str, service: DatabaseService) -> None:
        self.url = DatabaseUrl.parse(url)
        self.service = service
        self.roles: list[str] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of its owner's, to hold locks with."""
        connection = await asyncpg.connect(
            **{**self.url.connect_args(), "server_settings": {"role": "none"}}
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def execute(self, *scripts: str) -> None:
        """Run scripts, each as one message."""
        async with self.connected() as connection:
            for script in scripts:
                await connection.execute(script)

    async def value(self, query: str) -> Any:
        """The first value that a query gives."""
        async with self.connected() as connection:
            return await connection.fetchval(query)

    async def until(self, query: str) -> None:
        """Wait until a query gives something true."""
        async with self.connected() as connection, asyncio.timeout(10):
            while not await connection.fetchval(query):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def inspect_as_stranger(self) -> str:
        """Have the service log in as a role without rights; returns its name."""
        role = f"stranger_{secrets.token_hex(4)}"
        self.roles.append(role)
        await self.execute(
            f"CREATE ROLE {role}",
            f'ALTER DATABASE "{self.url.database}" SET role = {role}',
        )
        return role

    async def report(self, *codes: Code, **options: Any) -> Report:
        """Inspect it, with the checks of these codes or with all."""
        return await inspect_database(
            self.service, codes=codes or tuple(Code), **options
        )

    async def fix(self, report: Report) -> None:
        """Run every fix as psql would: one statement after the other."""
        await self.execute(*[line for fix in report.fixes for line in fix.splitlines()])

    async def forget_roles(self) -> None:
        """Drop the roles, which belong to all databases."""
        for role in self.roles:
            await self.execute(
                f"DROP OWNED BY {role}",
                f'ALTER DATABASE "{self.url.database}" RESET role',
                f"DROP ROLE {role}",
            )


@pytest.fixture
async def foreign(empty_database_url: str) -> AsyncIterator[Foreign]:
    """An empty database that is not tuxdb's."""
    async with DatabaseService.open(empty_database_url) as service:
        database = Foreign(empty_database_url, service)
        yield database
        await database.forget_roles()
