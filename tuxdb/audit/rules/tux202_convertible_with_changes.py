"""TUX202 convertible-with-changes: It has an equal, but its result is used differently.

Bad:   (await conn.execute("DELETE ...")) == "DELETE 1"
Good:  (await session.execute(delete(...))).rowcount == 1
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class ConvertibleWithChanges(Rule):
    """It has an equal, but its result is used differently."""

    code = "TUX202"
    name = "convertible-with-changes"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Offer the replacement, and say what else changes."""
        verdict = context.verdict(query)
        if verdict and verdict.replacement and verdict.unsafe_fix:
            yield self.at(
                query,
                f"can be written in SQLAlchemy; {verdict.unsafe_fix}",
                proof=verdict.proof,
                replacement=verdict.replacement,
            )
