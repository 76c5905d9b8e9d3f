"""What is wrong in a file, gathered so that all of it can be told at once."""

from dataclasses import dataclass, field

from tuxdb.errors import UsageError

SHOWN = 20
LONGEST_REASON = 200


@dataclass(frozen=True)
class Problem:
    """A place in a file and what is wrong there; column None is the whole line."""

    line: int
    column: str | None
    reason: str

    def at(self, name: str) -> str:
        """`file:line: column: reason`."""
        column = f"{self.column}: " if self.column else ""
        return f"{name}:{self.line}: {column}{self.reason}"[: LONGEST_REASON + 200]


class BadFile(UsageError):
    """A file that cannot be carried out; nothing was changed."""

    def __init__(self, name: str, problems: list[Problem], *, more: bool) -> None:
        shown = [problem.at(name) for problem in problems[:SHOWN]]
        count = f"at least {len(problems)}" if more else str(len(problems))
        head = f"{count} problems in {name}; nothing was changed"
        if len(problems) == 1 and not more:
            head = f"{shown.pop()}; nothing was changed"
        super().__init__(
            "\n".join([head, *(f"  {line}" for line in shown)]),
            details={
                "file": name,
                "problems": [
                    {"line": p.line, "column": p.column, "reason": p.reason}
                    for p in problems[:SHOWN]
                ],
            },
        )


@dataclass
class Problems:
    """The problems found so far; after SHOWN of them it is not worth going on."""

    name: str
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, column: str | None, reason: str) -> None:
        """Note a problem; raises BadFile when there are enough."""
        self.found.append(Problem(line, column, reason[:LONGEST_REASON]))
        if len(self.found) >= SHOWN:
            raise BadFile(self.name, self.found, more=True)

    def fail(self, line: int, reason: str) -> BadFile:
        """The error for a problem after which nothing more can be read."""
        self.found.append(Problem(line, None, reason[:LONGEST_REASON]))
        return BadFile(self.name, self.found, more=False)

    def finish(self) -> None:
        """Raise BadFile if anything was found."""
        if self.found:
            raise BadFile(self.name, self.found, more=False)
