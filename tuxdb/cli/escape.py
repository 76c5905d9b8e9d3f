r"""Text of others made safe to show: nothing of it may steer a terminal.

Control, bidirectional, zero-width and other invisible characters appear as Python
would write them: `\x1b`, `\u202e`. The variation selectors of emoji stay.
"""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_UNSAFE_BUT_LINES = re.compile(
    _UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f")
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
LONGEST_SENTENCE = 2000
_BYTE, _PLANE = 0x100, 0x10000


def escape(text: str) -> str:
    """One line in which every character is visible, for people."""
    return _UNSAFE.sub(_as_python, text)


def shortened(text: str) -> str:
    """A sentence as long as a person may read, whatever was quoted in it."""
    left_out = len(text) - LONGEST_SENTENCE
    if left_out <= 0:
        return text
    half = LONGEST_SENTENCE // 2
    return f"{text[:half]} … {left_out} characters … {text[-half:]}"


def escape_tsv(text: str) -> str:
    r"""A field of a TSV line; `\\` is a backslash, so that it can be read back."""
    return _UNSAFE.sub(_as_python, text.replace("\\", r"\\"))


def escape_csv(text: str) -> str:
    """A field of a CSV file, where tabs and line ends may stand within quotes."""
    return _UNSAFE_BUT_LINES.sub(_as_python, text)


def defuse(text: str) -> str:
    """A text that no spreadsheet takes for a formula: a quote is put before it.

    A text that looks as if it had one already gets another, so that taking one away,
    as `--from FILE` does, gives back what it was.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def escape_json(document: str) -> str:
    """A JSON text that means the same and holds no invisible character."""
    return _UNSAFE.sub(_as_json, document)


def _as_python(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if code < _BYTE:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < _PLANE else f"\\U{code:08x}"


def _as_json(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)
