"""TUX206 insert-without-columns: An INSERT does not name its columns.

Bad:   conn.execute("INSERT INTO users VALUES ($1, $2)", a, b)
Good:  conn.execute("INSERT INTO users (id, name) VALUES ($1, $2)", a, b)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tokens

FOLLOWING = ("VALUES", "SELECT", "TABLE")


class InsertWithoutColumns(Rule):
    """An INSERT does not name its columns."""

    code = "TUX206"
    name = "insert-without-columns"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look behind INTO and the name of the table."""
        del context
        split = tokens(query.text or "")
        for at, token in enumerate(split):
            if token.upper == "INTO" and at and split[at - 1].upper == "INSERT":
                dotted = at + 2 < len(split) and split[at + 2].text == "."
                behind = split[at + (4 if dotted else 2) :][:1]
                if behind and behind[0].upper in FOLLOWING:
                    yield self.at(query, "INSERT without the names of its columns")
                return
