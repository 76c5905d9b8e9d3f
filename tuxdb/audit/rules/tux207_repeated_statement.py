"""TUX207 repeated-statement: The same statement stands in several places.

Bad:   conn.fetchrow("SELECT * FROM guilds WHERE id = $1", ...)  # in five files
Good:  a method of a repository: guilds.get(session, guild_id)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import QUERIES, normalised, verb

MANY = 3


class RepeatedStatement(Rule):
    """The same statement stands in several places."""

    code = "TUX207"
    name = "repeated-statement"
    severity = Severity.INFO

    def check_tree(self, context: Context) -> Iterator[Finding]:
        """Report each repeated statement once, where it stands first."""
        places: dict[str, list[RawQuery]] = {}
        for query in context.queries:
            if query.text and query.constant and verb(query.text) in QUERIES:
                places.setdefault(normalised(query.text), []).append(query)
        for found in places.values():
            if len(found) >= MANY:
                files = len({query.path for query in found})
                text = f"the same statement stands in {len(found)} places"
                text += f" of {files} files" if files > 1 else ""
                yield self.at(found[0], text, hint="make it a repository method")
