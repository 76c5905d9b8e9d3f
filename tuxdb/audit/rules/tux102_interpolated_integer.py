"""TUX102 interpolated-integer: A number is put into the SQL text.

Bad:   conn.fetch(f"SELECT * FROM cases WHERE guild_id = {ctx.guild.id}")
Good:  conn.fetch("SELECT * FROM cases WHERE guild_id = $1", ctx.guild.id)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class InterpolatedInteger(Rule):
    """A number is put into the SQL text."""

    code = "TUX102"
    name = "interpolated-integer"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for the holes of this kind."""
        del context
        holes = of_kind(query, "value_int")
        if holes:
            yield self.at(
                query,
                f"{sources(holes)} looks like a number and is put into the SQL text",
                hint="bind it as a parameter",
                hole=holes[0],
            )
