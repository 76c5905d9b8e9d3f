"""What is asked of PostgreSQL's grammar, the schema and the prover; by others, lazily.

`tuxdb.audit.sql` answers; without its libraries, or without a schema, there are simply
no verdicts, and the rules that need them are silent.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a statement; `rule` says which rule reports it."""

    rule: str
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What is known of one statement.

    `proof` is proved, executed, matched, unproved or refused(reason). `unsafe_fix` says
    why a fix would change more than the statement.
    """

    problems: tuple[Problem, ...] = ()
    proof: str | None = None
    replacement: str | None = None
    refused: str | None = None
    unsafe_fix: str | None = None
    unknown_tables: tuple[str, ...] = ()
