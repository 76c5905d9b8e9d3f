"""What is asked of PostgreSQL's grammar, the schema and the prover; by others, lazily.

`tuxdb.audit.verdicts` answers; without its libraries, or without a schema, there are
simply no verdicts, and the rules that need them are silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tuxdb.audit.sites import Span

FixState = Literal["applicable", "unsafe", "refused"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a statement; `rule` says which rule reports it."""

    rule: str
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class Region:
    """A stretch of a file that a fix replaces: lines from 1, columns from 0.

    The columns are in UTF-16 code units, as SARIF counts them.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True)
class FixOffer:
    """What --fix would do with a call, and why not, or why only if asked for."""

    state: FixState
    kind: str = ""  # "rewrite", "bind"
    why: tuple[str, ...] = ()
    code: str = ""
    regions: tuple[Region, ...] = ()

    @property
    def reason(self) -> str:
        """Why it is refused or unsafe, in one line."""
        return "; ".join(self.why)


@dataclass(frozen=True)
class Verdict:
    """What is known of one statement.

    `proof` is proved, executed, unproved or refused (reason): whether the replacement
    is equal. `refused` says why there is none. `fix` is what --fix would do.
    """

    problems: tuple[Problem, ...] = ()
    proof: str | None = None
    replacement: str | None = None
    refused: str | None = None
    fix: FixOffer | None = None

    @property
    def holds(self) -> bool:
        """Whether the replacement may be called equal."""
        return self.proof in ("proved", "executed")


Verdicts: TypeAlias = Mapping[tuple[str, Span], Verdict]


@dataclass(frozen=True)
class SchemaTrouble:
    """A statement of the schema that the server refused."""

    path: str
    line: int
    message: str


@dataclass(frozen=True)
class Answers:
    """Everything the SQL side says of a tree.

    `schema` says what it was asked with; `why_not` why it was not asked. `lost` are
    the places of proofs that an earlier run had, and that hold no longer.
    """

    verdicts: Verdicts = field(default_factory=dict)
    schema: str = ""
    why_not: str = ""
    troubles: tuple[SchemaTrouble, ...] = ()
    left_out: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    proving: bool = False

    @property
    def checked(self) -> bool:
        """Whether a schema was there to check against."""
        return bool(self.schema) and not self.why_not
