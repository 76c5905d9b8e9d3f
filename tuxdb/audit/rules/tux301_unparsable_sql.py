"""TUX301 unparsable-sql: PostgreSQL cannot parse the statement.

Bad:   conn.fetch("SELECT * * FROM users")
Good:  conn.fetch("SELECT * FROM users")
"""

from collections.abc import Iterator

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule


class UnparsableSql(Rule):
    """PostgreSQL cannot parse the statement."""

    code = "TUX301"
    name = "unparsable-sql"
    severity = Severity.ERROR

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Report what PostgreSQL's own grammar said when the file was read."""
        del context
        for query in facts.queries:
            problem = facts.notes.get(query.text or "")
            if problem:
                yield self.at(query, f"PostgreSQL cannot parse it: {problem}")
