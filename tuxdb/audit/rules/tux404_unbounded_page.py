"""TUX404 unbounded-page: A page is found by OFFSET, or all rows are read.

Bad:   conn.fetch("SELECT * FROM cases ORDER BY id OFFSET $1", page * 10)
Good:  conn.fetch("... WHERE id > $1 ORDER BY id LIMIT 10", last_id)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tokens, verb


class UnboundedPage(Rule):
    """A page is found by OFFSET, or all rows are read."""

    code = "TUX404"
    name = "unbounded-page"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for OFFSET, and for a SELECT of a whole table."""
        del context
        if query.text is None or verb(query.text) != "SELECT":
            return
        words = [token.upper for token in tokens(query.text)]
        if "OFFSET" in words and words[words.index("OFFSET") + 1 :][:1] != ["0"]:
            text = "OFFSET reads and drops every row before the page"
            yield self.at(query, text, hint="go on behind the last key: WHERE id > $1")
        elif self._reads_all(query, words):
            text = "reads every row of the table"
            yield self.at(query, text, hint="LIMIT, or WHERE")

    def _reads_all(self, query: RawQuery, words: list[str]) -> bool:
        many = query.method in ("fetch", "fetchall", "fetch_all", "execute_fetchall")
        bounded = {"WHERE", "LIMIT", "GROUP", "JOIN", "DISTINCT", "UNNEST"} & set(words)
        counted = any(f"{name}(" in "".join(words) for name in ("COUNT", "SUM", "MAX"))
        return many and "FROM" in words and not bounded and not counted
