"""Another bot's database: any type, any name, triggers, partitions, none of ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.problems import BadFile
from tuxdb.bulk.requests import Preview, UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import Conflict, Refused, SchemaBehind, UsageError

NEW: dict[str, Any] = {
    "mood": "happy",
    "moods": ["ok", None],
    "tags": ["x", 'y "z"', None, "a\\b", "{}"],
    "numbers": [[1, 2], [3, 4]],
    "plain": {"b": 2, "a": [1, None]},
    "binary_json": "a text",
    "price": "1.50",
    "number": "1.5",
    "bytes": "\\x00ff",
    "local": "2026-05-05T01:02:03+02:00",
    "moment": "2026-05-05",
    "day": "2026-01-01",
    "clock": "13:14",
    "span": "1 year 1 sec",
    "address": "::1",
    "place": "(3,4)",
    "name": "BOB",
    "rank": 7,
    "range": "[2,9)",
    "code": "b",
    "short": "äöüäö",
    "single": 1e10,
    "double": "1e300",
    "small": -4,
    "key": "22222222-2222-2222-2222-222222222222",
    "bits": "111",
    "words": "c d",
    "big": 2**63 - 1,
    "flag": False,
    "required": "",
}


async def update(db: Database, table: str, *texts: str, **more: Any) -> Preview:
    if not {"where", "file", "plan"} & more.keys():
        more["all_rows"] = True
    wanted = UpdateRequest(table, ANN, assignments=texts, **more)
    return await db.changes.update(wanted)


async def test_every_type_can_be_set_and_is_undone_to_the_byte(bot: Database) -> None:
    before = await dump(bot, "kinds")
    texts = [
        f"{name}={_literal(value)}" for name, value in NEW.items() if value is not None
    ]

    done = await update(bot, "kinds", *texts)
    changed = await dump(bot, "kinds")
    await bot.changes.undo(done.changeset, ANN)

    assert (done.changed, len(set(before + changed))) == (3, 6)
    assert await dump(bot, "kinds") == before


def _literal(value: object) -> str:
    if isinstance(value, list):
        items = (_element(item) for item in value)
        return "{" + ",".join(items) + "}"
    if isinstance(value, dict) or value == "a text":
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _element(item: object) -> str:
    if isinstance(item, list):
        return _literal(item)
    if item is None:
        return "NULL"
    return '"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"'


async def test_every_type_comes_from_a_file_the_same(
    bot: Database, tmp_path: Path
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"id": 1, **NEW}]))
    before = await dump(bot, "kinds")
    texts = [f"{name}={_literal(value)}" for name, value in NEW.items()]
    async with bot.changes.updating(
        UpdateRequest("kinds", ANN, assignments=tuple(texts), where="id = 1")
    ) as pending:
        typed = pending.done.sample[0].after

    done = await update(bot, "kinds", file=str(path), key=("id",))
    await bot.changes.undo(done.changeset, ANN)

    assert typed is not None
    assert _but(done.sample[0].after, "updated_at") == _but(typed, "updated_at")
    assert await dump(bot, "kinds") == before


def _but(values: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if key != name}


async def test_every_type_can_be_nothing_and_come_back(bot: Database) -> None:
    before = await dump(bot, "kinds")
    texts = [f"{name}=null" for name in NEW if name != "required"]

    done = await update(bot, "kinds", *texts, where="id = 2")
    await bot.changes.undo(done.changeset, ANN)

    assert done.changed == 1
    assert await dump(bot, "kinds") == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rank=-1", "no value of type positive"),
        ("address=nonsense", "no value of type inet"),
        ("moods={angry}", "no value of type mood[]"),
        ("mood=angry", "not one of sad, ok, happy"),
        ("price=123456789.5", "no value of type numeric(10,2)"),
        ("single=1e39", "no value of type real"),
        ('binary_json="\\u0000"', "no value of type jsonb"),
        ("range=[5,1)", "no value of type int4range"),
        ("span=NaN", "no value of type interval"),
    ],
)
async def test_what_only_the_server_can_read_is_asked_beforehand(
    bot: Database, tmp_path: Path, text: str, why: str
) -> None:
    name, _, value = text.partition("=")
    path = tmp_path / "rows.tsv"
    path.write_text(f"id\t{name}\n1\t{value.replace(chr(92), chr(92) * 2)}\n")

    with pytest.raises(UsageError) as typed:
        await update(bot, "kinds", text)
    with pytest.raises(UsageError) as read:
        await update(bot, "kinds", file=str(path), key=("id",))

    assert why in typed.value.message
    assert typed.value.lines[0].startswith(text[:20])
    assert isinstance(read.value, BadFile)
    assert f"rows.tsv:2: {name}: " in read.value.message


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("mood > 'sad'", 3),
        ("address = '10.0.0.1/8'", 3),
        ("name = 'bob'", 3),
        ("name like 'b%'", 3),
        ("price between 1.5 and 1.5", 3),
        ("local > '2027-01-01'", 0),
        ("key in ('11111111-1111-1111-1111-111111111111')", 3),
        ("tags is null or flag", 3),
        ("rank = 5 and not flag", 0),
    ],
)
async def test_conditions_compare_as_the_type_does(
    bot: Database, where: str, rows: int
) -> None:
    assert (await update(bot, "kinds", "big=1", where=where)).matched == rows


async def test_a_type_without_the_comparison_is_named(bot: Database) -> None:
    with pytest.raises(UsageError, match="operator does not exist: json = json"):
        await update(bot, "kinds", "big=1", where="plain = '{}'")


async def test_equal_is_not_the_same_where_the_type_thinks_so(bot: Database) -> None:
    done = await update(bot, "kinds", "name=BOB", "number=1.50", where="id = 1")

    assert done.sample[0].after is not None
    assert (done.changed, done.sample[0].after["number"]) == (1, "1.50")


async def test_odd_names_are_only_names(bot: Database) -> None:
    before = await dump(bot, '"Odd Schema"."My.Table"')
    texts = ['"select"=it\'s', '"with ""quote"=x', "Ünï=é", "kind=B c"]
    texts += [f"{name}=2" for name in ("n0", "k0", "o0", "line", "c0")]

    done = await update(bot, '"Odd Schema"."My.Table"', *texts, where='"Id" in (1, 2)')
    await bot.changes.undo(done.changeset, ANN)

    assert done.changed == 2
    assert (await bot.changes.list()).items[0].tables == 'Odd Schema."My.Table"'
    assert await dump(bot, '"Odd Schema"."My.Table"') == before


async def test_odd_names_come_from_a_file(bot: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    row = {"Id": 1, "select": "new", 'with "quote': "x", "line": 9, "c0": 8, "n0": 7}
    path.write_text(json.dumps([row]))

    done = await update(bot, '"Odd Schema"."My.Table"', file=str(path), key=("Id",))

    assert done.sample[0].after == {
        name: str(value) for name, value in row.items() if name != "Id"
    }


async def test_a_composite_key_finds_its_rows(bot: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("guild,name,v\n1,n4,40\n1,n1,1\n2,n5,50\n")

    done = await update(bot, "composite", file=str(path), key=("guild", "name"))

    assert (done.matched, done.changed) == (3, 2)
    assert [row.row_key for row in done.sample] == [
        {"guild": "1", "name": "n4"},
        {"guild": "2", "name": "n5"},
    ]


async def test_rows_that_move_between_partitions_come_back(bot: Database) -> None:
    before = await dump(bot, "parted")

    done = await update(bot, "parted", "v=v+1", where="id <= 4")
    await bot.changes.undo(done.changeset, ANN)

    assert done.changed == 4
    assert await dump(bot, "parted") == before


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("nopk", "nopk has no primary key"),
        ("a_view", "a_view is a view"),
        ("a_matview", "a_matview is a materialized view"),
        ("kinds_id_seq", "kinds_id_seq is a sequence"),
        ("a.b.c", "more parts than a schema and a table"),
    ],
)
async def test_what_has_no_rows_of_its_own_is_refused(
    bot: Database, table: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        await update(bot, table, "v=1")


@pytest.mark.parametrize("text", ["twice=3", "id=3", "created_at=2026-01-01"])
async def test_generated_columns_are_refused(bot: Database, text: str) -> None:
    with pytest.raises(Refused):
        await update(bot, "kinds", text)


async def test_the_versions_of_alembic_are_refused(bot: Database) -> None:
    with pytest.raises(Refused, match="bookkeeping"):
        await update(bot, "alembic_version", "version_num=x")


async def test_names_have_their_case(bot: Database) -> None:
    assert (await update(bot, "Users", "Name=z")).changed == 2


async def test_without_a_ledger_points_are_numbers_like_any_other(
    bot: Database,
) -> None:
    assert (await update(bot, "users", "points=9")).changed == 1
    assert await dump(bot, "users") == ["(1,9,7)"]  # updated_at is no time here


async def test_a_table_of_ours_that_is_not_there_is_a_schema_behind(
    bot: Database,
) -> None:
    with pytest.raises(SchemaBehind) as caught:
        await update(bot, "guild_configs", "prefix=!")

    assert caught.value.hint == "tuxdb migrate"


async def test_what_a_trigger_adds_is_part_of_the_preview_and_recorded(
    bot: Database,
) -> None:
    done = await update(bot, "stamped", "v=v+1", where="id = 1")
    undone = await bot.changes.undo(done.changeset, ANN)

    assert done.sample[0].before == {"v": "1", "revision": "0"}
    assert done.sample[0].after == {"v": "2", "revision": "1"}
    assert undone.overruled == 1  # the trigger counts the undo as well
    assert (await dump(bot, "stamped"))[0] == "(1,1,1)"


async def test_rows_that_a_trigger_keeps_are_counted(bot: Database) -> None:
    done = await update(bot, "stamped", "v=98", where="id < 4")

    assert (done.matched, done.changed, done.withheld) == (3, 0, 3)


async def test_a_trigger_that_refuses_is_quoted(bot: Database) -> None:
    with pytest.raises(Conflict, match="a trigger of stamped refuses: no ninety-nine"):
        await update(bot, "stamped", "v=99")


async def test_what_a_trigger_does_afterwards_is_no_foreign_change(
    bot: Database,
) -> None:
    before = await dump(bot, "summed")

    done = await update(bot, "summed", "v=7", where="id < 3")
    undone = await bot.changes.undo(done.changeset, ANN)

    assert done.sample[0].after == {"v": "7", "total": "70"}
    assert (undone.changed, undone.overruled) == (2, 0)
    assert await dump(bot, "summed") == before


async def test_rules_that_wait_for_the_commit_have_their_say_before_it(
    bot: Database,
) -> None:
    with pytest.raises(Conflict, match="late_code_key"):
        await update(bot, "late", "code=c1", where="id < 3")


async def test_settings_of_a_role_do_not_change_what_is_recorded(
    bot: Database,
) -> None:
    before = await dump(bot, "kinds")
    done = await update(bot, "kinds", "bytes=\\xff", "day=2026-02-01")
    await _set(bot, "DateStyle", "'SQL, DMY'")
    await _set(bot, "bytea_output", "escape")
    await _set(bot, "IntervalStyle", "iso_8601")

    undone = await bot.changes.undo(done.changeset, ANN)

    assert undone.changed == 3
    for name in ("DateStyle", "bytea_output", "IntervalStyle"):
        await _set(bot, name, "DEFAULT")
    assert await dump(bot, "kinds") == before


async def _set(db: Database, name: str, value: str) -> None:
    """Change a setting for the connections to come."""
    place = await db.guard.protection()
    await execute(db, f'ALTER DATABASE "{place.database}" SET {name} = {value}')
    await db.dispose()


async def test_a_table_of_very_many_columns(bot: Database) -> None:
    columns = ", ".join(f"c{n} int DEFAULT {n}" for n in range(1500))
    await execute(
        bot,
        f"CREATE TABLE wide (id int PRIMARY KEY, {columns}); "
        "INSERT INTO wide (id) VALUES (1), (2)",
    )
    before = await dump(bot, "wide")

    done = await update(bot, "wide", *(f"c{n}=c{n}+1" for n in range(800)))
    await bot.changes.undo(done.changeset, ANN)

    assert done.changed == 2
    assert await dump(bot, "wide") == before
    with pytest.raises(UsageError, match="900 columns are too many to change at once"):
        await update(bot, "wide", *(f"c{n}=1" for n in range(900)))
