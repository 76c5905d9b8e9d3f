"""Seed sets on a database: inserted, updated, unchanged, and all or nothing."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from tuxdb import Database, seed
from tuxdb.errors import Conflict, Refused
from tuxdb.models import Case, Guild, PointsTransaction, Seed, User

GUILDS = "# table=guilds key=id\nid,name\n1,Tavern\n2,Lounge\n"
USERS = (
    "# table=users key=guild_id,discord_id\n"
    "guild_id,discord_id,username,points\n"
    "1,101,alice,100\n"
    "1,102,bob,0\n"
    "2,101,alice,7\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder of seeds, whose users come before their guilds by name."""
    (tmp_path / "a_users.csv").write_text(USERS)
    (tmp_path / "guilds.csv").write_text(GUILDS)
    return tmp_path


def counts(reports: list[seed.SeedReport]) -> dict[str, tuple[int, int, int]]:
    return {r.table: (r.inserted, r.updated, r.unchanged) for r in reports}


async def points(db: Database) -> list[int]:
    async with db.read() as session:
        rows = await session.scalars(select(col(User.points)).order_by(col(User.id)))
        return list(rows.all())


async def test_parents_come_first_whatever_the_names_of_files(
    db: Database, folder: Path
) -> None:
    reports = await seed.apply(db, folder=folder)

    assert counts(reports) == {"users": (3, 0, 0), "guilds": (2, 0, 0)}


async def test_second_time_all_is_unchanged(db: Database, folder: Path) -> None:
    await seed.apply(db, folder=folder)

    reports = await seed.apply(db, folder=folder)

    assert counts(reports) == {"users": (0, 0, 3), "guilds": (0, 0, 2)}


async def test_points_come_through_the_ledger(db: Database, folder: Path) -> None:
    await seed.apply(db, folder=folder)

    async with db.read() as session:
        entries = (await session.scalars(select(PointsTransaction))).all()
    assert await points(db) == [100, 0, 7]
    assert [(e.amount, e.to_balance, e.reason) for e in entries] == [
        (100, 100, "seed a_users"),
        (7, 7, "seed a_users"),
    ]
    assert (await db.points.verify()).mismatches == []


async def test_changed_file_is_applied_again_and_its_difference_told(
    db: Database, folder: Path
) -> None:
    await seed.apply(db, folder=folder)
    changed = USERS.replace("102,bob", "102,robert") + "2,103,carol,1\n"
    (folder / "a_users.csv").write_text(changed)

    reports = await seed.apply(db, ["a_users"], folder=folder)

    assert counts(reports) == {"users": (1, 1, 2)}
    assert reports[0].changes == (
        "users guild_id=1 discord_id=102: username bob → robert",
    )
    assert await points(db) == [100, 0, 7, 1]
    assert (await db.points.verify()).mismatches == []


async def test_points_that_have_moved_since_stay_where_they_are(
    db: Database, folder: Path
) -> None:
    await seed.apply(db, folder=folder)
    await db.points.transfer(1, sender=101, receiver=102, amount=60)
    (folder / "a_users.csv").write_text(USERS.replace("alice,7", "alice,9"))

    reports = await seed.apply(db, folder=folder)

    assert counts(reports) == {"users": (0, 0, 3), "guilds": (0, 0, 2)}
    assert await points(db) == [40, 60, 7]


async def test_rows_that_are_the_same_are_not_written(
    db: Database, folder: Path
) -> None:
    before = select(text("xmin::text::bigint")).select_from(User)
    await seed.apply(db, folder=folder)
    async with db.read() as session:
        first = (await session.scalars(before)).all()

    await seed.apply(db, folder=folder)

    async with db.read() as session:
        assert (await session.scalars(before)).all() == first


async def test_only_changed_passes_over_files_applied_before(
    db: Database, folder: Path
) -> None:
    await seed.apply(db, folder=folder)
    (folder / "guilds.csv").write_text(GUILDS + "3,Garden\n")

    reports = await seed.apply(db, folder=folder, only_changed=True)

    assert counts(reports) == {"guilds": (1, 0, 2)}


async def test_dry_run_counts_and_changes_nothing(db: Database, folder: Path) -> None:
    reports = await seed.apply(db, folder=folder, dry_run=True)

    assert counts(reports) == {"users": (3, 0, 0), "guilds": (2, 0, 0)}
    assert await points(db) == []
    assert [state.state for state in await seed.status(db, folder=folder)][1:] == [
        "pending",
        "pending",
    ]


