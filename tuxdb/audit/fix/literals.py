"""String literals in source, unit by unit: which bytes give which part of the text.

So that a part of the text of `f"… '{name}'"` can be replaced in the source, and all
other characters, escapes, quotes and line breaks stay as they were written.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tuxdb.audit.fix.source import NotEditable
from tuxdb.audit.sites import marker

_OPEN = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_ESCAPE = re.compile(
    r"\\(?:\r\n|N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}"
    r"|[0-7]{1,3}|.)",
    re.DOTALL,
)
_BETWEEN = re.compile(r"(?:\s|\\\r?\n|#[^\n]*|[()])*")


@dataclass(frozen=True)
class Unit:
    """A piece of source and the text that it gives; a field gives a marker."""

    start: int
    end: int
    text: str
    field: str = ""


@dataclass(frozen=True)
class Piece:
    """One literal: where its prefix begins, its prefix, its quotes, its units."""

    start: int
    end: int
    prefix: str
    quote: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Literal:
    """Literals one after the other, as one text."""

    source: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The text, with a marker for each field."""
        return "".join(unit.text for piece in self.pieces for unit in piece.units)

    @property
    def fields(self) -> tuple[str, ...]:
        """The source in each pair of braces."""
        every = (unit for piece in self.pieces for unit in piece.units)
        return tuple(unit.field for unit in every if unit.field)

    def replaced(self, changes: Sequence[tuple[int, int, str]]) -> str:
        """The source in which stretches of the text are another text."""
        out, at, position = [], 0, 0
        for piece in self.pieces:
            out.append(self.source[at : piece.start])
            text, position = self._piece(piece, position, changes)
            out.append(text)
            at = piece.end
        return "".join([*out, self.source[at:]])

    def _piece(
        self, piece: Piece, position: int, changes: Sequence[tuple[int, int, str]]
    ) -> tuple[str, int]:
        body, keeps_fields = [], False
        units = []
        for unit in piece.units:
            end = position + len(unit.text)
            inside = [c for c in changes if c[0] < end and position < c[1]]
            if inside and not (inside[0][0] <= position and end <= inside[0][1]):
                raise NotEditable("a part of its text cannot be told apart")
            if not inside:
                units.append(unit)
                keeps_fields |= bool(unit.field)
            elif inside[0][0] == position:
                units.append(Unit(0, 0, inside[0][2]))
            position = end
        formatted = "f" in piece.prefix.lower()
        for unit in units:
            raw = self.source[unit.start : unit.end] or unit.text
            if formatted and not keeps_fields and raw in ("{{", "}}"):
                raw = raw[0]
            body.append(raw)
        prefix = piece.prefix
        if formatted and not keeps_fields:
            prefix = re.sub("[fF]", "", prefix)
        return f"{prefix}{piece.quote}{''.join(body)}{piece.quote}", position


def literal(source: str) -> Literal:
    """Read the source of a string expression; raises NotEditable."""
    at, number = 0, 0
    pieces: list[Piece] = []
    while at < len(source):
        between = _BETWEEN.match(source, at)
        at = between.end() if between else at
        if at == len(source):
            break
        opened = _OPEN.match(source, at)
        if opened is None or "b" in opened[1].lower():
            raise NotEditable("its text is not one literal")
        piece = _Scanner(source, number).piece(opened)
        number += sum(bool(unit.field) for unit in piece.units)
        pieces.append(piece)
        at = piece.end
    if not pieces:
        raise NotEditable("its text is not one literal")
    return Literal(source, tuple(pieces))


class _Scanner:
    """Reads one literal."""

    def __init__(self, source: str, number: int) -> None:
        self.source, self.number = source, number

    def piece(self, opened: re.Match[str]) -> Piece:
        """From its prefix to its closing quotes."""
        prefix, quote = opened[1], opened[2]
        raw, formatted = "r" in prefix.lower(), "f" in prefix.lower()
        at, units = opened.end(), []
        while not self.source.startswith(quote, at):
            if at >= len(self.source):
                raise NotEditable("its text is not one literal")
            unit = self._field(at) if formatted else None
            unit = unit or self._plain(at, raw=raw)
            units.append(unit)
            at = unit.end
        end = at + len(quote)
        return Piece(opened.start(), end, prefix, quote, tuple(units))

    def _plain(self, at: int, *, raw: bool) -> Unit:
        escape = _ESCAPE.match(self.source, at)
        if escape is None:
            return Unit(at, at + 1, self.source[at])
        if raw:
            return Unit(at, escape.end(), escape[0])
        value = ast.literal_eval(f"'''{escape[0]}'''")
        return Unit(at, escape.end(), str(value))

    def _field(self, at: int) -> Unit | None:
        """A field in braces, or a doubled brace."""
        pair = self.source[at : at + 2]
        if pair in ("{{", "}}"):
            return Unit(at, at + 2, pair[0])
        if self.source[at] != "{":
            return None
        end = self._closing(at + 1)
        text = marker(self.number)
        self.number += 1
        return Unit(at, end + 1, text, self.source[at + 1 : end])

    def _closing(self, at: int) -> int:
        depth = 0
        while at < len(self.source):
            letter = self.source[at]
            if letter in "'\"":
                opened = _OPEN.match(self.source, at)
                assert opened is not None  # noqa: S101 - it begins with a quote
                at = _Scanner(self.source, 0).piece(opened).end
                continue
            if letter == "}" and not depth:
                return at
            depth += (letter in "([{") - (letter in ")]}")
            at += 1
        raise NotEditable("its text is not one literal")
