"""TUX303 wrong-parameters: The parameters and the arguments of the call do not fit.

Bad:   conn.fetch("... WHERE a = $1 AND b = $3", a, b)
Good:  conn.fetch("... WHERE a = $1 AND b = $2", a, b)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.placeholders import MANY, Unnumbered, numbered
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqltext import QUERIES, verb


class WrongParameters(Rule):
    """The parameters and the arguments of the call do not fit."""

    code = "TUX303"
    name = "wrong-parameters"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Report what PostgreSQL says; else compare the numbers."""
        verdict = context.verdict(query)
        problems = verdict.problems if verdict else ()
        told = [one for one in problems if one.rule == self.code]
        for problem in told:
            yield self.at(query, problem.message, hint=problem.hint)
        text = "" if told else self._differs(query)
        if text:
            yield self.at(query, text)

    def _differs(self, query: RawQuery) -> str:
        """Say how many values are bound for how many parameters, if it is certain."""
        sure = not (query.wrapper or query.api.startswith("wrapper."))
        sure = sure and query.method not in MANY and not query.variants
        if not sure or query.holes or verb(query.text or "") not in QUERIES:
            return ""
        try:
            found = numbered(query)
        except Unnumbered:
            return ""
        if found.given is None or found.given == found.count:
            return ""
        if query.paramstyle == "none" or (found.names and not query.args):
            return ""
        wanted = f"{found.count} parameter{'s'[: found.count != 1]}"
        given = f"{found.given} argument{'s'[: found.given != 1]}"
        return f"the statement has {wanted}, the call {given}"
