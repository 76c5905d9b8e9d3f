"""TUX401 query-in-loop: A query runs once for each element of a loop.

Bad:   for m in members: await conn.fetchrow("... WHERE id = $1", m.id)
Good:  await conn.fetch("... WHERE id = ANY($1)", [m.id for m in members])
"""

import re
from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule, shortened
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import WRITES, verb

KINDS = frozenset(("SELECT", *WRITES))
BOUNDED = ("range(", "(", "[", "{")
NAME = re.compile(r"[A-Za-z_]\w*")


class QueryInLoop(Rule):
    """A query runs once for each element of a loop."""

    code = "TUX401"
    name = "query-in-loop"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look for statements whose arguments are those of the loop."""
        del context
        loop = query.loop or ""
        head, _, over = loop.partition(" in ")
        few = over.startswith(BOUNDED) or over.isupper()
        counted = few or not loop.startswith(("for ", "async for "))
        if counted or query.text is None or verb(query.text) not in KINDS:
            return
        names = set(NAME.findall(head)) - {"for", "async"}
        if self._differs(query, names):
            return
        used = {word for text in query.args for word in NAME.findall(text)}
        used |= {word for hole in query.holes for word in NAME.findall(hole.source)}
        reads = verb(query.text or "SELECT") == "SELECT"
        if reads and not names & used:
            return
        better = "one query with = ANY($1)" if reads else "executemany"
        text = f"runs once for each turn of `{shortened(loop)}`"
        yield self.at(query, text, hint=better)

    def _differs(self, query: RawQuery, names: set[str]) -> bool:
        """Whether each turn runs a statement of its own, which no other can stand for.

        A part of the text that is no value comes from the loop then.
        """
        return any(
            names & set(NAME.findall(hole.source))
            for hole in query.holes
            if hole.kind in ("identifier", "keyword", "unknown", "statement")
        )
