"""Tables for terminals: ids and numbers are never cut, long text is."""

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from tuxdb.cli.escape import escape
from tuxdb.cli.rows import shown

GAP = "  "
SHORTEST = 8
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
GREEN, YELLOW, RED = "\x1b[32m", "\x1b[33m", "\x1b[31m"
WORDY = ("status", "state")
COLORS = {
    "ok": GREEN,
    "applied": GREEN,
    "warn": YELLOW,
    "pending": YELLOW,
    "fail": RED,
    "failed": RED,
    "edited": RED,
    "missing": RED,
}


class Table:
    """Rows of one width; `widths` fixes it for the rows that follow."""

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[dict[str, Any]],
        *,
        widths: list[int] | None = None,
        uncut: Sequence[str] = (),
        colored: bool = False,
    ) -> None:
        self.columns = list(columns)
        self.colored = colored
        self._numeric = [_is_numeric(rows, name) for name in columns]
        self._may_cut = [name not in uncut and _is_text(rows, name) for name in columns]
        self._cells = [[escape(shown(row[name])) for name in columns] for row in rows]
        self.widths = widths or self._fitted()

    def lines(self, *, headers: bool) -> Iterator[str]:
        """Yield the lines, the header first if it is wanted."""
        if headers:
            line = self._line(self.columns)
            yield f"{BOLD}{line}{PLAIN}" if self.colored else line
        for cells in self._cells:
            yield self._line(cells)

    def _fitted(self) -> list[int]:
        widths = [
            max([cell_len(name), *(cell_len(cells[at]) for cells in self._cells)])
            for at, name in enumerate(self.columns)
        ]
        shrinking = [at for at, may_cut in enumerate(self._may_cut) if may_cut]
        excess = sum(widths) + len(GAP) * (len(widths) - 1) - _terminal_width()
        while excess > 0 and shrinking:
            widest = max(shrinking, key=lambda at: widths[at])
            floor = max(SHORTEST, cell_len(self.columns[widest]))
            if widths[widest] <= floor:
                break
            widths[widest] -= 1
            excess -= 1
        return widths

    def _line(self, cells: Sequence[str]) -> str:
        shown = [self._fit(at, cell) for at, cell in enumerate(cells)]
        return GAP.join(shown).rstrip()

    def _fit(self, at: int, cell: str) -> str:
        length, width = cell_len(cell), self.widths[at]
        if length > width and self._may_cut[at]:
            return set_cell_size(cell, width - 1) + "…"
        space = " " * max(0, width - length)
        if self.colored and self.columns[at] in WORDY:
            cell = f"{COLORS[cell]}{cell}{PLAIN}" if cell in COLORS else cell
        return space + cell if self._numeric[at] else cell + space


def _is_numeric(rows: Sequence[dict[str, Any]], name: str) -> bool:
    return any(isinstance(row[name], int | float) for row in rows) and not any(
        isinstance(row[name], str | bool) for row in rows
    )


def _is_text(rows: Sequence[dict[str, Any]], name: str) -> bool:
    """Whether a column may be cut: free text, not ids, times or numbers."""
    kept = name == "id" or name.endswith(("_id", "_at", "_key", "cursor"))
    return not kept and any(isinstance(row[name], str | dict | list) for row in rows)


def _terminal_width() -> int:
    return shutil.get_terminal_size().columns
