"""TUX402 writes-without-transaction: A function writes twice without a transaction.

Bad:   two UPDATEs, the second of which fails when the bot is stopped
Good:  async with conn.transaction(): both of them
"""

from collections.abc import Iterator

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import WRITES, verb


class WritesWithoutTransaction(Rule):
    """A function writes twice without a transaction."""

    code = "TUX402"
    name = "writes-without-transaction"
    severity = Severity.WARNING

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Look at the writes of each function that can follow one another."""
        del context
        writes: dict[str, list[RawQuery]] = {}
        for query in facts.queries:
            free = query.dialect == "postgresql" and not query.in_transaction
            free = free and not query.api.startswith("sqlalchemy")
            if free and query.function and verb(query.text or "") in WRITES:
                writes.setdefault(query.function, []).append(query)
        for function, found in writes.items():
            later = next((q for q in found[1:] if follows(found[0], q)), None)
            if later is not None:
                text = f"{function} writes {len(found)} times without a transaction"
                yield self.at(later, text, hint="async with conn.transaction()")


def follows(first: RawQuery, later: RawQuery) -> bool:
    """Whether both can run in one call, by the branches they are in."""
    arms = dict(arm.split(":", 1) for arm in first.branch)
    for arm in later.branch:
        line, _, side = arm.partition(":")
        if line in arms and arms[line].rstrip("!") != side.rstrip("!"):
            return False
    shared = set(first.branch) & set(later.branch)
    return not any(a.endswith("!") for a in set(first.branch) - shared)
