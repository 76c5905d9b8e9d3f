"""Names of any database's objects, as SQL and as people read them."""

import hashlib
import re
from collections.abc import Collection, Sequence
from itertools import count

LONGEST_NAME_BYTES = 63
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r""" "(?:[^"]|"")*" | '(?:[^']|'')*' """, re.VERBOSE)
_INVISIBLE_LETTERS = "\u115f\u1160\u3164\uffa0"


def shown(sql: str) -> str:
    """A qualified SQL name for people: `public` goes unsaid."""
    return sql.removeprefix("public.")


def listed(columns: Sequence[str]) -> str:
    """Columns as SQL lists them: `guild_id, user_id`."""
    return ", ".join(columns)


def unquoted(sql: str) -> str:
    """The exact name behind one SQL identifier."""
    return sql[1:-1].replace('""', '"') if sql.startswith('"') else sql


def quoted(name: str) -> str:
    """A new name, which begins like no keyword, as SQL."""
    if _PLAIN.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def new_index_name(table: str, columns: Sequence[str], taken: Collection[str]) -> str:
    """`ix_<table>_<columns>`: within the server's length, and not yet taken."""
    words = (re.sub(r"\W+", "_", unquoted(column)) for column in columns)
    wish = "_".join(("ix", table, *words))
    for attempt in count(1):
        name = _shortened(wish if attempt == 1 else f"{wish}_{attempt}")
        if name not in taken:
            break
    return name


def _shortened(name: str) -> str:
    whole = name.encode()
    if len(whole) <= LONGEST_NAME_BYTES:
        return name
    mark = hashlib.sha256(whole).hexdigest()[:8]
    head = whole[: LONGEST_NAME_BYTES - len(mark) - 1]
    return f"{head.decode(errors='ignore')}_{mark}"


def printable(sql: str) -> str:
    r"""The same SQL with nothing invisible in it: `"a\x1b"` becomes `U&"a\001b"`."""
    return _QUOTED.sub(_visible, sql)


def _visible(match: re.Match[str]) -> str:
    text = match[0]
    if not any(_is_unsafe(character) for character in text):
        return text
    return "U&" + "".join(
        f"\\+{ord(c):06x}" if _is_unsafe(c) else c for c in text.replace("\\", r"\\")
    )


def _is_unsafe(character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    return not character.isalnum() or character in _INVISIBLE_LETTERS
