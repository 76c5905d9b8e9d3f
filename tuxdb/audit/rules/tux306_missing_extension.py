"""TUX306 missing-extension: An extension is needed that the schema lacks.

Bad:   conn.fetch("SELECT * FROM tags WHERE name % $1", name)  # pg_trgm
Good:  CREATE EXTENSION IF NOT EXISTS pg_trgm  -- in a revision
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class MissingExtension(Rule):
    """An extension is needed that the schema lacks."""

    code = "TUX306"
    name = "missing-extension"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Report what the verdict of PostgreSQL says."""
        verdict = context.verdict(query)
        for problem in verdict.problems if verdict else ():
            if problem.rule == self.code:
                yield self.at(query, problem.message, hint=problem.hint)