async def test_dangling_row_is_named_and_nothing_is_applied(
    db: Database, folder: Path
) -> None:
    (folder / "a_users.csv").write_text(USERS + "9,1,nobody,0\n")

    with pytest.raises(Conflict) as refused:
        await seed.apply(db, folder=folder)

    assert refused.value.message == (
        f"{folder.name}/a_users.csv:6: users: guild_id 9 is in no row of guilds"
    )
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Guild)) == 0


async def test_row_that_breaks_another_unique_key_is_a_conflict(
    db: Database, folder: Path
) -> None:
    (folder / "z.csv").write_text(
        "# table=gallery_mementos key=channel_id\n"
        "channel_id,guild_id,channel_name\n5,1,art\n6,1,art\n"
    )

    with pytest.raises(Conflict, match=r"z\.csv: .*gallery_mementos already exists"):
        await seed.apply(db, folder=folder)


async def test_cases_name_users_by_discord_id_and_raise_the_count(
    db: Database, folder: Path
) -> None:
    (folder / "cases.csv").write_text(
        "# table=cases key=guild_id,case_number\n"
        "guild_id,case_number,user,case_type\n1,4,102,warn\n"
    )

    await seed.apply(db, folder=folder)

    async with db.read() as session:
        found = await session.execute(
            select(col(User.username), col(Guild.case_count))
            .join(Case, col(Case.user_id) == col(User.id))
            .join(Guild, col(Guild.id) == col(Case.guild_id))
        )
    assert found.all() == [("bob", 4)]


async def test_case_of_an_unknown_user_is_named(db: Database, folder: Path) -> None:
    (folder / "cases.csv").write_text(
        "# table=cases key=guild_id,case_number\n"
        "guild_id,case_number,user,case_type\n1,1,999,warn\n"
    )

    with pytest.raises(Conflict, match=r"cases\.csv:3: cases: guild 1 has no user 999"):
        await seed.apply(db, folder=folder)


async def test_columns_that_a_row_does_not_give_stay(
    db: Database, folder: Path
) -> None:
    await seed.apply(db, folder=folder)
    async with db.session() as session:
        await session.execute(text("UPDATE users SET is_active = false"))

    reports = await seed.apply(db, ["a_users"], folder=folder)

    assert counts(reports) == {"users": (0, 0, 3)}


async def test_hostile_text_arrives_as_it_is(db: Database, folder: Path) -> None:
    name = "[red] \x1b[31m \u202e'; DROP TABLE users; --" + "é" * 60
    row = f'{2**63 - 1},"{name}"\n'
    (folder / "guilds.csv").write_text(GUILDS + row, encoding="utf-8")

    await seed.apply(db, folder=folder)

    async with db.read() as session:
        guild = await session.get(Guild, 2**63 - 1)
    assert guild is not None
    assert guild.name == name


async def test_states_are_pending_applied_changed_and_missing(
    db: Database, folder: Path
) -> None:
    await seed.apply(db, folder=folder)
    await seed.fake(db, guilds=1, users=1)
    (folder / "a_users.csv").write_text(USERS + "1,103,carol,0\n")
    (folder / "guilds.csv").rename(folder / "places.csv")

    states = {s.name: (s.state, s.due) for s in await seed.status(db, folder=folder)}

    assert states == {
        "demo": ("pending", False),
        "a_users": ("changed", True),
        "places": ("pending", True),
        "guilds": ("missing", False),
        "fake --guilds 1 --users 1 --random-seed 1": ("applied", False),
    }


async def test_built_in_set_is_applied_where_there_is_no_other(
    db: Database, tmp_path: Path
) -> None:
    reports = await seed.apply(db, folder=tmp_path)

    assert {report.seed for report in reports} == {"demo"}
    assert (await db.points.verify()).mismatches == []


async def test_who_applied_what_is_recorded(db: Database, folder: Path) -> None:
    await seed.apply(db, ["guilds"], folder=folder, actor="oliver")

    async with db.read() as session:
        record = (await session.scalars(select(Seed))).one()
    assert (record.name, record.rows, record.actor) == ("guilds", 2, "oliver")


async def test_production_takes_no_seeds(db: Database, folder: Path) -> None:
    async with db.session() as session:
        await session.execute(
            text("INSERT INTO tuxdb_meta VALUES ('environment', 'production')")
        )

    with pytest.raises(Refused, match="protected"):
        await seed.apply(db, folder=folder)
