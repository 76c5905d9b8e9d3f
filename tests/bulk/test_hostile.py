"""Hostile files: refused, named by line and column, in few words; nothing is changed."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bulk.conftest import ANN, dump
from tests.bulk.hostile import CSV, HARMLESS, JSON, NDJSON, TSV, Cases
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import TuxdbError

pytestmark = pytest.mark.usefixtures("members")

KINDS = {"csv": CSV, "tsv": TSV, "json": JSON, "ndjson": NDJSON}
GROUPS = [
    pytest.param(kind, cases, id=f"{kind} {name}")
    for kind, groups in KINDS.items()
    for name, cases in groups.items()
]
MOST_CHARACTERS = 20_000


def request(path: Path) -> UpdateRequest:
    return UpdateRequest("users", ANN, file=str(path), key=("id",), max_rows=None)


def written(folder: Path, kind: str, cases: Cases) -> Iterator[tuple[Path, str]]:
    """The files of a group, one after the other, with where each is wrong."""
    path = folder / f"rows.{kind}"
    for content, where in cases:
        made = content() if callable(content) else content
        path.write_bytes(made.encode() if isinstance(made, str) else made)
        yield path, f"{path}{where}" if where.startswith(":") else where


@pytest.mark.parametrize(("kind", "cases"), GROUPS)
async def test_what_is_wrong_is_named_and_nothing_is_changed(
    db: Database, tmp_path: Path, kind: str, cases: Cases
) -> None:
    before = await dump(db, "users")

    for path, where in written(tmp_path, kind, cases):
        with pytest.raises(TuxdbError) as caught:
            await db.changes.update(request(path))
        told = "\n".join([caught.value.message, *caught.value.lines])
        assert where in told, (path.read_bytes()[:100], told)
        assert len(told) < MOST_CHARACTERS

    assert await dump(db, "users") == before
    assert (await db.changes.list()).items == []


async def test_what_only_looks_dangerous_is_a_value(
    db: Database, tmp_path: Path
) -> None:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([("id", "username"), *enumerate(HARMLESS, 1)])
    path = tmp_path / "rows.csv"
    path.write_text(text.getvalue(), newline="")

    await db.changes.update(request(path))

    users = {user.id: user.username for user in await db.user.find_all()}
    assert [users[number] for number in range(1, len(HARMLESS) + 1)] == list(HARMLESS)


def test_there_are_as_many_as_were_promised() -> None:
    cases = [case for groups in KINDS.values() for group in groups.values() for case in group]  # fmt: skip
    assert len(cases) + len(HARMLESS) >= 145
