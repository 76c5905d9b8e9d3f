"""What the tests of `tuxdb bulk-update` share."""

import asyncio
import re

import asyncpg

from tests.harness.command import Cli
from tuxdb.urls import DatabaseUrl

USERS = 150
SET = ("bulk-update", "users", "--set", "username=x")
SOME = (*SET, "--where", "id <= 3")
EVERY = (*SET, "--all-rows")


def sql(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def named(cli: Cli, name: str = "x") -> int:
    """How many members have a name."""
    rows = cli("users", "list", "--guild", "1", "--all", "--json").data
    return sum(row["username"] == name for row in rows)


def masked(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"^target: .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"in test\d+ at a local socket", "in DB", text)
