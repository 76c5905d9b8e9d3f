"""TUX206 insert-without-columns: An INSERT does not name its columns.

Bad:   conn.execute("INSERT INTO users VALUES ($1, $2)", a, b)
Good:  conn.execute("INSERT INTO users (id, name) VALUES ($1, $2)", a, b)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tokens

FOLLOWING = ("VALUES", "SELECT")


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
            if token.upper != "INTO" or not at or split[at - 1].upper != "INSERT":
                continue
            rest = [t for t in split[at + 2 : at + 6] if t.text != "."]
            follows = next((t for t in rest if t.upper in FOLLOWING), None)
            if follows is not None and rest.index(follows) <= len(rest[:2]):
                before = rest[: rest.index(follows)]
                if not any(t.text == "(" for t in before):
                    yield self.at(query, "INSERT without the names of its columns")
                return
