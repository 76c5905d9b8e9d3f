"""TUX304 several-statements: Several statements with parameters in one call.

Bad:   conn.execute("DELETE FROM a WHERE id = $1; DELETE FROM b", x)
Good:  one call for each, in async with conn.transaction()
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import statements, tokens


class SeveralStatements(Rule):
    """Several statements with parameters in one call."""

    code = "TUX304"
    name = "several-statements"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Count the statements of calls that bind arguments."""
        del context
        if query.text is None or query.dialect == "sqlite" or not query.args:
            return
        if not any(token.kind == "param" for token in tokens(query.text)):
            return
        count = statements(query.text)
        if count > 1:
            text = f"{count} statements in one call with parameters, which is an error"
            yield self.at(query, text, hint="one call each, in a transaction")
