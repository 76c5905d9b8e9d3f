"""TUX301 unparsable-sql: PostgreSQL cannot parse the statement.

Bad:   conn.fetch("SELECT * * FROM users")
Good:  conn.fetch("SELECT * FROM users")
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class UnparsableSql(Rule):
    """PostgreSQL cannot parse the statement."""

    code = "TUX301"
    name = "unparsable-sql"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Report what the verdict of PostgreSQL says."""
        verdict = context.verdict(query)
        for problem in verdict.problems if verdict else ():
            if problem.rule == self.code:
                yield self.at(query, problem.message, hint=problem.hint)
