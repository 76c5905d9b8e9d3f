"""An expression under conversion: its source and what is known of it."""

from dataclasses import dataclass
from typing import Literal

ATOM = 0  # a name, a call: needs no parentheses in Python
COMPOUND = 1


@dataclass(frozen=True)
class Expr:
    """A converted expression.

    `code` is SQLAlchemy source, except that arguments and constants are written by
    whoever uses them: as bare Python where SQLAlchemy then types them as PostgreSQL
    does, else as an explicit literal.
    """

    code: str
    kind: Literal["column", "argument", "constant", "operator", "call", "other"]
    type: str | None = None
    declared: str | None = None
    prec: int = ATOM
    binary: bool = False  # an operator in SQL, so that precedence matters
    not_null: bool = False
    value: object = None  # of a constant
    sql: str = ""  # a constant as SQL
    number: int = 0  # of an argument

    @property
    def operand(self) -> str:
        """The source, in parentheses where Python needs them."""
        return self.code if self.prec == ATOM else f"({self.code})"
