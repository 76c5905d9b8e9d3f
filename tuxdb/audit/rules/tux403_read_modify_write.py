"""TUX403 read-modify-write: A number is read, changed in Python and written back.

Bad:   execute("UPDATE users SET points = $1 WHERE id = $2", row["points"] + 5, id)
Good:  execute("UPDATE users SET points = points + $1 WHERE id = $2", 5, user_id)
"""

import re
from collections.abc import Iterator

from tuxdb.audit.facts import Facts
from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tables, verb

ASSIGNED = re.compile(r'("?\w+"?)\s*=\s*\$(\d+)')
SUM = re.compile(r"[\w\])]\s[-+]\s[\w(]")


class ReadModifyWrite(Rule):
    """A number is read, changed in Python and written back."""

    code = "TUX403"
    name = "read-modify-write"
    severity = Severity.WARNING

    def check_file(self, facts: Facts, context: Context) -> Iterator[Finding]:
        """Look for an UPDATE whose argument is computed from what was read before."""
        del context
        read: dict[tuple[str, str], RawQuery] = {}
        for query in facts.queries:
            text, where = query.text or "", query.function or ""
            named = tables(text)
            if verb(text) == "SELECT" and "FOR UPDATE" not in text.upper():
                read.update({(where, table): query for table in named})
            elif verb(text) == "UPDATE" and named and (where, named[0]) in read:
                column = self._computed(query)
                before = read[(where, named[0])].text or ""
                if column and (column in before or "*" in before):
                    text = f"{column} is read, changed in Python and written back"
                    hint = f"SET {column} = {column} + $1, or SELECT ... FOR UPDATE"
                    yield self.at(query, text, hint=hint)

    def _computed(self, query: RawQuery) -> str | None:
        """Name the column that is set to a sum or a difference."""
        for match in ASSIGNED.finditer(query.text or ""):
            number = int(match[2]) - 1
            argument = query.args[number] if number < len(query.args) else ""
            if SUM.search(argument) and not query.starred:
                return match[1].strip('"')
        return None
