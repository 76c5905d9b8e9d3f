"""TUX101 interpolated-value: A value is put into the SQL text.

Bad:   conn.fetch(f"SELECT id FROM users WHERE name = '{name}'")
Good:  conn.fetch("SELECT id FROM users WHERE name = $1", name)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class InterpolatedValue(Rule):
    """A value is put into the SQL text."""

    code = "TUX101"
    name = "interpolated-value"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "value")
        if holes:
            yield self.at(
                query,
                f"{sources(holes)} is put into the text: who chooses it writes SQL",
                hint="bind it as a parameter",
                hole=holes[0],
            )
