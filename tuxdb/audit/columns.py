"""Columns as other programs count them: in UTF-16 code units, not in bytes."""

from collections.abc import Mapping

from tuxdb.audit.parse import Unparsable, decode


def units(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text.encode("utf-16-le")) // 2


class Columns:
    """The columns of places in files, which are given by their path, as stored."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._lines: dict[str, list[bytes]] = {}

    def of(self, path: str, line: int, column: int) -> int:
        """A column in UTF-8 bytes, as `ast` has it, in UTF-16 code units."""
        lines = self._lines_of(path)
        if not 0 < line <= len(lines) or lines[line - 1].isascii():
            return column
        return units(lines[line - 1][:column].decode("utf-8", "replace"))

    def _lines_of(self, path: str) -> list[bytes]:
        """The lines of a file in UTF-8; none of one that cannot be read."""
        if path not in self._lines:
            try:
                text = decode(self._sources.get(path, b""))
            except Unparsable:
                text = ""
            self._lines[path] = text.encode("utf-8", "surrogatepass").split(b"\n")
        return self._lines[path]
