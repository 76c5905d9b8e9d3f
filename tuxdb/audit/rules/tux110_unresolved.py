"""TUX110 unresolved: The SQL cannot be told from the source.

Bad:   conn.execute(build_query(request))
Good:  a constant, or an expression of SQLAlchemy
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class Unresolved(Rule):
    """The SQL cannot be told from the source."""

    code = "TUX110"
    name = "unresolved"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for calls of which nothing is known."""
        del context
        known = query.text is not None or query.wrapper or query.holes
        if not known:
            yield self.at(query, "the SQL of this call cannot be told from the source")
