"""TUX204 no-model: A table is used that has no model.

Bad:   conn.fetch("SELECT * FROM poll")
Good:  class Poll(Base): __tablename__ = "poll"
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import MARKER
from tuxdb.audit.sqltext import CATALOGUE, QUERIES, tables, verb


class NoModel(Rule):
    """A table is used that has no model."""

    code = "TUX204"
    name = "no-model"
    severity = Severity.INFO

    def check_tree(self, context: Context) -> Iterator[Finding]:
        """Report each table once, where it is used first, if there are models."""
        if not context.models:
            return
        seen: set[str] = set()
        for query in context.queries:
            found = query.text if query.text and verb(query.text) in QUERIES else ""
            for table in tables(found or ""):
                name = table.lower()
                plain = MARKER.search(name) is None and not name.startswith(CATALOGUE)
                if name in seen or not plain or name in context.models:
                    continue
                seen.add(name)
                text = f"there is no model for the table {table}"
                yield self.at(query, text, hint="tuxdb audit models")
