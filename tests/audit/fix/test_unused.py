"""`text` is no longer imported where a rewrite took its last use, and only there."""

import pytest

from tests.audit.fix.sample import PATH, fixed
from tuxdb.audit.sql.results import Converted

BY_ID = Converted(
    "select(Link.id, Link.url).where(Link.id == tuxdb_arg_1)",
    imports=("from sqlalchemy import select", "from models.links import Link"),
    params=("tuxdb_arg_1",),
)
CALL = (
    'return session.execute(text("SELECT id, url FROM links WHERE id = :id"), '
    '{"id": key}).all()'
)
PLAIN = "from sqlalchemy import text"


def top(head: str, call: str = CALL, **options: object) -> list[str]:
    """The lines above the function of a file after its fixes."""
    source = f"{head}\n\n\ndef find(session, key):\n    {call}\n"
    after = fixed(source, BY_ID, types=("bigint",), **options)
    assert "Link.id == key" in after
    lines = after.partition("def find")[0].split("\n")
    return [line for line in lines if line and "models.links" not in line]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PLAIN, ["from sqlalchemy import select"]),
        (
            "from sqlalchemy import func, select, text",
            ["from sqlalchemy import func, select"],
        ),
        (
            "from sqlalchemy import (\n    func,\n    text,\n)",
            ["from sqlalchemy import (", "    func,", "    select,", ")"],
        ),
    ],
)
def test_it_goes_with_its_last_use(before: str, after: list[str]) -> None:
    assert top(before) == after


@pytest.mark.parametrize(
    "more",
    [
        '__all__ = ["find", "text"]',
        "other = text('1')",
        "print(globals())",
        "def later(text):\n    return text",
        "def again():\n    from sqlalchemy import text",
    ],
)
def test_it_stays_where_it_is_used_or_may_be(more: str) -> None:
    assert top(f"{PLAIN}\n\n{more}")[0] == "from sqlalchemy import select, text"


def test_it_stays_beside_a_comment() -> None:
    assert top(f"{PLAIN}  # for find") == [
        "from sqlalchemy import select, text  # for find"
    ]


def test_it_stays_if_nothing_used_it_before() -> None:
    call = CALL.replace("text(", "sqlalchemy.text(")

    assert top(f"import sqlalchemy\n{PLAIN}", call)[1] == (
        "from sqlalchemy import select, text"
    )


@pytest.mark.parametrize(
    "line",
    [
        "from cogs.links import text",
        "from .links import (\n    Links,\n    text,\n)",
        "from cogs.links import *",
        "import cogs.links\nprint(cogs.links.text)",
    ],
)
def test_it_stays_where_another_file_takes_it_from_this_one(line: str) -> None:
    source = f"{PLAIN}\n\n\ndef find(session, key):\n    {CALL}\n".encode()
    sources = {PATH: source, "cogs/other.py": line.encode()}

    assert top(PLAIN, sources=sources) == ["from sqlalchemy import select, text"]
