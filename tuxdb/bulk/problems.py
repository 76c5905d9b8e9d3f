"""What is wrong in a file, gathered so that all of it can be told at once."""

from dataclasses import dataclass, field

from tuxdb.errors import UsageError

SHOWN = 20
LONGEST_REASON = 200
LONGEST_NAME = 100


@dataclass(frozen=True)
class Problem:
    """A place in a file and what is wrong there; column None is the whole line."""

    line: int
    column: str | None
    reason: str

    def at(self, name: str) -> str:
        """`file:line: column: reason`."""
        column = f"{self.column}: " if self.column else ""
        return f"{name}:{self.line}: {column}{self.reason}"


class BadFile(UsageError):
    """A file that cannot be carried out; nothing was changed."""

    def __init__(self, name: str, problems: list[Problem], *, more: bool) -> None:
        lines = [problem.at(name) for problem in problems]
        count = f"at least {len(problems)}" if more else str(len(problems))
        head = f"{count} problems in {name}"
        if len(problems) == 1 and not more:
            head = lines.pop()
        super().__init__(
            f"{head}; nothing was changed",
            details={"file": name, "problems": [vars(p) for p in problems]},
            lines=lines,
        )


@dataclass
class Problems:
    """The problems found so far; after SHOWN of them it is not worth going on."""

    name: str
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, column: str | None, reason: str) -> None:
        """Note a problem; raises BadFile when there are enough."""
        self._note(line, column, reason)
        if len(self.found) >= SHOWN:
            raise BadFile(self.name, self.found, more=True)

    def fail(self, line: int, reason: str) -> BadFile:
        """The error for a problem after which nothing more can be read."""
        self._note(line, None, reason)
        return BadFile(self.name, self.found, more=False)

    def finish(self) -> None:
        """Raise BadFile if anything was found."""
        if self.found:
            raise BadFile(self.name, self.found, more=False)

    def _note(self, line: int, column: str | None, reason: str) -> None:
        short = column and column[:LONGEST_NAME]
        self.found.append(Problem(line, short, reason[:LONGEST_REASON]))
