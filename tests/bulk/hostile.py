"""Inputs that must change nothing, each with where it is wrong.

Of each group: a file's content, and what its error says after the file's name, such as
`:2: id`; or, without a colon before it, anywhere.
"""

from collections.abc import Callable
from random import Random

H = "id,username\n"
MEGA = 1 << 20

Content = str | bytes | Callable[[], str]
"""Large ones are made when they are needed."""
Cases = list[tuple[Content, str]]


def cells(column: str, *values: str) -> Cases:
    """A file for each value of a column, all of them wrong."""
    return [(f'id,{column}\n1,"{value}"\n', f":2: {column}") for value in values]


def json_cells(column: str, *values: str) -> Cases:
    """The same in JSON, where values are written as they are."""
    return [(f'[{{"id":1,"{column}":{value}}}]', f":1: {column}") for value in values]


CSV: dict[str, Cases] = {
    "encodings": [
        ("id,username\r1,x\r", ":1:"),
        (H + "\ufeff1,x\n", ":2: id"),
        ("\ufeff\ufeffid,username\n1,x\n", ":1:"),
        (f"{H}1,x\n".encode("utf-16"), ":1:"),
        (b"\xfe\xff" + f"{H}1,x\n".encode("utf-16-be"), ":1:"),
        (f"{H}1,x\n".encode("utf-16-le"), ":1:"),
        (f"{H}1,x\n".encode("utf-32"), ":1:"),
        (f"{H}1,\xe9\n".encode("latin-1"), ":2:"),
        (b"id,username\n1,\xe2\x82\n", ":2:"),
        (b"id,username\n1,\xe2\x82", ":2:"),
        (b"id,username\n1,\xc0\xaf\n", ":2:"),
        (b"id,username\n1,\xed\xa0\x80\n", ":2:"),
        (b"id,username\n1,\xf4\x90\x80\x80\n", ":2:"),
        (b"id,username\n1,a\0b\n", ":2:"),
        (b"id,user\0name\n1,a\n", ":1:"),
        (b"id,username\n1,a\n\0", ":3:"),
    ],
    "other files": [
        (b"\x1f\x8b\x08\0\0\0\0\0", ":1:"),
        (b"PK\x03\x04" + bytes(50), ":1:"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), ":1:"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", ":1:"),
        (b"\x89PNG\r\n\x1a\n\0\0", ":1:"),
        (b"\x7fELF\x02\x01\x01\0\0\0", ":1:"),
        (bytes(range(256)), ":1:"),
        (Random(1).randbytes(100_000), ":1:"),
    ],
    "nothing": [
        ("", ":1:"),
        ("\n", ":1:"),
        ("   \n\t\n", ":1:"),
        ("\ufeff", ":1:"),
        (H, ":1:"),
        ("id,username", ":1:"),
        ("id\n1\n", ":1:"),
        ("username\nx\n", ":1: id"),
    ],
    "ragged rows": [
        (f"{H}1\n", ":2:"),
        (f"{H}1,a,b\n", ":2:"),
        (f"{H}1,a\n2,b\n3,c,d\n", ":4:"),
        (f"{H}1,a,\n", ":2:"),
        ("id,username,\n1,a,\n", ":1:"),
        ("id;username\n1;a\n", ":1:"),
        ("id|username\n1|a\n", ":1:"),
        ("id\tusername\n1\ta\n", ":1:"),
        (H + "1,a,b\n" * 100_000, ":21:"),
    ],
    "quotes": [
        (f'{H}1,"a\n', ":2:"),
        (f'{H}1,"a\n' + "2,b\n" * 200_000, ":2:"),
        (f'{H}1,"a"b\n', ":2:"),
    ],
    "headers": [
        ("id,username,username\n1,a,b\n", ":1:"),
        ("id,id,username\n1,1,a\n", ":1:"),
        ("id,username, username\n1,a,b\n", ":1:"),
        ("id,,username\n1,,a\n", ":1:"),
        ("ID,USERNAME\n1,a\n", ":1:"),
        ("id,nick\n1,a\n", ":1: nick"),
        ("id,user_name\n1,a\n", "did you mean 'username'?"),
        (",".join(f"c{n}" for n in range(10_000)) + "\n", ":1:"),
        (",".join(["x"] * 10_000) + "\n", ":1:"),
        ("id," + ",".join(f"c{n}" for n in range(100)) + "\n", ":1: c0"),
        ("id," + "u" * MEGA + "\n1,a\n", ":1:"),
        (lambda: "id," + "u" * 20 * MEGA + "\n1,a\n", ":1:"),
        ("id,points\n1,1\n", "through the ledger"),
        ("id,created_at\n1,1\n", "created_at"),
        ("id,updated_at\n1,1\n", "updated_at"),
    ],
    "keys": [
        (f"{H}1,a\n2,b\n1,c\n", ":4: id"),
        (f"{H}1,a\n01,b\n", ":3: id"),
        (f"{H}1,a\n+1,b\n", ":3: id"),
        (H + "1,a\n" * 100_000, ":"),
        (f"{H},a\n", ":2: id"),
        (f"{H}999,a\n", "line 2: 999"),
        (f"{H}-1,a\n", "line 2: -1"),
        (f"{H}0,a\n", "line 2: 0"),
        (f"{H}9223372036854775808,a\n", ":2: id"),
        (f"{H}1.0,a\n", ":2: id"),
        (f"{H}1e0,a\n", ":2: id"),
    ],
    "numbers": cells(
        "message_count",
        *("NaN", "nan", "inf", "-Infinity", "1e3", "1.0", "1.5", "1_000", "0x10", "1 "),
        *("\u0663", "\uff11", "", " 1", "--1", "true", "None", "null", "1;DROP", "1'"),
        *("9223372036854775808", "-9223372036854775809", "9" * 5000),
    ),
    "booleans": cells("is_active", "perhaps", "2", "TRUE!", "nul", "-1"),
    "moments": cells(
        "last_active",
        *("now", "today", "infinity", "-infinity", "epoch", "2026-02-30", "BC"),
        *("2026-13-01T00:00:00Z", "99999-01-01", "0000-01-01", "1e9", "allballs"),
        *("2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00", "yesterday"),
    ),
    "texts": [
        (f"{H}1,{'x' * 101}\n", ":2: username"),
        (lambda: f"{H}1,{'x' * 10 * MEGA}\n", ":2: username"),
        (lambda: f"{H}1,{'x' * 17 * MEGA}\n", ":2:"),
        (lambda: H + f"1,{'x' * MEGA}\n" * 30, ":2: username"),
        (f"{H}1,\n", "username"),
        ("id,message_count\n1,-1\n", "ck_users_message_count_not_negative"),
    ],
}
TSV: dict[str, Cases] = {
    "cells": [
        ("id\tusername\n1\n", ":2:"),
        ("id\tusername\n\\N\tx\n", ":2: id"),
        ("id\tusername\n1\t\\N\n", ":2: username"),
        ("id\tusername\n1\ta\0\n", ":2:"),
    ]
}
JSON: dict[str, Cases] = {
    "no rows": [
        (text, ":1:") for text in ("", "[]", "null", "5", '"x"', "[1,2]", "[{}]")
    ],
    "not JSON": [
        ('[{"id":1,"username":"x"}', ":1:"),
        ('[{"id":1,"username":"x"},]', ":1:"),
        ('[{"id":1,"username":"x"}] x', ":1:"),
        ('[{"id":1,"username":"x"}][{"id":2,"username":"x"}]', ":1:"),
        ('[{"id":1,"username":"a\nb"}]', ":1:"),
        (b'[{"id":1,"username":"\xff"}]', ":1:"),
        ("[{'id':1}]", ":1:"),
        ('[// x\n{"id":1,"username":"a"}]', ":1:"),
        ('[{"id":1,"message_count":NaN}]', ":1:"),
        ('[{"id":1,"message_count":-Infinity}]', ":1:"),
    ],
    "depths": [
        ("[" * 100_000, ":1:"),
        ('{"a":' * 100_000, ":1:"),
        ("[" * 100_000 + "]" * 100_000, ":1:"),
        ('[{"id":1,"username":' + "[" * 100_000 + "]" * 100_000 + "}]", ":1:"),
    ],
    "objects": [
        ('[{"id":1,"id":2,"username":"x"}]', ":1:"),
        ('[{"id":1,"username":"a"},\n{"id":2}]', ":2:"),
        ('[{"id":1,"username":"a"},\n{"id":2,"username":"b","x":1}]', ":2:"),
        ('[{"__proto__":1,"id":1}]', ":1: __proto__"),
        ("[{" + ",".join(f'"c{n}":1' for n in range(10_000)) + "}]", ":1:"),
        ('[{"id":1,"username":"x"},\n{"id":"1","username":"y"}]', ":2: id"),
        ('[{"id":null,"username":"x"}]', ":1: id"),
    ],
    "numbers": json_cells(
        "message_count", "1.5", "1e0", "true", "9" * 23, "9" * 5000, "9" * MEGA
    ),
    "booleans": json_cells("is_active", "2"),
    "texts": json_cells("username", '{"a":1}', "[1]", '"\\ud800"', '"\\u0000"', "null"),
    "long values": [
        (lambda: f'[{{"id":1,"username":"{"x" * 10 * MEGA}"}}]', ":1: username"),
        (lambda: f'[{{"id":1,"username":"{"x" * 17 * MEGA}"}}]', ":1:"),
    ],
}
NDJSON: dict[str, Cases] = {
    "lines": [
        ('{"id":1,"username":"x"}\n{"id":2,\n', ":2:"),
        ('{"id":1,"username":' + "[" * 100_000 + "}\n", ":1:"),
        (b'{"id":1,"username":"x"}\n\0\n', ":2:"),
        ('[{"id":1}]\n', ":1:"),
        ('{"id":1,"username":"x"}{"id":2,"username":"y"}\n', ":1:"),
        ("[" * MEGA + "\n", ":1:"),
        (lambda: f'{{"id":1,"username":"{"x" * 17 * MEGA}"}}\n', ":1:"),
    ]
}
HARMLESS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "'); DROP TABLE users; --",
    "[red]x[/]",
    "[/]",
    "\x1b[2J",
    "a\u202eb",
    "a\u2028b",
    "a\x0b\x0c\x85b",
    "\\N",
    "\\.",
    "{0} %s %(x)s :x $1",
    " x ",
    'a"b',
    "a\nb",
    "\U0001f600" * 100,
)
"""What looks dangerous in a cell and is a name like any other."""
