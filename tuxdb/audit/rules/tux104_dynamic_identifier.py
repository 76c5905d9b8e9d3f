"""TUX104 dynamic-identifier: A name or a piece of SQL comes from outside the function.

Bad:   conn.execute(f"UPDATE guilds SET {column} = $1", value)
Good:  if column in COLUMNS: ...  # or getattr(Guild, column) of a checked name
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, of_kind, sources
from tuxdb.audit.sites import RawQuery


class DynamicIdentifier(Rule):
    """A name or a piece of SQL comes from outside the function."""

    code = "TUX104"
    name = "dynamic-identifier"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for identifiers that nothing has checked."""
        del context
        found = of_kind(query, "identifier", "keyword", "unknown")
        holes = [hole for hole in found if not hole.guarded]
        names = [hole for hole in holes if hole.kind == "identifier"]
        what = "names a table or column" if names else "is a piece of SQL"
        if holes:
            hint = "allow only names from a list of your own"
            text = f"{sources(names or holes)} {what} that is not known here"
            yield self.at(query, text, hint=hint, hole=holes[0])
