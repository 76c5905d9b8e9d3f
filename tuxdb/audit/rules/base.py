"""What a rule is: a code, a severity, and what it finds in a query, file or tree."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity, Suppression, fingerprint
from tuxdb.audit.sites import Hole, RawQuery, Span
from tuxdb.audit.sqlside import Verdict


@dataclass
class Context:
    """What a rule may look at besides the query: the whole tree."""

    files: Sequence[Facts] = ()
    verdicts: Mapping[tuple[str, Span], Verdict] = field(default_factory=dict)
    checked: bool = False
    """Whether a schema was there to check against."""
    unused: Sequence[tuple[str, Suppression]] = ()
    imported: Sequence[str] = ()
    """The tables of models that were imported."""

    @cached_property
    def queries(self) -> list[RawQuery]:
        """Every query of the tree."""
        return [query for file in self.files for query in file.queries]

    @cached_property
    def models(self) -> set[str]:
        """The tables that have a model in the tree."""
        read = {table.lower() for file in self.files for table in file.tables}
        return read | {table.lower() for table in self.imported}

    def verdict(self, query: RawQuery) -> Verdict | None:
        """What PostgreSQL and the schema say of a query, if they were asked."""
        return self.verdicts.get((query.path, query.span))


class Rule:
    """A rule: override one of the three checks."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look at one query."""
        del query, context
        yield from ()

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Look at one file."""
        del facts, context
        yield from ()

    def check_tree(self, context: Context) -> Iterator[Finding]:
        """Look at everything at once."""
        del context
        yield from ()

    @property
    def text(self) -> str:
        """The documentation of the rule: its module's docstring."""
        return (sys.modules[type(self).__module__].__doc__ or "").strip()

    @property
    def title(self) -> str:
        """The first line of the documentation, without the code and the name."""
        return self.text.splitlines()[0].partition(": ")[2].rstrip(".")

    def at(
        self,
        query: RawQuery,
        message: str,
        *,
        hint: str | None = None,
        hole: Hole | None = None,
        proof: str | None = None,
        replacement: str | None = None,
    ) -> Finding:
        """Make a finding at a query."""
        otherwise = f"{query.api} {query.function} {hole.source if hole else ''}"
        return Finding(
            rule=self.code,
            severity=self.severity,
            path=query.path,
            span=query.span,
            message=message,
            fingerprint=fingerprint(query.text, otherwise),
            query=query,
            proof=proof,
            replacement=replacement,
            hint=hint,
        )

    def in_file(
        self, path: str, span: Span, message: str, *, hint: str | None = None
    ) -> Finding:
        """Make a finding at a place without a query."""
        return Finding(
            rule=self.code,
            severity=self.severity,
            path=path,
            span=span,
            message=message,
            fingerprint=fingerprint(None, message),
            hint=hint,
        )


def sources(holes: Iterable[Hole]) -> str:
    """Name the sources of holes, for a message: `a`, `b` and 2 more."""
    found = list(dict.fromkeys(f"`{shortened(hole.source)}`" for hole in holes))
    if len(found) <= 2:  # noqa: PLR2004 - as many as fit a line
        return " and ".join(found)
    return f"{found[0]}, {found[1]} and {len(found) - 2} more"


def shortened(text: str, most: int = 48) -> str:
    """A text short enough for a message."""
    return text if len(text) <= most else text[: most - 1] + "…"


def of_kind(query: RawQuery, *kinds: str) -> list[Hole]:
    """Return the holes of these kinds."""
    return [hole for hole in query.holes if hole.kind in kinds]
