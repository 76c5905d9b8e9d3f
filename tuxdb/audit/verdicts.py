"""What the project's own schema says of each statement, asked on a scratch server.

Each statement is prepared there: what is unknown, what does not fit. If it is wanted,
each is converted and proved as well, and it is decided what --fix would do with it, by
the same code as --fix. Statements for MySQL are left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tuxdb.audit.answers import Answering
from tuxdb.audit.facts import Facts
from tuxdb.audit.fix.outcomes import Conversion, Fix, Refusal
from tuxdb.audit.fix.plan import FixOptions, Plan, plan
from tuxdb.audit.fix.proving import never_null, statement
from tuxdb.audit.fix.regions import regions
from tuxdb.audit.gather import Told
from tuxdb.audit.placeholders import MANY, Unnumbered, numbered, style_of
from tuxdb.audit.schemas import Taken
from tuxdb.audit.sites import RawQuery, Span
from tuxdb.audit.sql.results import Problem as Answer
from tuxdb.audit.sql.results import Unsupported
from tuxdb.audit.sqlside import Answers, FixOffer, Problem, SchemaTrouble, Verdict
from tuxdb.audit.sqltext import QUERIES, verb
from tuxdb.settings import Settings

RULES = {
    "relation": "TUX302",
    "column": "TUX302",
    "function": "TUX302",
    "type": "TUX302",
    "parameters": "TUX303",
    "condition": "TUX305",
    "extension": "TUX306",
}
LACKING = frozenset({"relation", "column", "function", "type"})


@dataclass(frozen=True)
class Wanted:
    """What is asked besides the check: proofs, and their execution.

    Proofs are wanted where `fixes` say how the project is fixed. `only` leaves every
    other call unproved.
    """

    execute: bool = False
    fixes: FixOptions | None = None
    only: Callable[[RawQuery], bool] = lambda _query: True
    cached: bool = True


@dataclass(frozen=True)
class Asked:
    """The answers, and the plan of the fixes where proofs were wanted."""

    answers: Answers
    plan: Plan | None = None


async def ask(
    settings: Settings,
    taken: Taken | None,
    facts: Sequence[Facts],
    wanted: Wanted,
    told: Told = lambda _stage, _done, _total: None,
) -> Asked:
    """Check every statement that is known; prove it, and plan its fix, if wanted.

    Without a schema nothing is checked or converted, but values can still be bound.
    """
    queries = [query for one in facts for query in one.queries]
    found: dict[tuple[str, Span], Verdict] = {}
    made: Plan | None = None
    if taken is None:
        if wanted.fixes is not None:
            made = _planned(queries, {}, wanted, wanted.fixes, found)
        return Asked(Answers(found, proving=wanted.fixes is not None), made)
    async with Answering.open(settings, taken, cached=wanted.cached) as answering:
        known = [query for query in queries if _is_asked(query)]
        for done, query in enumerate(known, 1):
            problems = await _problems(answering, query, partial=taken.partial)
            found[(query.path, query.span)] = Verdict(problems)
            told("checking", done, len(known))
        if wanted.fixes is not None:
            conversions = await _conversions(
                answering, facts, wanted, wanted.fixes.sources, told
            )
            made = _planned(queries, conversions, wanted, wanted.fixes, found)
        troubles = await answering.troubles()
    answers = Answers(
        found,
        schema=taken.said,
        troubles=tuple(
            SchemaTrouble(one.path, one.line, one.problem.message) for one in troubles
        ),
        left_out=taken.left_out,
        lost=answering.lost,
        proving=wanted.fixes is not None,
    )
    return Asked(answers, made)


def _is_asked(query: RawQuery) -> bool:
    """Whether the server is asked; what SQLite understands, it need not."""
    whole = query.constant and not query.holes and not query.variants
    return whole and query.dialect in ("postgresql", "unknown")


async def _problems(
    answering: Answering, query: RawQuery, *, partial: bool
) -> tuple[Problem, ...]:
    try:
        known = numbered(query)
    except Unnumbered:
        return ()
    given = known.given if _counts(query) else None
    checked = await answering.check(known.text, given)
    # a table that a guess lacks may be somewhere else
    told = RULES.keys() - LACKING if partial else RULES.keys()
    found = [_problem(one) for one in checked.problems if one.kind in told]
    found += [_problem(one) for one in checked.doubts]
    if checked.extension:
        message = f"needs the extension {checked.extension}, which no file creates"
        hint = f'CREATE EXTENSION IF NOT EXISTS "{checked.extension}"'
        found.append(Problem("TUX306", message, hint))
    return tuple(found)


def _counts(query: RawQuery) -> bool:
    """Whether the arguments of a call are the values, one by one.

    A wrapper may take them as a list.
    """
    if style_of(query) not in ("numbered", "none") or query.method in MANY:
        return False
    return not query.api.startswith("wrapper.") or len(query.args) > 1


def _problem(answer: Answer) -> Problem:
    hint = f"did you mean {answer.suggestion}?" if answer.suggestion else answer.hint
    return Problem(RULES[answer.kind], answer.message, hint)


async def _conversions(
    answering: Answering,
    facts: Sequence[Facts],
    wanted: Wanted,
    sources: Mapping[str, bytes],
    told: Told,
) -> dict[RawQuery, Conversion]:
    """Convert and prove each statement that the schema accepts."""
    meant = [one for one in facts if any(map(wanted.only, one.queries))]
    values = never_null(meant, sources)
    chosen = {query: known for query, known in values.items() if wanted.only(query)}
    found: dict[RawQuery, Conversion] = {}
    for done, (query, not_null) in enumerate(chosen.items(), 1):
        text = statement(query)
        if text is not None and verb(text) in QUERIES:
            one = await answering.conversion(text, not_null, execute=wanted.execute)
            answering.note(query, text, one)
            if one is not None:
                found[query] = one
        told("proving", done, len(chosen))
    return found


def _planned(
    queries: Sequence[RawQuery],
    conversions: Mapping[RawQuery, Conversion],
    wanted: Wanted,
    fixes: FixOptions,
    found: dict[tuple[str, Span], Verdict],
) -> Plan:
    """Plan the fixes, and enter into the verdicts what was decided."""
    chosen = [query for query in queries if wanted.only(query)]
    made = plan(chosen, conversions, fixes)
    for query, outcome in made.outcomes.items():
        key = (query.path, query.span)
        known = found.get(key, Verdict())
        one = conversions.get(query)
        offer = _offer(outcome, fixes)
        if one is None:
            binds = isinstance(outcome, Fix) or query.classified == "unsafe"
            found[key] = replace(known, fix=offer) if binds else known
        else:
            found[key] = replace(_of_conversion(known, query, one), fix=offer)
    return made


def _of_conversion(known: Verdict, query: RawQuery, one: Conversion) -> Verdict:
    if isinstance(one.converted, Unsupported):
        reason = one.converted.reason
        return replace(known, proof=f"refused ({reason})", refused=reason)
    setup, expression = one.converted.code(_arguments(query, one.converted.params))
    state = one.proof.state
    proof = f"{state} ({one.proof.reason})" if one.proof.reason else state
    return replace(known, proof=proof, replacement="\n".join((*setup, expression)))


def _arguments(query: RawQuery, names: Sequence[str]) -> Sequence[str]:
    """What is bound, as the source has it; stand-ins where that cannot be seen."""
    try:
        known = numbered(query).args
    except Unnumbered:
        return names
    values = [hole.source for hole in query.holes if hole.kind != "literal"]
    given = [*(known or ()), *values]
    return given if len(given) == len(names) else names


def _offer(outcome: Fix | Refusal, options: FixOptions) -> FixOffer:
    if isinstance(outcome, Refusal):
        return FixOffer("refused", why=(outcome.reason,))
    return FixOffer(
        "applicable" if outcome.safe else "unsafe",
        outcome.kind,
        outcome.unsafe,
        outcome.code,
        regions(outcome, options),
    )
