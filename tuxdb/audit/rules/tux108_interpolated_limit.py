"""TUX108 interpolated-limit: LIMIT, OFFSET or INTERVAL is put into the SQL text.

Bad:   conn.fetch(f"SELECT * FROM cases OFFSET {page * 10}")
Good:  conn.fetch("SELECT * FROM cases OFFSET $1", page * 10)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class InterpolatedLimit(Rule):
    """LIMIT, OFFSET or INTERVAL is put into the SQL text."""

    code = "TUX108"
    name = "interpolated-limit"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "limit")
        if holes:
            yield self.at(
                query,
                f"{sources(holes)} is put into the text",
                hint="bind it as a parameter; an interval as a timedelta",
                hole=holes[0],
            )
