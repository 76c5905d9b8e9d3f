"""TUX201 convertible: The statement has an equal in SQLAlchemy.

Bad:   conn.fetchrow("SELECT * FROM users WHERE id = $1", user_id)
Good:  select(User).where(User.id == user_id)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class Convertible(Rule):
    """The statement has an equal in SQLAlchemy."""

    code = "TUX201"
    name = "convertible"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Offer the replacement."""
        verdict = context.verdict(query)
        fix = verdict.fix if verdict else None
        made = fix and fix.kind == "rewrite" and fix.state == "applicable"
        if verdict and verdict.replacement and made:
            yield self.at(
                query,
                f"can be written in SQLAlchemy ({verdict.proof}): --fix",
                proof=verdict.proof,
                replacement=verdict.replacement,
            )
