"""TUX900 unreadable-file: A file could not be read or parsed.

Bad:   def broken(:
Good:  def whole():
"""

from collections.abc import Iterator

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import Span


class UnreadableFile(Rule):
    """A file could not be read or parsed."""

    code = "TUX900"
    name = "unreadable-file"
    severity = Severity.ERROR

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Say why; every other file is still audited."""
        del context
        if facts.problem is not None:
            line = facts.problem_line
            where = Span(line, 0, line, 0)
            yield self.in_file(facts.path, where, f"not audited: {facts.problem}")
