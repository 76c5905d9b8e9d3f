"""Changing rows from a file: what is right is done, what is wrong is all told."""

from pathlib import Path
from typing import Any

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.problems import BadFile
from tuxdb.bulk.requests import Preview, UpdateRequest
from tuxdb.bulk.staging import MissingRows
from tuxdb.database import Database
from tuxdb.errors import NotFound, Refused, TuxdbError, UsageError

pytestmark = pytest.mark.usefixtures("members")


class Files:
    """Writes a file and has it carried out."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.folder = folder

    async def __call__(
        self, content: str | bytes, *, name: str = "rows.csv", **more: Any
    ) -> Preview:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        wanted = {"table": "users", "author": ANN, "key": ("id",), **more}
        return await self.db.changes.update(UpdateRequest(file=str(path), **wanted))

    async def refused(self, content: str | bytes, **more: Any) -> TuxdbError:
        """The error of a file that must change nothing."""
        before = await dump(self.db, "users")
        with pytest.raises(TuxdbError) as caught:
            await self(content, **more)
        assert await dump(self.db, "users") == before
        assert (await self.db.changes.list()).items == []
        told = [caught.value.message, *caught.value.lines]
        assert sum(map(len, told)) < 20_000
        return caught.value


@pytest.fixture
def file(db: Database, tmp_path: Path) -> Files:
    return Files(db, tmp_path)


async def test_each_row_gets_its_own_values(db: Database, file: Files) -> None:
    done = await file("id,username,message_count\n1,ann,5\n3,cy,7\n2,member2,0\n")

    assert (done.matched, done.changed, done.unchanged) == (3, 2, 1)
    users = {user.id: user for user in await db.user.find_all()}
    assert [(users[i].username, users[i].message_count) for i in (1, 2, 3)] == [
        ("ann", 5),
        ("member2", 0),
        ("cy", 7),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.tsv", "id\tusername\tlast_active\n1\tann\t2026-01-02T03:04:05Z\n2\tbob\t\\N\n"),
        ("rows.json", '[{"id":"1","username":"ann","last_active":"2026-01-02T03:04:05Z"},{"id":2,"username":"bob","last_active":null}]'),
        ("rows.ndjson", '{"id":1,"username":"ann","last_active":"2026-01-02T03:04:05Z"}\n{"id":2,"username":"bob","last_active":null}\n'),
        ("rows", "id,username,last_active\n1,ann,2026-01-02T03:04:05+00:00\n2,bob,\n"),
    ],
    ids=["tsv", "json", "ndjson", "csv"],
)  # fmt: skip
async def test_every_format_says_the_same(
    db: Database, file: Files, name: str, content: str
) -> None:
    await execute(db, "UPDATE users SET last_active = now()")

    await file(content, name=name)

    users = {user.id: user for user in await db.user.find_all()}
    assert [users[1].username, users[2].username] == ["ann", "bob"]
    assert users[1].last_active is not None
    assert users[1].last_active.isoformat() == "2026-01-02T03:04:05+00:00"
    assert users[2].last_active is None


async def test_rows_are_found_by_any_columns(db: Database, file: Files) -> None:
    done = await file(
        "guild_id,discord_id,username\n1,7,seven\n", key=("guild_id", "discord_id")
    )

    assert done.changed == 1
    assert done.sample[0].row_key == {"id": "7"}


async def test_cells_are_values_whatever_they_look_like(
    db: Database, file: Files
) -> None:
    names = ["'; DROP TABLE users; --", "[red]x[/]", "\x1b[31m", "${x}", "a\\Nb", "\\N"]
    quoted = [
        "'; DROP TABLE users; --",
        "[red]x[/]",
        "\x1b[31m",
        "${x}",
        "a\\Nb",
        "\\N",
    ]

    await file("id,username\n" + "".join(f"{n},{x}\n" for n, x in enumerate(quoted, 1)))

    users = {user.id: user.username for user in await db.user.find_all()}
    assert [users[n] for n in range(1, len(names) + 1)] == names


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("id,nick\n1,x\n", ["rows.csv:1: nick: users has no such column"]),
        ("id,user_name\n1,x\n", ["rows.csv:1: user_name: users has no such column; did you mean 'username'?"]),
        ("username\nx\n", ["rows.csv:1: id: the key column is missing"]),
        ("id\n1\n", ["rows.csv:1: there is no column beside the key"]),
        ("id,username\n1,a\n2,b\n1,c\n", ["rows.csv:4: id: the same key as in line 2"]),
        ("id,username\n,a\n", ["rows.csv:2: id: must have a value"]),
        ("id,username\nx,a\n", ["rows.csv:2: id: 'x' is not a whole number in ASCII digits"]),
        ("id,username\n9223372036854775808,a\n", ["rows.csv:2: id: '9223372036854775808' is outside"]),
        ("id,message_count\n1,NaN\n", ["rows.csv:2: message_count: 'NaN' is not a whole number"]),
        ("id,message_count\n1,1e3\n", ["rows.csv:2: message_count: '1e3' is not a whole number"]),
        ("id,message_count\n1,\n", ["rows.csv:2: message_count: must have a value"]),
        ("id,is_active\n1,perhaps\n", ["rows.csv:2: is_active: 'perhaps' is not true or false"]),
        ("id,last_active\n1,now\n", ["rows.csv:2: last_active: 'now' is not a time"]),
        ("id,username\n1," + "x" * 101 + "\n", ["rows.csv:2: username: 'xxxxxxxx"]),
        (
            "id,message_count\nx,1\n2,y\n3,4,5\n4,-\n",
            ["rows.csv:2: id: 'x'", "rows.csv:3: message_count: 'y'", "rows.csv:4: 3 cells", "rows.csv:5: message_count: '-'"],
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_by_line_and_column(
    file: Files, content: str, problems: list[str]
) -> None:
    error = await file.refused(content)

    assert isinstance(error, BadFile)
    lines = error.lines or (error.message,)
    told = [line[line.index("rows.csv") :] for line in lines]
    assert len(told) == len(problems)
    for line, problem in zip(told, problems, strict=True):
        assert line.startswith(problem)


@pytest.mark.parametrize(
    "name",
    ['id"; DROP TABLE users; --', "id = 1 OR 1 = 1", "users.id", "*", "oid", "ctid", "xmin", "tableoid", "ID", "id --", "\x1b[2J", "a" * 70_000, "nïck", "${id}", "line", "c0"],
    ids=range(16),
)  # fmt: skip
async def test_evil_names_of_columns_are_no_columns(file: Files, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'

    error = await file.refused(f"id,{quoted}\n1,1\n")

    assert isinstance(error, BadFile)
    assert "has no such column" in error.message


@pytest.mark.parametrize("name", ["points", "created_at", "updated_at"])
async def test_protected_columns_are_refused(file: Files, name: str) -> None:
    assert isinstance(await file.refused(f"id,{name}\n1,1\n"), Refused)


async def test_the_primary_key_is_refused_where_it_is_not_the_key(file: Files) -> None:
    error = await file.refused("discord_id,id\n1,2\n", key=("discord_id",))

    assert error.message == "users.id is the primary key"


async def test_an_unknown_key_column_is_named(file: Files) -> None:
    error = await file.refused("id,username\n1,x\n", key=("idd",))

    assert isinstance(error, UsageError)
    assert error.message == "--key: users has no column 'idd'; did you mean 'id'?"


async def test_keys_that_are_in_no_row_are_refused_and_counted(file: Files) -> None:
    rows = "".join(f"{number},x\n" for number in range(1, 51))

    error = await file.refused(f"id,username\n{rows}")

    assert isinstance(error, MissingRows)
    assert isinstance(error, NotFound)
    assert error.message == "no row of users for 30 of the keys; nothing was changed"
    assert error.lines[0] == "line 22: 21"
    assert error.lines[-1] == "… 10 more"
    assert error.hint == "--missing skip passes over them"


async def test_or_passed_over_and_counted(file: Files) -> None:
    done = await file("id,username\n1,x\n99,y\n", skip_missing=True)

    assert (done.matched, done.changed, done.missing) == (1, 1, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"id,username\n",
        b"\xff\xfei\0d\0",
        b"PK\x03\x04",
        b"id,username\n1,a\0b\n",
        b"id,username\n1,\xc3\x28\n",
        b"id,id\n1,1\n",
        b"id,username\n1\n",
        b'id,username\n1,"a\n',
        b"a" * (17 << 20),
        ",".join(f"c{n}" for n in range(10_000)).encode(),
        b"[" * 100_000,
        b'[{"id": 1, "id": 2}]',
        b'[{"id": 1, "username": {"a": 1}}]',
        b'{"id": 1, "username": [1]}',
        b"id,username\n" + b"1,x\n" * 100_000,
        b'[{"id": 1.5, "username": "x"}]',
        b'[{"id": true, "username": "x"}]',
        b'[{"id": 1, "message_count": "1"}, {"id": 2, "username": "x"}]',
        b'{"id": 1, "username": "\\ud800"}',
        b'{"id": 1, "username": "\\u0000"}',
        b"%PDF-1.4\n",
        bytes(range(256)),
        b"id,username\n1," + b"x" * (10 << 20) + b"\n",
    ],
    ids=range(25),
)
async def test_hostile_files_change_nothing(file: Files, content: bytes) -> None:
    error = await file.refused(content, name="rows")

    assert isinstance(error, BadFile)


async def test_a_file_in_the_columns_of_another_order_is_the_same(
    db: Database, file: Files
) -> None:
    await file("message_count,id\n5,1\n")

    user = await db.user.get_by_id(1)
    assert user is not None
    assert user.message_count == 5


async def test_how_far_it_is_can_be_followed(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,username\n" + "".join(f"{n},x\n" for n in range(1, 50_001)))
    told: list[tuple[str, int, int | None]] = []
    wanted = UpdateRequest("users", ANN, file=str(path), key=("id",), skip_missing=True)

    async with db.changes.updating(wanted, lambda *how: told.append(how)):
        pass

    reading = [row for row in told if row[0].startswith("reading")]
    assert reading[0][1] == 2000
    assert reading[-1] == (reading[0][0], 50_000, 50_000)
    assert told[-1] == ("changing users", 0, None)
