"""TUX202 convertible-with-changes: It has an equal, but its result is used differently.

Bad:   (await conn.execute("DELETE ...")) == "DELETE 1"
Good:  (await session.execute(delete(...))).rowcount == 1
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class ConvertibleWithChanges(Rule):
    """It has an equal, but its result is used differently."""

    code = "TUX202"
    name = "convertible-with-changes"
    severity = Severity.INFO

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Offer the replacement, and say what else changes."""
        verdict = context.verdict(query)
        fix = verdict.fix if verdict else None
        made = fix and fix.kind == "rewrite" and fix.state == "applicable"
        if verdict is None or not verdict.replacement or made:
            return
        text = f"can be written in SQLAlchemy ({verdict.proof})"
        if fix and fix.kind == "rewrite" and fix.why:
            text += f", --unsafe-fixes: {fix.reason}"
        elif fix and fix.kind == "bind":
            text += ", and --fix binds its values"
        elif fix and fix.why:
            text += f", by hand: {fix.reason}"
        yield self.at(query, text, proof=verdict.proof, replacement=verdict.replacement)
