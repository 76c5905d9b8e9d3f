"""Concurrent index builds that were cut off, made repeatable.

A build that is killed leaves an invalid index of the same name, on which the next
attempt fails. It holds no data of anybody's and is dropped first.
"""

import re
from typing import TYPE_CHECKING

from sqlalchemy.util import await_only

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
QUALIFIED = rf"{NAME}(?:\.{NAME})?"
CREATE = re.compile(
    rf"\s*(?P<create>CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY)\s+"
    rf"(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME})\s+ON\s+"
    rf"(?:ONLY\s+)?(?P<table>{QUALIFIED})",
    re.IGNORECASE,
)
DROP = re.compile(
    r"\s*(?P<drop>DROP\s+INDEX\s+CONCURRENTLY)\s+(?!IF\s+EXISTS)", re.IGNORECASE
)
FOUND = """
    SELECT i.indexrelid::regclass::text, i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass($1)
      AND c.oid = to_regclass(format('%I.%s', c.relnamespace::regnamespace, $2::text))
"""


def repeatable(statement: str, driver: "Connection", *, resumed: bool) -> str:
    """Clear the way for a concurrent build; returns the statement to send.

    Where an earlier run of the revision was cut off (`resumed`), what it has built or
    dropped already is left as it is.
    """
    create = CREATE.match(statement)
    if create is None or driver.is_in_transaction():
        return DROP.sub(r"\g<drop> IF EXISTS ", statement, 1) if resumed else statement
    found = await_only(driver.fetchrow(FOUND, create["table"], create["name"]))
    if found is not None and not found[1]:
        await_only(driver.execute(f"DROP INDEX CONCURRENTLY {found[0]}"))
    elif found is not None and resumed and not create["lenient"]:
        return CREATE.sub(_leniently, statement, 1)
    return statement


def _leniently(match: re.Match[str]) -> str:
    begin, end = match.span("create")
    text = match.string
    return f"{text[begin:end]} IF NOT EXISTS{text[end : match.end()]}"
