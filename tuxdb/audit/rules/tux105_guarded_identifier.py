"""TUX105 guarded-identifier: A name is put into the SQL text after a check.

Bad:   if column in ALLOWED: conn.execute(f"UPDATE t SET {column} = $1", value)
Good:  conn.execute(update(Table).values({getattr(Table, column): value}))
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class GuardedIdentifier(Rule):
    """A name is put into the SQL text after a check."""

    code = "TUX105"
    name = "guarded-identifier"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for identifiers that were checked before."""
        del context
        found = of_kind(query, "identifier", "keyword")
        holes = [hole for hole in found if hole.guarded]
        if holes:
            text = f"{sources(holes)} is put into the SQL text; a check was seen"
            yield self.at(query, text, hole=holes[0])
