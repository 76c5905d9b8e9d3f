"""TUX205 ddl-at-run-time: The program changes the schema while it runs.

Bad:   conn.execute("CREATE TABLE IF NOT EXISTS users (...)")
Good:  a revision: op.create_table("users", ...)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import DDL, first_word

MIGRATIONS = ("alembic", "migrations", "versions", "revisions")


class DdlAtRunTime(Rule):
    """The program changes the schema while it runs."""

    code = "TUX205"
    name = "ddl-at-run-time"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for DDL outside of migrations."""
        del context
        revision = any(part in MIGRATIONS for part in query.path.split("/"))
        if query.text is None or revision or query.api.startswith("alembic"):
            return
        word = first_word(query.text)
        if word in DDL:
            text = f"{word} at run time belongs into a migration"
            yield self.at(query, text, hint="tuxdb migrate new")
