"""TUX103 joined-list: The list of an IN is joined from values.

Bad:   conn.fetch(f"... WHERE id IN ({','.join(map(str, ids))})")
Good:  conn.fetch("... WHERE id = ANY($1)", ids)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class JoinedList(Rule):
    """The list of an IN is joined from values."""

    code = "TUX103"
    name = "joined-list"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "list")
        if holes:
            yield self.at(
                query,
                f"{sources(holes)} is joined into the SQL text",
                hint="= ANY($1) with the list as one parameter, or column.in_(list)",
                hole=holes[0],
            )
