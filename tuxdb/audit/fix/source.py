"""The source of one file: its text, its bytes, and the way from `ast` to both."""

import ast
import codecs
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tuxdb.audit.parse import Unparsable, parse
from tuxdb.audit.sites import Span
from tuxdb.audit.tree import Tree

KEPT = 64  # parsed files


class NotEditable(ValueError):
    """A file that cannot be edited, and why."""


@dataclass(frozen=True)
class Source:
    """A Python file as UTF-8 bytes without byte-order mark, and how it was stored."""

    path: str
    data: bytes
    encoding: str = "utf-8"
    mark: bytes = b""
    packages: frozenset[str] = frozenset()  # top-level names of the project itself

    @classmethod
    def of(
        cls, path: str, stored: bytes, packages: frozenset[str] = frozenset()
    ) -> "Source":
        """Decode a file as Python does; raises NotEditable."""
        mark = codecs.BOM_UTF8 if stored.startswith(codecs.BOM_UTF8) else b""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(stored).readline)
            text = stored[len(mark) :].decode(encoding.removesuffix("-sig"))
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            raise NotEditable("its encoding cannot be read") from error
        encoding = encoding.removesuffix("-sig")
        made = cls(path, text.encode(), encoding, mark, packages)
        if made.stored(made.data) != stored:
            raise NotEditable("its encoding does not give the same bytes back")
        return made

    def stored(self, data: bytes) -> bytes:
        """The bytes to write for an edited text; raises NotEditable."""
        try:
            return self.mark + data.decode().encode(self.encoding)
        except UnicodeEncodeError as error:
            raise NotEditable(f"{self.encoding} has no such character") from error

    @cached_property
    def tree(self) -> Tree:
        """The parsed module; raises NotEditable."""
        return _tree(self.data)

    @cached_property
    def newline(self) -> str:
        """The line end of the file's first line."""
        end = self.data.find(b"\n")
        return "\r\n" if end > 0 and self.data[end - 1 : end] == b"\r" else "\n"

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line: Python's line ends are LF, CR LF and CR."""
        found = [0]
        at, data = 0, self.data
        while at < len(data):
            byte = data[at]
            at += 1
            if byte == 13 and data[at : at + 1] == b"\n":  # noqa: PLR2004 - CR
                at += 1
            if byte in (10, 13):
                found.append(at)
        return found

    def offsets(self, span: Span) -> tuple[int, int]:
        """Where a span begins and ends, in bytes."""
        begin = self.starts[span.line - 1] + span.column
        return begin, self.starts[span.end_line - 1] + span.end_column

    def bounds(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends, in bytes."""
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined] # expressions and statements
        end, end_column = node.end_lineno, node.end_col_offset  # type: ignore[attr-defined] # as above
        return self.offsets(Span(line, column, end, end_column))

    def text(self, node: ast.AST) -> str:
        """The source of a node, with the line ends of Python."""
        begin, end = self.bounds(node)
        return self.data[begin:end].decode().replace("\r\n", "\n")

    def line(self, number: int) -> bytes:
        """One line without its end."""
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")

    def indent(self, node: ast.AST) -> str:
        """The white space before a node that begins its line; raises NotEditable."""
        line = self.line(node.lineno)  # type: ignore[attr-defined] # a statement
        before = line[: node.col_offset]  # type: ignore[attr-defined] # a statement
        if before.strip():
            raise NotEditable("it shares its line with other code")
        return before.decode()

    def comments(self, begin: int, end: int) -> Iterator[str]:
        """The comments between two offsets."""
        for offset, text in self._comments:
            if begin <= offset < end:
                yield text

    @cached_property
    def _comments(self) -> list[tuple[int, str]]:
        text = self.data.decode()
        lines = io.StringIO(text, newline="").readline
        found = []
        try:
            for token in tokenize.generate_tokens(lines):
                if token.type == tokenize.COMMENT:
                    line, column = token.start
                    before = token.line[:column].encode()
                    offset = self.starts[line - 1] + len(before)
                    found.append((offset, token.string.rstrip()))
        except (tokenize.TokenError, SyntaxError) as error:
            raise NotEditable("its comments cannot be told apart") from error
        return found


@lru_cache(maxsize=KEPT)
def _tree(data: bytes) -> Tree:
    """The tree of a file, which several steps look at, one file after the other."""
    return Tree(parsed(data))


def parsed(data: bytes) -> ast.Module:
    """Parse UTF-8 source, of newer Pythons too; raises NotEditable."""
    text = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    try:
        return parse(text)
    except Unparsable as error:
        raise NotEditable("this Python cannot parse the file") from error
