"""Sources of every age and kind become trees, or say why not."""

import ast
from collections.abc import Callable

import pytest

from tuxdb.audit.new_syntax import older
from tuxdb.audit.parse import Unparsable, decode, parse

NEWER = """
type Names[T] = list[T]


class Box[T]:
    def put[U](self, conn, name):
        found = f"{name["a"]} and {f"{name["b"]}"}"
        lines = f"{
            name
        }"
        conn.execute(f"SELECT a FROM t WHERE b = '{name["c"]}'")
        return found, lines
"""


def test_newer_syntax_is_rewritten_line_by_line() -> None:
    text = older(NEWER)

    assert text is not None
    assert len(text.splitlines()) >= len(NEWER.splitlines())
    line = NEWER.splitlines().index(
        '        conn.execute(f"SELECT a FROM t WHERE b = \'{name["c"]}\'")'
    )
    assert "conn.execute(" in text.splitlines()[line]
    ast.parse(text)


def test_newer_syntax_is_parsed_on_this_python() -> None:
    tree = parse(NEWER)

    names = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    assert names == ["put"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(:\n", "syntax error"),
        ("x = " + "(" * 5000 + ")" * 5000, "nested"),
        ("x = " + "+".join(["1"] * 50_000), "nested too deeply"),
        ("x = 1\0", "null bytes"),
    ],
    ids=["wrong", "brackets", "sum", "nul"],
)
def test_what_is_no_python_says_why(text: str, reason: str) -> None:
    with pytest.raises(Unparsable, match=reason):
        parse(text)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: b"# coding: latin-1\n" + text.encode("latin-1"),
    ],
    ids=["utf-8", "mark", "latin-1"],
)
def test_encodings_are_those_of_python(encode: Callable[[str], bytes]) -> None:
    assert "é" in decode(encode("x = 'é'\n"))


@pytest.mark.parametrize(
    "data", [b"# coding: nonsense\n", b"x = '\xff'\n", "x = 1\n".encode("utf-16")]
)
def test_an_encoding_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(Unparsable, match=r"encoding|not valid"):
        decode(data)
