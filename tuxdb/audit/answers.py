"""The answers of the scratch server, kept between runs; it starts when one is missing.

What is kept is named by the schema and by the code that answers, so that another
schema or another version asks anew. A proof that was kept under another schema and
holds no longer is told apart: see `lost`.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tuxdb import __version__
from tuxdb.audit.cache import folder, keep, kept
from tuxdb.audit.facts import digest
from tuxdb.audit.fix.outcomes import Conversion
from tuxdb.audit.schemas import Taken
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.applying import SchemaProblem
from tuxdb.audit.sql.check import with_arguments
from tuxdb.audit.sql.results import (
    Checked,
    Converted,
    Output,
    Problem,
    Proof,
    Unsupported,
)
from tuxdb.audit.sql.schema import ScratchSchema
from tuxdb.audit.sqltext import normalised
from tuxdb.settings import Settings

T = TypeVar("T")


class Answering:
    """Checks and proves statements, from what is kept or on the scratch server."""

    def __init__(
        self, settings: Settings, taken: Taken, stack: AsyncExitStack, *, cached: bool
    ) -> None:
        self._settings, self._taken, self._stack = settings, taken, stack
        self._scratch: ScratchSchema | None = None
        self._cached = cached
        name = digest(str(Path.cwd()).encode("utf-8", "surrogateescape"))[:24]
        self._path = folder() / f"{name}.answers.json"
        self._schema = digest(taken.key.encode(), __version__, _code())
        self._old = kept(self._path) if cached else {}
        self._known = _table(self._old, self._schema)
        proved = self._old.get("proved")
        self._proved = set(map(str, proved)) if isinstance(proved, list) else set()
        self._now: dict[str, bool] = {}
        self._places: dict[str, str] = {}
        self._new: dict[str, Any] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, taken: Taken, *, cached: bool = True
    ) -> AsyncIterator["Answering"]:
        """Answer within the block; the server is there if it is needed."""
        async with AsyncExitStack() as stack:
            answering = cls(settings, taken, stack, cached=cached)
            yield answering
            answering._save()

    async def check(self, text: str, n_args: int | None = None) -> Checked:
        """Prepare a statement; compare its parameters with the arguments."""
        key = digest(b"check", text)
        known = self._kept(key, _checked)
        if known is None:
            known = await (await self._server()).check(text)
        self._new[key] = asdict(known)
        return with_arguments(known, n_args)

    async def conversion(
        self, text: str, not_null: frozenset[int], *, execute: bool = False
    ) -> Conversion | None:
        """Convert and prove a statement; None if the schema does not accept it."""
        checked = await self.check(text)
        if not checked.accepted:
            return None
        key = digest(b"prove", text, repr(sorted(not_null)), str(execute))
        known = self._kept(key, _unpacked)
        if known is None:
            known = await self._asked(text, checked, not_null, execute=execute)
        self._new[key] = _packed(known)
        return known

    async def _asked(
        self, text: str, checked: Checked, not_null: frozenset[int], *, execute: bool
    ) -> Conversion:
        scratch = await self._server()
        converted = await scratch.convert(text, not_null=not_null)
        if isinstance(converted, Unsupported):
            proof = Proof("refused", converted.reason)
            return Conversion(converted, proof, text, checked.parameters)
        proof = await scratch.prove(text, converted)
        if execute and proof.state == "proved":
            run = await scratch.execute(text, converted)
            if run.state != "refused":  # what cannot be run is proved all the same
                proof = run
        return Conversion(converted, proof, text, checked.parameters)

    def note(self, query: RawQuery, text: str, one: Conversion | None) -> None:
        """Remember that a statement is proved, or is no longer."""
        name = digest(normalised(text).encode("utf-8", "replace"))[:16]
        holds = one is not None and one.proof.holds
        self._now[name] = self._now.get(name, True) and holds
        self._places.setdefault(name, f"{query.path}:{query.line}")

    @property
    def lost(self) -> tuple[str, ...]:
        """Where statements are whose proof, of an earlier run, holds no longer."""
        gone = [n for n, holds in self._now.items() if not holds and n in self._proved]
        return tuple(self._places[name] for name in gone)

    async def troubles(self) -> tuple[SchemaProblem, ...]:
        """The statements of the schema that the server refused.

        Where nothing was asked, the server does not start for them alone.
        """
        known = self._kept("troubles", _troubles)
        if known is None and not self._new:
            return ()
        if self._scratch is not None or known is None:
            known = (await self._server()).problems
        self._new["troubles"] = [asdict(one) for one in known]
        return known

    def _kept(self, key: str, read: Callable[[Any], T]) -> T | None:
        """What is kept under a key; what cannot be read is asked anew."""
        if key not in self._known:
            return None
        try:
            return read(self._known[key])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    async def _server(self) -> ScratchSchema:
        if self._scratch is None:
            opened = ScratchSchema.open(
                self._settings, self._taken.scripts, models=self._taken.models
            )
            self._scratch = await self._stack.enter_async_context(opened)
        return self._scratch

    def _save(self) -> None:
        if not self._cached:
            return
        proved = self._proved | {name for name, holds in self._now.items() if holds}
        proved -= {name for name, holds in self._now.items() if not holds}
        document = {
            "schema": self._schema,
            "answers": {**self._known, **self._new},
            "proved": sorted(proved),
        }
        if document != self._old:
            keep(self._path, json.dumps(document, separators=(",", ":")))


@cache
def _code() -> str:
    """Name the code that answers: another one may answer otherwise."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return " ".join(f"{file.name}:{file.stat().st_mtime_ns}" for file in files)


def _table(old: Mapping[str, Any], schema: str) -> dict[str, Any]:
    answers = old.get("answers")
    same = old.get("schema") == schema
    return dict(answers) if same and isinstance(answers, dict) else {}


def _checked(data: Mapping[str, Any]) -> Checked:
    return Checked(
        tuple(Problem(**one) for one in data["problems"]),
        tuple(data["parameters"]),
        tuple(Output(**one) for one in data["columns"]),
        data["extension"],
        tuple(Problem(**one) for one in data["doubts"]),
    )


def _troubles(data: Any) -> tuple[SchemaProblem, ...]:  # noqa: ANN401 - JSON
    return tuple(
        SchemaProblem(one["path"], one["line"], Problem(**one["problem"]))
        for one in data
    )


def _packed(one: Conversion) -> dict[str, Any]:
    kind = "unsupported" if isinstance(one.converted, Unsupported) else "converted"
    return {**asdict(one), "kind": kind}


def _unpacked(data: Mapping[str, Any]) -> Conversion:
    inner = dict(data["converted"])
    converted: Converted | Unsupported
    if data["kind"] == "unsupported":
        converted = Unsupported(**inner)
    else:
        columns = tuple(Output(**one) for one in inner.pop("columns"))
        lists = {k: tuple(v) for k, v in inner.items() if isinstance(v, list | tuple)}
        converted = Converted(**{**inner, **lists, "columns": columns})
    types = tuple(data["types"])
    return Conversion(converted, Proof(**data["proof"]), data["text"], types)
