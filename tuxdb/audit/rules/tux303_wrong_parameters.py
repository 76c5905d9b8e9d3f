"""TUX303 wrong-parameters: The parameters and the arguments of the call do not fit.

Bad:   conn.fetch("... WHERE a = $1 AND b = $3", a, b)
Good:  conn.fetch("... WHERE a = $1 AND b = $2", a, b)
"""

from collections.abc import Iterator

from tuxdb.audit.findings import Finding, Severity
from tuxdb.audit.rules.base import Context, Rule
from tuxdb.audit.sites import RawQuery


class WrongParameters(Rule):
    """The parameters and the arguments of the call do not fit."""

    code = "TUX303"
    name = "wrong-parameters"
    severity = Severity.ERROR

    def check(self, query: RawQuery, context: Context) -> Iterator[Finding]:
        """Report what the verdict of PostgreSQL says."""
        verdict = context.verdict(query)
        for problem in verdict.problems if verdict else ():
            if problem.rule == self.code:
                yield self.at(query, problem.message, hint=problem.hint)
