"""Pieces of Python code on one line, in one kind of quotes."""

import io
import tokenize

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LAYOUT = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def requoted(code: str) -> str:
    """Write the plain strings of generated code in double quotes."""
    pieces, at = [], 0
    for token in _tokens(code):
        text = token.string
        plain = token.type == tokenize.STRING and text[0] == text[-1] == "'"
        if plain and not set(text[1:-1]) & set("\"'\\\n"):
            begin = _offset(code, token.start)
            pieces += [code[at:begin], f'"{text[1:-1]}"']
            at = begin + len(text)
    return "".join([*pieces, code[at:]])


def on_one_line(code: str) -> str:
    """Join the lines of an expression; strings over lines stay as they are."""
    if "\n" not in code:
        return code
    pieces: list[str] = []
    end, before = 0, ""
    calls: list[bool] = []
    for token in _tokens(f"({code})"):
        text = token.string
        if token.type in _LAYOUT or token.type == tokenize.ENDMARKER:
            continue
        begin = _offset(f"({code})", token.start)
        gap = f"({code})"[end:begin]
        if "\n" in gap:
            gap = "" if before in _OPENING or text in _CLOSING else " "
        if text in _CLOSING and calls and calls.pop() and before == ",":
            pieces.pop()
        if text in _OPENING:
            called = text == "(" and (before.isidentifier() or before in _CLOSING)
            calls.append(called and bool(before))
        pieces += [gap, text]
        end, before = begin + len(text), text
    return "".join(pieces)[1:-1].strip()


def _tokens(code: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(code, newline="").readline))


def _offset(code: str, place: tuple[int, int]) -> int:
    lines = code.split("\n")
    return sum(len(line) + 1 for line in lines[: place[0] - 1]) + place[1]
