"""TUX405 unreleased-connection: A connection is taken outside of a with.

Bad:   conn = await pool.acquire()  # lost when the next line fails
Good:  async with pool.acquire() as conn: ...
"""

from collections.abc import Iterator

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule


class UnreleasedConnection(Rule):
    """A connection is taken outside of a with."""

    code = "TUX405"
    name = "unreleased-connection"
    severity = Severity.INFO

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Look for connections that no finally gives back."""
        del context
        for taken in facts.acquired:
            if not taken.released:
                text = f"{taken.source} outside of a with: an error leaks it"
                yield self.in_file(facts.path, taken.span, text, hint="async with")
