"""TUX107 quoted-by-hand: A value stands in quotes that the program writes.

Bad:   conn.fetch(f"SELECT * FROM users WHERE name = '{name}'")
Good:  conn.fetch("SELECT * FROM users WHERE name = $1", name)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class QuotedByHand(Rule):
    """A value stands in quotes that the program writes."""

    code = "TUX107"
    name = "quoted-by-hand"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "quoted")
        if holes:
            yield self.at(
                query,
                f"{sources(holes)} stands between quotes; a quote in it ends them",
                hint="bind it as a parameter, without quotes",
                hole=holes[0],
            )
