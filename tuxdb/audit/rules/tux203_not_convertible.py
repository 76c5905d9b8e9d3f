"""TUX203 not-convertible: The statement has no equal in SQLAlchemy and stays text.

Bad:   conn.copy_from_query("COPY (SELECT ...) TO STDOUT")
Good:  text("...") with named parameters
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class NotConvertible(Rule):
    """The statement has no equal in SQLAlchemy and stays text."""

    code = "TUX203"
    name = "not-convertible"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Name the construct that stands against it."""
        verdict = context.verdict(query)
        if verdict and verdict.refused:
            yield self.at(query, f"stays text: {verdict.refused}", proof=verdict.proof)
