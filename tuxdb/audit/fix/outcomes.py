"""What is known of a call's replacement, and what was decided for it."""

from dataclasses import dataclass

from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.imports import Import
from tuxdb.audit.fix.repository import Method
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sql.results import Converted, Proof, Unsupported


@dataclass(frozen=True)
class Conversion:
    """What the SQL side says of a call: the replacement and its proof.

    `text` is the statement that was converted, with `$n` for interpolated values;
    None means the query's own. `types` are PostgreSQL's of its parameters, as the
    server gives them.
    """

    converted: Converted | Unsupported
    proof: Proof
    text: str | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fix:
    """The edits of one call in its file. `unsafe` says why, if it is."""

    query: RawQuery
    kind: str  # "rewrite", "bind"
    edits: tuple[Edit, ...]
    imports: tuple[Import, ...] = ()
    definitions: tuple[str, ...] = ()
    unsafe: tuple[str, ...] = ()
    code: str = ""
    method: Method | None = None  # of a repository, in a file of its own

    @property
    def safe(self) -> bool:
        """Whether the fix may be made without asking."""
        return not self.unsafe


@dataclass(frozen=True)
class Refusal:
    """Why a call is not fixed."""

    query: RawQuery
    reason: str
