"""Newer Python written as older Python, with every line where it was.

For sources that use what came after the Python that tuxdb runs on: type parameters and
`type` statements (3.12), f-strings with any quotes and line ends within their braces
(3.12), t-strings and `except A, B` (3.14). libcst says where these are; each is
overwritten by older syntax of the same length, so that lines and columns stay. Only
where a string spans lines that it may not, its line ends come behind it.
"""

import re
from collections.abc import Sequence

import libcst
from libcst import metadata

LONGEST = 2 << 20
QUOTES = ("'''", '"""', "'", '"')
_SIMPLE = re.compile(r"^[rRbBuUfFtT]*('''|\"\"\"|'|\")")


def older(text: str) -> str | None:
    """Return the source as the host can parse it; None if nobody can."""
    if len(text) > LONGEST:
        return None
    try:
        wrapper = metadata.MetadataWrapper(
            libcst.parse_module(text), unsafe_skip_copy=True
        )
        finder = _Finder(text)
        finder.spans = wrapper.resolve(metadata.PositionProvider)
        wrapper.module.visit(finder)
    except (libcst.ParserSyntaxError, RecursionError, ValueError):
        return None
    return finder.rewritten()


def is_python(text: str) -> bool:
    """Whether any version of Python can parse a source."""
    try:
        libcst.parse_module(text)
    except (libcst.ParserSyntaxError, RecursionError, ValueError):
        return False
    return True


class _Finder(libcst.CSTVisitor):
    """Collects what to overwrite: offsets and new characters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.spans: object = {}
        self._lines = _line_starts(text)
        self._edits: list[tuple[int, int, str]] = []
        self._outer: list[str] = []
        self._later: dict[int, int] = {}

    def rewritten(self) -> str:
        """Return the text with every edit, each of the length of what it replaces."""
        found = list(self.text)
        for start, end, new in self._edits:
            found[start:end] = list(new[: end - start].ljust(end - start))
        for at, count in self._later.items():
            found[at] += "\n" * count
        return "".join(found)

    def visit_TypeParameters(self, node: libcst.TypeParameters) -> bool:  # noqa: N802
        """Blank `[T]` behind a name."""
        self._blank(*self._span(node))
        return False

    def visit_TypeAlias(self, node: libcst.TypeAlias) -> bool:  # noqa: N802
        """Make a `type` statement a bare string, which says nothing."""
        start, end = self._span(node)
        self._blank(start, end)
        self._edits.append((start, start + 2, "()"))
        newlines = [at for at in range(start, end) if self.text[at] == "\n"]
        if newlines:
            self._edits += [(start, start + 1, "("), (start + 1, start + 2, " ")]
            self._edits.append((end - 1, end, ")"))
        return False

    def visit_FormattedString(self, node: libcst.FormattedString) -> bool:  # noqa: N802
        """Look into an f-string for what only newer Python allows in its braces."""
        start, end = self._span(node)
        quote = node.start.lstrip("rRbBuUfFtT")
        if self._outer:
            quote = self._requote(start, end)
        for part in node.parts:
            if isinstance(part, libcst.FormattedStringExpression):
                self._flatten(*self._span(part), quote, end)
        self._outer.append(quote)
        return True

    def leave_FormattedString(  # noqa: N802
        self, original_node: libcst.FormattedString
    ) -> None:
        """Leave an f-string."""
        del original_node
        self._outer.pop()

    def visit_SimpleString(self, node: libcst.SimpleString) -> bool:  # noqa: N802
        """Give a string within the braces of an f-string other quotes."""
        if self._outer:
            self._requote(*self._span(node))
        return True

    def visit_TemplatedString(self, node: libcst.CSTNode) -> bool:  # noqa: N802
        """Read a t-string as an f-string."""
        start, _ = self._span(node)
        head = self.text[start : start + 3]
        at = next((n for n, c in enumerate(head) if c in "tT"), None)
        if at is not None:
            self._edits.append((start + at, start + at + 1, "f"))
        return True

    def visit_ExceptHandler(self, node: libcst.ExceptHandler) -> bool:  # noqa: N802
        """Read `except A, B:` as `except A  :`; the types do not matter here."""
        kind = node.type
        if isinstance(kind, libcst.Tuple) and not kind.lpar and kind.elements:
            first = self._span(kind.elements[0].value)[1]
            self._blank(first, self._span(kind)[1])
        return True

    def _flatten(self, start: int, end: int, quote: str, string_end: int) -> None:
        """Put an expression on one line; its line ends come behind the string."""
        if len(quote) != 1:
            return
        moved = [at for at in range(start, end) if self.text[at] == "\n"]
        self._edits += [(at, at + 1, " ") for at in moved]
        line_end = self.text.find("\n", string_end)
        if moved and line_end >= 0:
            self._later[line_end] = self._later.get(line_end, 0) + len(moved)

    def _requote(self, start: int, end: int) -> str:
        """Give a string other quotes than those around it; returns its quotes."""
        match = _SIMPLE.match(self.text[start:end])
        if match is None:
            return "'"
        quote = match[1]
        inside = start + match.end()
        content = self.text[inside : end - len(quote)]
        for found in re.finditer(r"\\.|#", content, re.DOTALL):
            self._blank(inside + found.start(), inside + found.end())
        used = {outer[0] for outer in self._outer}
        if quote[0] not in used:
            return quote
        other = "'" if quote[0] == '"' else '"'
        if other in used:
            self._blank(start, end)
            self._edits.append((start, start + 1, "0"))
            return quote
        size = len(quote)
        self._edits += [(inside - size, inside, other * size)]
        self._edits += [(end - size, end, other * size)]
        for at in range(inside, end - size):
            if self.text[at] == other:
                self._edits.append((at, at + 1, " "))
        return other * size

    def _blank(self, start: int, end: int) -> None:
        for at in range(start, end):
            if self.text[at] != "\n":
                self._edits.append((at, at + 1, " "))

    def _span(self, node: libcst.CSTNode) -> tuple[int, int]:
        found = self.spans[node]  # type: ignore[index] # libcst's mapping
        first, last = found.start, found.end
        return (
            self._lines[first.line - 1] + first.column,
            self._lines[last.line - 1] + last.column,
        )


def _line_starts(text: str) -> Sequence[int]:
    starts = [0]
    for at, character in enumerate(text):
        if character == "\n":
            starts.append(at + 1)
    return starts
