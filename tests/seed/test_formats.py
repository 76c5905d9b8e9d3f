"""Seed files: what each format means, and the file and line of what is wrong."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tuxdb.errors import ConfigurationError, NotFound, TuxdbError, UsageError
from tuxdb.seed.library import Library
from tuxdb.seed.shape import batches
from tuxdb.settings import Settings

USERS_TOML = """\
# comment with [[users.rows]] in it
[guilds]
key = ["id"]
rows = [
  { id = 1, name = "a { b" },
  { id = 2 },
]

[users]
key = ["guild_id", "discord_id"]

[[users.rows]]
guild_id = 1
discord_id = 101
username = "alice"

[[users.rows]]
guild_id = 1
discord_id = 102
username = "bob"
points = 5
"""


def read(
    folder: Path, name: str, content: str
) -> list[tuple[str, int, dict[str, Any]]]:
    """The rows of a file as (table, line, values), checked against the tables."""
    (folder / name).write_text(content, encoding="utf-8")
    seed = Library(folder).chosen([Path(name).stem])[0]
    return [
        (batch.table.name, line, dict(zip(batch.columns, record, strict=True)))
        for raw in seed.tables(Random(1))
        for batch in batches(raw)
        for line, record in zip(batch.lines, batch.records, strict=True)
    ]


def refused(folder: Path, name: str, content: str) -> str:
    with pytest.raises(TuxdbError) as error:
        read(folder, name, content)
    assert isinstance(error.value, UsageError)
    return error.value.message.replace(f"{folder.name}/", "")


def test_toml_rows_know_their_lines(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.toml", USERS_TOML)

    assert [(table, line) for table, line, _ in rows] == [
        ("guilds", 5),
        ("guilds", 6),
        ("users", 12),
        ("users", 17),
    ]
    assert rows[3][2] == {
        "guild_id": 1,
        "discord_id": 102,
        "username": "bob",
        "points": 5,
    }


def test_json_rows_know_their_lines_and_may_write_ids_as_text(tmp_path: Path) -> None:
    document = """{
      "guilds": {"key": ["id"], "rows": [
        {"id": "1234567890123456789", "name": "{[\\"rows\\"]}"},

        {"id": 2, "name": "x"}]}
    }"""

    assert read(tmp_path, "a.json", document) == [
        ("guilds", 3, {"id": 1234567890123456789, "name": '{["rows"]}'}),
        ("guilds", 5, {"id": 2, "name": "x"}),
    ]


def test_csv_fields_become_values_of_their_columns(tmp_path: Path) -> None:
    content = (
        "# table=guild_configs key=guild_id\n"
        "guild_id,prefix,mod_log_id,settings\n"
        '1,!,,"{""a"": [1]}"\n'
        '2,"$\n$",7,{}\n'
        "3,$,8,{}\n"
    )

    rows = read(tmp_path, "a.csv", content)

    assert [line for _, line, _ in rows] == [3, 4, 6]
    assert rows[0][2] == {
        "guild_id": 1,
        "prefix": "!",
        "mod_log_id": None,
        "settings": {"a": [1]},
    }


def test_python_sets_get_a_random_that_follows_the_seed(tmp_path: Path) -> None:
    content = (
        'TABLE = "guilds"\nKEY = ("id",)\n\n\ndef rows(random):\n'
        '    yield {"id": random.randrange(1, 10**9), "name": "made"}\n'
    )

    first = read(tmp_path, "a.py", content)

    assert first == read(tmp_path, "a.py", content)
    assert first[0][:2] == ("guilds", 5)


GUILD = '[guilds]\nkey = ["id"]\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            GUILD + "rows = [\n  { id = 1, nam = 2 },\n]",
            "a.toml:4: guilds: 'nam' is no column; did you mean 'name'?",
        ),
        (
            GUILD + '[[guilds.rows]]\nname = "x"',
            "a.toml:3: guilds: the key column 'id' is missing",
        ),
        (
            GUILD + "[[guilds.rows]]\nid = 1\n[[guilds.rows]]\nid = 1",
            "a.toml:5: has the same key as line 3",
        ),
        (
            GUILD + "rows = [{ id = true }]",
            "a.toml:3: guilds.id is not a whole number",
        ),
        (
            GUILD + '\nrows = [{ id = 1, case_count = 3, name = "x" }]',
            "a.toml:4: guilds: 'case_count' is kept by the database",
        ),
        (
            '[guilds]\nkey = ["name"]\nrows = []',
            "a.toml:1: (name) is no key of guilds; it has (id)",
        ),
        ("[guilds]\nrows = []", "a.toml:1: guilds declares no key"),
        ('\n[guilds]\nkey = ["id"]', "a.toml:2: guilds declares no rows"),
        (
            '[user]\nkey = ["id"]\nrows = []',
            "a.toml:1: 'user' is no table that takes seeds; did you mean 'users'?",
        ),
        (
            '[points_transactions]\nkey = ["id"]\nrows = []',
            "a.toml:1: the ledger is no table to seed; give `points` in users",
        ),
        (
            '[tuxdb_meta]\nkey = ["key"]\nrows = []',
            "a.toml:1: 'tuxdb_meta' is no table that takes seeds; guilds,",
        ),
        ("[guilds\n", "a.toml:1: this is not TOML"),
        ("guilds = 1", "a.toml:1: guilds is not a table with key and rows"),
    ],
)
def test_bad_toml_is_refused_with_file_and_line(
    tmp_path: Path, content: str, message: str
) -> None:
    assert refused(tmp_path, "a.toml", content).startswith(message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"guilds":\n nope}', "a.json:2: this is not JSON"),
        ("a.json", "[1]", "a.json:1: is not an object of tables"),
        ("a.json", "[" * 100_000, "a.json:1: is nested too deeply"),
        ("a.csv", "id,name\n1,x\n", "a.csv:1: the table and its natural key"),
        (
            "a.csv",
            "# table=guilds key=id\nid,name\n1,x,y\n",
            "a.csv:3: 3 fields, 2 columns",
        ),
        (
            "a.csv",
            "# table=guilds key=id\nid,nome\n1,x\n",
            "a.csv:3: guilds: 'nome' is no column; did you mean 'name'?",
        ),
        (
            "a.csv",
            "# table=guilds key=id\nid,name\n1,x\nx1,y\n",
            "a.csv:4: guilds.id is not a whole number",
        ),
        ("a.py", "x = (\n", "a.py:1: this is not Python"),
        ("a.py", "x = 1\n", "a.py:1: needs TABLE, KEY (column names) and rows()"),
    ],
)
def test_bad_files_are_refused_with_file_and_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    assert refused(tmp_path, name, content).startswith(message)


def test_number_of_a_user_row_is_not_for_files(tmp_path: Path) -> None:
    content = (
        "# table=cases key=guild_id,case_number\n"
        "guild_id,case_number,case_type,user_id\n1,1,ban,7\n"
    )

    assert refused(tmp_path, "a.csv", content) == (
        "a.csv:3: cases: 'user_id' is no column; did you mean 'user'?"
    )


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"# table=guilds key=id\nid,name\n1,\xff\n")

    with pytest.raises(UsageError, match=r"a\.csv:3: is not valid UTF-8"):
        Library(tmp_path).listing()


def test_without_own_sets_the_built_in_ones_are_usual(tmp_path: Path) -> None:
    assert Library(tmp_path).usual == ["demo"]

    (tmp_path / "mine.toml").write_text(USERS_TOML)
    assert Library(tmp_path).usual == ["mine"]


def test_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as error:
        Library(tmp_path).chosen(["dmeo"])

    assert error.value.hint == "did you mean 'demo'?"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(USERS_TOML)
    (tmp_path / "a.json").write_text("{}")

    with pytest.raises(UsageError, match="has the same name"):
        Library(tmp_path)


def test_file_named_like_a_command_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fake.toml").write_text(USERS_TOML)

    with pytest.raises(UsageError, match="no seed set can be called 'fake'"):
        Library(tmp_path)


def test_configured_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    settings = Settings.load({"seeds": "nowhere"}, environ={}, cwd=tmp_path)

    with pytest.raises(ConfigurationError, match="nowhere is not a folder"):
        Library.of(settings)


def test_python_set_outside_of_the_folder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text("raise SystemExit")
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.py").symlink_to(tmp_path / "other" / "a.py")

    with pytest.raises(UsageError, match="leads out of the folder"):
        Library(tmp_path / "seeds")
