"""TUX106 foreign-statement: A whole statement is typed by a user or written by a model.

Bad:   await ctx.db.fetch(query)  # typed by whoever may run the command
Good:  a role that may only read, statement_timeout, one parsed SELECT
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class ForeignStatement(Rule):
    """A whole statement is typed by a user or written by a model."""

    code = "TUX106"
    name = "foreign-statement"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "statement")
        if holes:
            yield self.at(
                query,
                f"the whole statement is {sources(holes)}, from a command or a model",
                hint="a read-only role, a statement_timeout, and one parsed SELECT",
                hole=holes[0],
            )
