"""`ScratchSchema`: the project's schema on a server that nobody else uses."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tuxdb.audit.sql import catalogue, server
from tuxdb.audit.sql.applying import Applied, SchemaProblem, SchemaSource, apply
from tuxdb.audit.sql.check import Checker
from tuxdb.audit.sql.results import Checked, Converted, Proof, Unsupported
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tuxdb.audit.sql.mapping.model import ModelSource
    from tuxdb.audit.sql.prove import Prover
    from tuxdb.audit.sql.server import Connection

NO_ARGS: frozenset[int] = frozenset()


class ScratchSchema:
    """A schema that checks, converts and proves statements; see the package."""

    def __init__(
        self,
        connection: "Connection",
        found: catalogue.Catalogue,
        applied: Applied,
        models: tuple["ModelSource", ...] = (),
    ) -> None:
        self.connection = connection
        self.catalogue = found
        self.applied = applied
        self.models = models
        self._lock = asyncio.Lock()
        self._checker = Checker(connection, found, applied)
        self._checked: dict[str, Checked] = {}
        self._proving: Prover | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        sources: Iterable[SchemaSource] = (),
        *,
        models: Iterable["ModelSource"] = (),
    ) -> AsyncIterator["ScratchSchema"]:
        """Make the schema on the embedded server, and drop it after the block."""
        async with server.scratch(settings) as connection:
            applied = await apply(connection, sources)
            found = await catalogue.read(connection)
            await connection.execute("CREATE SCHEMA tuxdb_audit")
            yield cls(connection, found, applied, tuple(models))

    @property
    def problems(self) -> tuple[SchemaProblem, ...]:
        """Statements of the schema that the server refused."""
        return tuple(self.applied.problems)

    async def check(self, text: str, n_args: int | None = None) -> Checked:
        """Prepare a statement: what is unknown, what does not fit its arguments."""
        async with self._lock:
            found = self._checked.get(text)
            if found is None:
                found = self._checked[text] = await self._checker.check(text)
        return self._checker.with_arguments(found, n_args)

    async def convert(
        self,
        text: str,
        *,
        not_null: frozenset[int] = NO_ARGS,
        taken: frozenset[str] = frozenset(),
        tables: bool = False,
    ) -> Converted | Unsupported:
        """Write a statement as SQLAlchemy source.

        `not_null` are the arguments that are never None, `taken` the names that the
        setup must not bind; `tables` leaves the project's models aside.
        """
        from tuxdb.audit.sql.convert import convert  # noqa: PLC0415 - on demand

        checked = await self.check(text)
        return convert(
            text,
            checked,
            self.catalogue,
            () if tables else self.models,
            not_null=not_null,
            taken=taken,
        )

    async def prove(self, text: str, converted: Converted) -> Proof:
        """Ask PostgreSQL whether both statements are one to it."""
        checked = await self.check(text)
        async with self._lock:
            return await self._prover().prove(text, checked, converted)

    def _prover(self) -> "Prover":
        if self._proving is None:
            # SQLAlchemy loads with the first proof
            from tuxdb.audit.sql.namespace import build  # noqa: PLC0415
            from tuxdb.audit.sql.prove import Prover  # noqa: PLC0415

            stand_ins = build(self.models)
            self._proving = Prover(self.connection, self.catalogue, stand_ins)
        return self._proving
