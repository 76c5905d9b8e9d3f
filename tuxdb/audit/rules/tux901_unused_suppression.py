"""TUX901 unused-suppression: A suppression takes nothing back, or gives no reason.

Bad:   total = 1  # a comment to ignore TUX101, where nothing is found
Good:  no comment
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import Span


class UnusedSuppression(Rule):
    """A suppression takes nothing back, or gives no reason."""

    code = "TUX901"
    name = "unused-suppression"
    severity = Severity.WARNING

    def check_tree(self, context: Context) -> Iterator[Finding]:
        """Report the comments that no finding met."""
        for path, comment in context.unused:
            where = Span(comment.line, 0, comment.line, 0)
            named = ", ".join(comment.rules) or "anything"
            text = f"nothing to suppress: {named} is not found here"
            yield self.in_file(path, where, text, hint="remove the comment")
