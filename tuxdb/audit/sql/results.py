"""What the SQL side answers: problems, conversions, proofs."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

ARGUMENT = "tuxdb_arg_"
_ARGUMENT = re.compile(rf"\b{ARGUMENT}(\d+)\b")

State = Literal["proved", "executed", "unproved", "refused"]


@dataclass(frozen=True)
class Problem:
    """What the server says about a statement, and what was probably meant."""

    kind: Literal[
        "syntax",
        "relation",
        "column",
        "function",
        "type",
        "parameters",
        "extension",
        "condition",
        "several",
        "schema",
        "other",
    ]
    message: str
    name: str | None = None
    suggestion: str | None = None
    position: int | None = None  # offset in the text
    sqlstate: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Output:
    """One column of a result: its name and its PostgreSQL type."""

    name: str
    type: str


@dataclass(frozen=True)
class Checked:
    """What preparing a statement on the scratch server showed."""

    problems: tuple[Problem, ...] = ()
    parameters: tuple[str, ...] = ()
    columns: tuple[Output, ...] = ()
    extension: str | None = None  # needed, and not created by the schema
    doubts: tuple[Problem, ...] = ()  # it is accepted, and probably not meant

    @property
    def accepted(self) -> bool:
        """Whether the project's own schema accepts the statement."""
        return not self.problems


@dataclass(frozen=True)
class Unsupported:
    """Why a statement is not converted."""

    reason: str
    construct: str = "construct"


@dataclass(frozen=True)
class Converted:
    """A statement as SQLAlchemy source; its arguments are `tuxdb_arg_1` and so on.

    `setup` are the assignments that come before the expression, `names` what they bind;
    `definitions` belong at the top of the module; `changes` name what the caller sees
    differently although the statement is the same.
    """

    expression: str
    imports: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    result: Literal["rows", "row", "scalar", "count", "none"] = "rows"
    models: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    columns: tuple[Output, ...] = ()
    changes: tuple[str, ...] = ()
    entity: str | None = None  # the same for whole objects: select(Message)
    tables: tuple[str, ...] = field(default=())

    def code(self, args: Sequence[str]) -> tuple[tuple[str, ...], str]:
        """The setup lines and the expression, with the caller's own arguments."""
        setup = tuple(_filled(line, args) for line in self.setup)
        return setup, _filled(self.expression, args)

    def uses_of(self, number: int) -> int:
        """How often an argument is evaluated by the replacement."""
        text = "\n".join((*self.setup, self.expression))
        return sum(int(found[1]) == number for found in _ARGUMENT.finditer(text))


@dataclass(frozen=True)
class Proof:
    """What is known about a statement and its replacement."""

    state: State
    reason: str = ""
    original: str = ""  # as PostgreSQL resolved it
    replacement: str = ""

    @property
    def holds(self) -> bool:
        """Whether the pair may be called equal."""
        return self.state in ("proved", "executed")


def _filled(code: str, args: Sequence[str]) -> str:
    def source(found: re.Match[str]) -> str:
        argument = args[int(found[1]) - 1]
        return argument if _is_atom(argument) else f"({argument})"

    return _ARGUMENT.sub(source, code)


def _is_atom(source: str) -> bool:
    """Whether an expression keeps its meaning beside an operator."""
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        return False
    return isinstance(
        tree,
        ast.Name
        | ast.Attribute
        | ast.Call
        | ast.Constant
        | ast.Subscript
        | ast.List
        | ast.Dict
        | ast.Tuple
        | ast.JoinedStr,
    ) and not (isinstance(tree, ast.Tuple) and not source.startswith("("))
