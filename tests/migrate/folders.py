"""Folders of revisions written by a test."""

import asyncio
from pathlib import Path
from textwrap import dedent, indent

import asyncpg

from tuxdb.migrate import migrations_folder


class Folder:
    """A folder as Alembic lays it out; revisions follow each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.versions = path / "versions"
        self.versions.mkdir(parents=True)
        template = migrations_folder() / "script.py.mako"
        (path / "script.py.mako").write_text(template.read_text())

    def add(
        self,
        revision: str,
        after: str | tuple[str, ...] | None,
        upgrade: str = "pass",
        downgrade: str = "pass",
    ) -> Path:
        """Write a revision; returns its file."""
        path = self.versions / f"{revision}_test.py"
        body = (
            f'"""Revision {revision}."""\n'
            "import sqlalchemy as sa\n"
            "from alembic import op\n\n"
            f"revision = {revision!r}\n"
            f"down_revision = {after!r}\n\n\n"
            f"def upgrade():\n{_body(upgrade)}\n\n\n"
            f"def downgrade():\n{_body(downgrade)}\n"
        )
        path.write_text(body)
        return path


def table(name: str) -> str:
    """A statement that creates a table."""
    return f"op.execute('CREATE TABLE {name} (id bigint PRIMARY KEY, n bigint)')"


async def until(connection: asyncpg.Connection, query: str) -> None:
    """Wait until a query answers with something true."""
    async with asyncio.timeout(30):
        while not await connection.fetchval(query):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.01)


def _body(code: str) -> str:
    return indent(dedent(code).strip(), "    ")
