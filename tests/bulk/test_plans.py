"""Plans: written, reviewed, applied exactly, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.requests import Preview, UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import Conflict, Refused, UsageError

pytestmark = pytest.mark.usefixtures("members")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "change.plan"


async def write(db: Database, path: Path, *texts: str, **more: Any) -> Preview:
    wanted = {"where": "id <= 5", "max_rows": None, **more}
    return await db.changes.write_plan(
        UpdateRequest("users", ANN, assignments=texts, **wanted), path
    )


async def apply(db: Database, path: Path, author: Author = ANN) -> Preview:
    return await db.changes.update(UpdateRequest("", author, plan=str(path)))


async def test_what_was_planned_is_what_is_done(db: Database, path: Path) -> None:
    before = await dump(db, "users")

    planned = await write(db, path, "message_count=message_count+2", "username=x")
    assert await dump(db, "users") == before
    done = await apply(db, path)

    assert (planned.changed, done.changed) == (5, 5)
    assert [row.row_key for row in done.sample] == [
        row.row_key for row in planned.sample
    ]
    users = {user.id: user for user in await db.user.find_all()}
    assert [(users[n].username, users[n].message_count) for n in (1, 5, 6)] == [
        ("x", 2),
        ("x", 2),
        ("member6", 0),
    ]


async def test_a_plan_can_be_read_by_a_person_and_by_nobody_else(
    db: Database, path: Path
) -> None:
    await write(db, path, "username=it's", where="id = 1")

    head, row, end = map(json.loads, path.read_text().splitlines())
    assert (head["table"], head["changed"]) == ("users", ["username"])
    assert row["key"] == {"id": "1"}
    assert row["before"] == {"username": "member1"}
    assert row["after"] == {"username": "it's"}
    assert list(end) == ["sha256"]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_reason_of_the_plan_is_recorded_unless_there_is_another(
    db: Database, path: Path, tmp_path: Path
) -> None:
    await write(db, path, "username=x", where="id = 1")
    await write(db, tmp_path / "other.plan", "username=y", where="id = 2")

    await apply(db, path, Author("test", "bob"))
    await apply(db, tmp_path / "other.plan", Author("test", "bob", "mine"))

    assert [(s.actor, s.reason) for s in (await db.changes.list()).items] == [
        ("bob", "mine"),
        ("bob", "because"),
    ]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE users SET message_count = 9 WHERE id = 2", "id 2: changed"),
        ("DELETE FROM users WHERE id = 2", "id 2: deleted"),
    ],
)
async def test_after_a_change_of_one_row_nothing_is_applied(
    db: Database, path: Path, statement: str, line: str
) -> None:
    await write(db, path, "username=x")
    await execute(db, statement)
    before = await dump(db, "users")

    with pytest.raises(Conflict) as caught:
        await apply(db, path)

    assert caught.value.lines == (line,)
    assert await dump(db, "users") == before


async def test_rows_that_match_only_since_are_not_touched(
    db: Database, path: Path
) -> None:
    await write(db, path, "username=x", where="message_count = 0 and id <= 2")
    await execute(
        db,
        "INSERT INTO users (guild_id, discord_id, username) VALUES (1, 99, 'new')",
    )

    assert (await apply(db, path)).changed == 2


async def test_a_plan_is_applied_once(db: Database, path: Path) -> None:
    await write(db, path, "message_count=message_count+1")
    await apply(db, path)

    with pytest.raises(Conflict, match="rows of users were changed since"):
        await apply(db, path)


async def test_a_plan_of_another_database_is_refused(db: Database, path: Path) -> None:
    await write(db, path, "username=x")
    _edit(path, lambda text: text.replace('"database": "', '"database": "other'))

    with pytest.raises(Conflict, match="is a plan for database 'other"):
        await apply(db, path)


async def test_a_plan_for_other_columns_is_refused(db: Database, path: Path) -> None:
    await write(db, path, "username=x")
    await execute(db, "ALTER TABLE users ADD COLUMN nick text")

    with pytest.raises(Conflict, match="users has other columns than when"):
        await apply(db, path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('"x"', '"y"', 1),
        lambda text: text[: len(text) // 2],
        lambda text: "\n".join(text.splitlines()[:-1]),
        lambda text: "\n".join(text.splitlines()[:2] + text.splitlines()[3:]),
        lambda text: text.replace("{", "[", 2),
    ],
    ids=["edited", "cut off", "without its end", "a line gone", "no JSON"],
)
async def test_a_plan_that_is_not_as_it_was_written_is_none(
    db: Database, path: Path, edit: Any
) -> None:
    await write(db, path, "username=x")
    before = await dump(db, "users")
    _edit(path, edit)

    with pytest.raises(UsageError, match="is not a"):
        await apply(db, path)

    assert await dump(db, "users") == before


def _edit(path: Path, edit: Any) -> None:
    text = edit(path.read_text())
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("content", ["", "{}", "x", '{"tuxdb_plan": 2}', "[" * 100_000])
async def test_any_other_file_is_no_plan(
    db: Database, path: Path, content: str
) -> None:
    path.write_text(content)

    with pytest.raises(UsageError, match="is not a plan"):
        await apply(db, path)


async def test_a_plan_is_never_written_over_a_file(db: Database, path: Path) -> None:
    path.write_text("precious")

    with pytest.raises(UsageError, match="cannot be written"):
        await write(db, path, "username=x")

    assert path.read_text() == "precious"


async def test_a_change_that_cannot_be_made_leaves_no_plan(
    db: Database, path: Path
) -> None:
    with pytest.raises(Conflict, match="username_not_blank"):
        await write(db, path, "username=")

    assert not path.exists()


async def test_the_limit_holds_for_plans(db: Database, path: Path) -> None:
    await write(db, path, "username=x")

    with pytest.raises(Refused, match="would change 5 rows"):
        await db.changes.update(UpdateRequest("", ANN, plan=str(path), max_rows=4))


async def test_protected_tables_are_refused_in_plans_too(
    db: Database, path: Path
) -> None:
    await write(db, path, "username=x")
    _edit(path, lambda text: text.replace('"users"', '"tuxdb_meta"', 1))

    with pytest.raises(Refused, match="bookkeeping"):
        await apply(db, path)


async def test_a_plan_comes_from_a_file_as_well(
    db: Database, path: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id,username\n1,ann\n2,member2\n")

    wanted = UpdateRequest("users", ANN, file=str(rows), key=("id",))
    planned = await db.changes.write_plan(wanted, path)

    assert planned.changed == (await apply(db, path)).changed == 1
