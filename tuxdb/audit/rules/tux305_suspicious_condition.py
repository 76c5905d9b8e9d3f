"""TUX305 suspicious-condition: = NULL, NOT IN with NULL, a change of every row.

Bad:   conn.execute("UPDATE users SET points = 0")
Good:  conn.execute("UPDATE users SET points = 0 WHERE guild_id = $1", guild)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import tokens, verb


class SuspiciousCondition(Rule):
    """= NULL, NOT IN with NULL, or an UPDATE or DELETE of every row."""

    code = "TUX305"
    name = "suspicious-condition"
    severity = Severity.WARNING

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Look at the words of the statement, and at what the schema shows."""
        verdict = context.verdict(query)
        for problem in verdict.problems if verdict else ():
            if problem.rule == self.code:
                yield self.at(query, problem.message, hint=problem.hint)
        split = tokens(query.text or "")
        words = [token.upper for token in split]
        word = verb(query.text or "")
        unfinished = any(hole.kind in ("keyword", "unknown") for hole in query.holes)
        unfinished = unfinished or any(hole.kind == "literal" for hole in query.holes)
        if word in ("UPDATE", "DELETE") and "WHERE" not in words and not unfinished:
            yield self.at(query, f"{word} without WHERE changes every row")
        if self._compares_null(words):
            text = "nothing equals NULL: the condition is never true"
            yield self.at(query, text, hint="IS NULL, or IS NOT NULL")

    def _compares_null(self, words: list[str]) -> bool:
        condition = False
        for at, word in enumerate(words):
            if word in ("WHERE", "HAVING", "ON"):
                condition = True
            elif word in ("SET", "VALUES", "SELECT", "RETURNING"):
                condition = False
            pair = words[at : at + 2]
            if condition and pair in (["=", "NULL"], ["<>", "NULL"], ["!=", "NULL"]):
                return True
        return False
