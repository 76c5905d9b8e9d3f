"""TUX109 wrapper: A function passes SQL through, and its callers are audited instead.

Bad:   def fetch(self, query, *args): return self.pool.fetch(query, *args)
Good:  a repository with a method for each statement
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class Wrapper(Rule):
    """A function passes SQL through, and its callers are audited instead."""

    code = "TUX109"
    name = "wrapper"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for calls that pass a parameter of their function through."""
        del context
        if query.wrapper:
            text = f"{query.function} passes SQL through; its callers are audited"
            yield self.at(query, text)
