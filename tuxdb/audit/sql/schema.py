"""`ScratchSchema`: the project's schema on a server that nobody else uses."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tuxdb.audit.sql import catalogue, server
from tuxdb.audit.sql.applying import Applied, SchemaProblem, SchemaSource, apply
from tuxdb.audit.sql.check import Checker, with_arguments
from tuxdb.audit.sql.results import Checked, Converted, Proof, Unsupported
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncEngine

    from tuxdb.audit.sql.execute import Executor
    from tuxdb.audit.sql.mapping.model import ModelSource
    from tuxdb.audit.sql.prove import Prover


class ScratchSchema:
    """A schema that checks, converts and proves statements; see the package."""

    def __init__(
        self,
        scratch: server.Scratch,
        found: catalogue.Catalogue,
        applied: Applied,
        models: tuple["ModelSource", ...] = (),
    ) -> None:
        self.scratch = scratch
        self.catalogue = found
        self.applied = applied
        self.models = models
        self._lock = asyncio.Lock()
        self._checker = Checker(scratch.connection, found, applied)
        self._checked: dict[str, Checked] = {}
        self._built: Mapping[str, type] | None = None
        self._proofs: dict[tuple[str, Converted], Proof] = {}
        self._proving: Prover | None = None
        self._executing: Executor | None = None
        self._engine: AsyncEngine | None = None

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
        async with server.scratch(settings) as scratch:
            applied = await apply(scratch.connection, sources)
            found = await catalogue.read(scratch.connection)
            await scratch.connection.execute("CREATE SCHEMA IF NOT EXISTS tuxdb_audit")
            schema = cls(scratch, found, applied, tuple(models))
            try:
                yield schema
            finally:
                await schema.close()

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
        return with_arguments(found, n_args)

    async def convert(
        self,
        text: str,
        *,
        not_null: Collection[int] = (),
        taken: Collection[str] = (),
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
            not_null=frozenset(not_null),
            taken=frozenset(taken),
        )

    async def prove(self, text: str, converted: Converted) -> Proof:
        """Ask PostgreSQL whether both statements are one to it."""
        key = (text, converted)
        if key not in self._proofs:
            checked = await self.check(text)
            async with self._lock:
                prover = self._prover()
                self._proofs[key] = await prover.prove(text, checked, converted)
        return self._proofs[key]

    async def compare(
        self, original: str, replacement: str, parameters: tuple[str, ...]
    ) -> Proof:
        """Prove or refute that two texts over the same parameters are one."""
        async with self._lock:
            return await self._prover().compare(original, replacement, parameters)

    async def execute(self, text: str, converted: Converted) -> Proof:
        """Run both statements on seeded rows, rolled back, and compare."""
        checked = await self.check(text)
        async with self._lock:
            return await (await self._executor()).execute(text, checked, converted)

    async def close(self) -> None:
        """Close what executing has opened."""
        if self._executing is not None:
            await self._executing.close()
        if self._engine is not None:
            await self._engine.dispose()

    def _stand_ins(self) -> "Mapping[str, type]":
        if self._built is None:
            # SQLAlchemy loads with the first proof
            from tuxdb.audit.sql.namespace import build  # noqa: PLC0415

            self._built = build(self.models)
        return self._built

    def _prover(self) -> "Prover":
        if self._proving is None:
            from tuxdb.audit.sql.prove import Prover  # noqa: PLC0415 - SQLAlchemy

            self._proving = Prover(
                self.scratch.connection, self.catalogue, self._stand_ins()
            )
        return self._proving

    async def _executor(self) -> "Executor":
        if self._executing is None:
            from tuxdb.audit.sql.execute import Executor, engine_for  # noqa: PLC0415
            from tuxdb.audit.sql.rows import Seeder  # noqa: PLC0415 - on demand

            await Seeder(self.scratch.connection, self.catalogue).seed()
            role = await self.scratch.make_role()
            self._engine = engine_for(self.scratch.url)
            connection = await self._engine.connect()
            self._executing = Executor(
                connection, self.catalogue, self._stand_ins(), role
            )
        return self._executing
