"""TUX302 unknown-object: A table or column is not in the schema.

Bad:   conn.fetch("SELECT nmae FROM users")
Good:  conn.fetch("SELECT name FROM users")
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class UnknownObject(Rule):
    """A table or column is not in the schema."""

    code = "TUX302"
    name = "unknown-object"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Report what the verdict of PostgreSQL says."""
        verdict = context.verdict(query)
        for problem in verdict.problems if verdict else ():
            if problem.rule == self.code:
                yield self.at(query, problem.message, hint=problem.hint)
