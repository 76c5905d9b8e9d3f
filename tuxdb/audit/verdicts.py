"""What the project's own schema says of each statement, asked on a scratch server.

The schema comes from a `.sql` file or a folder of them, or from the models of the
tree, which are read and never imported. Statements for other databases are left out.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tuxdb.audit.discover import discover
from tuxdb.audit.facts import Facts
from tuxdb.audit.sites import RawQuery, Span
from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.audit.sql.mapping import ModelSource, read_models
from tuxdb.audit.sql.mapping.ddl import schema_of
from tuxdb.audit.sql.results import Problem as Answer
from tuxdb.audit.sql.results import Unsupported
from tuxdb.audit.sql.schema import ScratchSchema
from tuxdb.audit.sqlside import Problem, Verdict
from tuxdb.audit.sqltext import verb
from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings

RULES = {
    "relation": "TUX302",
    "column": "TUX302",
    "function": "TUX302",
    "type": "TUX302",
    "parameters": "TUX303",
    "extension": "TUX306",
}
MANY = ("executemany", "prepare", "execute_batch", "execute_values", "copy_from_query")
CONVERTED = ("SELECT", "INSERT", "UPDATE", "DELETE")
_DEFINES = re.compile(r"\bCREATE\s+(UNLOGGED\s+)?TABLE\b", re.IGNORECASE)

Told = Callable[[str, int, int], None]
Verdicts = dict[tuple[str, Span], Verdict]


class Schema:
    """Where the schema is taken from: `auto`, `models`, or a path."""

    def __init__(self, choice: str, paths: Sequence[Path]) -> None:
        self.choice = choice
        self.paths = paths

    def sources(
        self, facts: Sequence[Facts]
    ) -> tuple[list[SchemaSource], tuple[ModelSource, ...]]:
        """Return the scripts, and the models that statements are written with."""
        models = read_models([Path(one.path) for one in facts if one.tables])
        scripts = [] if self.choice == "models" else self._scripts()
        if not scripts:
            if self.choice not in ("auto", "models"):
                raise ConfigurationError(f"{self.choice}: no CREATE TABLE found")
            scripts = [SchemaSource("models", schema_of(models))] if models else []
        if not scripts:
            raise ConfigurationError(
                "no schema found: neither a .sql file nor models",
                hint="--schema FILE.sql",
            )
        return scripts, tuple(models)

    def _scripts(self) -> list[SchemaSource]:
        given = self.paths if self.choice == "auto" else [Path(self.choice)]
        found = []
        for source in discover(given):
            text = source.data.decode("utf-8", "replace")
            if not source.python and _DEFINES.search(text):
                found.append(SchemaSource(source.path, text))
        return found


async def ask(
    settings: Settings,
    schema: Schema,
    facts: Sequence[Facts],
    *,
    prove: bool,
    told: Told = lambda _stage, _done, _total: None,
) -> Verdicts:
    """Check every statement that is known; with `prove`, convert and prove it, too."""
    scripts, models = schema.sources(facts)
    queries = [query for one in facts for query in one.queries if _is_asked(query)]
    found: Verdicts = {}
    async with ScratchSchema.open(settings, scripts, models=models) as scratch:
        for done, query in enumerate(queries, 1):
            found[(query.path, query.span)] = await _verdict(
                scratch, query, prove=prove
            )
            told("checking", done, len(queries))
    return found


def _is_asked(query: RawQuery) -> bool:
    plain = query.text is not None and query.constant and not query.holes
    numbered = query.paramstyle in ("numbered", "none")
    return plain and numbered and query.dialect in ("postgresql", "unknown")


async def _verdict(scratch: ScratchSchema, query: RawQuery, *, prove: bool) -> Verdict:
    text = query.text or ""
    count = None if query.starred or query.method in MANY else len(query.args)
    checked = await scratch.check(text, count)
    problems = tuple(_problem(one) for one in checked.problems if one.kind in RULES)
    if not prove or not checked.accepted or verb(text) not in CONVERTED:
        return Verdict(problems)
    return await _proved(scratch, text)


async def _proved(scratch: ScratchSchema, text: str) -> Verdict:
    converted = await scratch.convert(text)
    if isinstance(converted, Unsupported):
        return Verdict(proof="refused", refused=converted.reason)
    proof = await scratch.prove(text, converted)
    state = f"refused ({proof.reason})" if proof.state == "refused" else proof.state
    code = "\n".join((*converted.setup, converted.expression))
    return Verdict(proof=state, replacement=code)


def _problem(answer: Answer) -> Problem:
    hint = f"did you mean {answer.suggestion}?" if answer.suggestion else None
    return Problem(RULES[answer.kind], answer.message, hint)
