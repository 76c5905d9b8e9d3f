"""Grants and deductions for many members, from a file: all of it, once, or nothing."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.economy import (
    ANN,
    BOB,
    CAROL,
    GUILD,
    assert_conserved,
    join,
    locked,
    points_of,
    set_rules,
)
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.problems import BadFile
from tuxdb.controllers.guard import Protection
from tuxdb.controllers.payout_lines import read_lines
from tuxdb.controllers.payouts import BeyondLimits, Payout, UnknownUsers
from tuxdb.database import Database
from tuxdb.errors import IdempotencyConflict, InvalidTransfer, Refused
from tuxdb.models import MAX_POINTS, EntryKind, User

WHO = Author("points grant", "ann", "salary")


@pytest.fixture
async def members(db: Database) -> list[User]:
    """Ann and Bob with 10 points each."""
    return [await join(db, user, 10) for user in (ANN, BOB)]


class File:
    """A file that a test writes, and its path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str) -> None:
        self.path.write_text(text, newline="")


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Where a test puts its lines."""
    return File(tmp_path / "pay.csv")


def agree(_payout: Payout, _protection: Protection) -> None:
    """Have it committed."""


async def pay(
    db: Database,
    file: File,
    text: str | None = None,
    *,
    kind: EntryKind = EntryKind.GRANT,
    amount: int | None = None,
    key: str | None = None,
) -> Payout:
    """Carry a file out."""
    if text is not None:
        file.write(text)
    lines = await read_lines(str(file.path), amount, key)
    return await db.payouts.pay(GUILD, kind, lines, WHO, agree)


@pytest.mark.usefixtures("members")
async def test_every_line_is_paid_and_recorded(db: Database, file: File) -> None:
    payout = await pay(db, file, f"discord_id,amount,note\n{ANN},5,a\n{BOB},7,b\n")

    assert [(p.line, p.before, p.after) for p in payout.items] == [
        (2, 10, 15),
        (3, 10, 17),
    ]
    assert (payout.changed, payout.total, payout.replayed) == (2, 12, 0)
    assert await points_of(db, ANN, BOB) == [15, 17]
    (entry, _) = (await db.points.history(GUILD, ANN)).items
    assert (entry.kind, entry.actor, entry.reason) == ("grant", "ann", "salary")
    assert payout.changeset
    assert (await db.changes.get(payout.changeset)).rows == 2
    await assert_conserved(db, 32)


@pytest.mark.usefixtures("members")
async def test_the_same_file_never_pays_twice(db: Database, file: File) -> None:
    first = await pay(db, file, f"discord_id,amount\n{ANN},5\n{BOB},7\n")
    second = await pay(db, file)

    assert (second.changed, second.replayed, second.changeset) == (0, 2, None)
    paid = [(p.line, p.before, p.after, p.entry_id) for p in first.items]
    assert [(p.line, p.before, p.after, p.entry_id) for p in second.items] == paid
    assert all(p.replayed for p in second.items)
    assert await points_of(db, ANN, BOB) == [15, 17]


@pytest.mark.usefixtures("members")
async def test_the_same_file_at_once_pays_once(db: Database, file: File) -> None:
    file.write(f"discord_id,amount\n{ANN},5\n{BOB},7\n")

    payouts = await asyncio.gather(*(pay(db, file) for _ in range(5)))

    assert sorted(payout.changed for payout in payouts) == [0, 0, 0, 0, 2]
    assert await points_of(db, ANN, BOB) == [15, 17]


@pytest.mark.usefixtures("members")
async def test_the_same_file_for_something_else_is_a_conflict(
    db: Database, file: File
) -> None:
    await pay(db, file, f"discord_id\n{ANN}\n", amount=5)

    with pytest.raises(IdempotencyConflict):
        await pay(db, file, amount=6)
    with pytest.raises(IdempotencyConflict):
        await pay(db, file, kind=EntryKind.DEDUCT, amount=5)

    assert await points_of(db, ANN) == [15]


@pytest.mark.usefixtures("members")
async def test_a_key_of_ones_own_pays_the_same_file_again(
    db: Database, file: File
) -> None:
    text = f"discord_id,amount\n{ANN},5\n"

    for month in ("january", "february", "february"):
        await pay(db, file, text, key=month)

    assert await points_of(db, ANN) == [20]
    with pytest.raises(InvalidTransfer):
        await pay(db, file, text, key="x" * 81)


@pytest.mark.usefixtures("members")
async def test_who_is_named_twice_is_paid_twice(db: Database, file: File) -> None:
    payout = await pay(
        db, file, f"discord_id,amount\n{ANN},5\n{BOB},1\n{ANN},2\n{ANN},5\n"
    )

    assert [(p.before, p.after) for p in payout.items] == [
        (10, 15),
        (10, 11),
        (15, 17),
        (17, 22),
    ]
    assert await points_of(db, ANN) == [22]
    await assert_conserved(db, 33)


@pytest.mark.usefixtures("members")
async def test_who_is_named_twice_cannot_lose_more_than_there_is(
    db: Database, file: File
) -> None:
    with pytest.raises(BeyondLimits) as caught:
        await pay(
            db,
            file,
            f"discord_id,amount\n{ANN},6\n{BOB},6\n{ANN},6\n",
            kind=EntryKind.DEDUCT,
        )

    assert caught.value.lines == (f"line 4: user{ANN} would have -2",)
    assert await points_of(db, ANN, BOB) == [10, 10]


@pytest.mark.usefixtures("members")
async def test_a_deduction_takes_from_each(db: Database, file: File) -> None:
    payout = await pay(
        db, file, f"discord_id\n{ANN}\n{BOB}\n", kind=EntryKind.DEDUCT, amount=10
    )

    assert [(p.before, p.after) for p in payout.items] == [(10, 0), (10, 0)]
    await assert_conserved(db, 0)


@pytest.mark.usefixtures("members")
async def test_a_limit_stops_the_whole_batch(db: Database, file: File) -> None:
    await set_rules(db, max_balance=15)

    with pytest.raises(BeyondLimits, match="beyond a limit: 1 line"):
        await pay(db, file, f"discord_id,amount\n{ANN},5\n{BOB},6\n")

    assert await points_of(db, ANN, BOB) == [10, 10]


@pytest.mark.usefixtures("members")
async def test_sums_beyond_every_number_are_a_refusal_too(
    db: Database, file: File
) -> None:
    lines = f"{ANN},{MAX_POINTS}\n" * 1100

    with pytest.raises(BeyondLimits, match="1100 lines"):
        await pay(db, file, f"discord_id,amount\n{lines}")


@pytest.mark.usefixtures("members")
async def test_unknown_users_are_listed_and_nobody_is_paid(
    db: Database, file: File
) -> None:
    with pytest.raises(UnknownUsers) as caught:
        await pay(db, file, f"discord_id,amount\n{ANN},5\n{CAROL},6\n7,1\n")

    assert caught.value.lines == (f"line 3: {CAROL}", "line 4: 7")
    assert await points_of(db, ANN) == [10]


async def test_a_batch_waits_for_a_transfer_under_way(
    db: Database, file: File, members: list[User]
) -> None:
    file.write(f"discord_id,amount\n{ANN},5\n{BOB},5\n")
    async with locked(db, members[0]):
        waiting = asyncio.ensure_future(pay(db, file))
        await asyncio.sleep(0.2)
        await db.points.grant(GUILD, BOB, 1)

    payout = await waiting

    assert [(p.before, p.after) for p in payout.items] == [(10, 15), (11, 16)]


@pytest.mark.usefixtures("members")
async def test_a_batch_that_is_declined_changes_nothing(
    db: Database, file: File
) -> None:
    file.write(f"discord_id,amount\n{ANN},5\n")
    lines = await read_lines(str(file.path), None)

    def decline(_payout: Payout, _protection: Protection) -> None:
        raise Refused("declined")

    with pytest.raises(Refused, match="declined"):
        await db.payouts.pay(GUILD, EntryKind.GRANT, lines, WHO, decline)

    assert await points_of(db, ANN) == [10]
    assert (await db.changes.list()).items == []


@pytest.mark.usefixtures("members")
async def test_a_batch_can_be_taken_back(db: Database, file: File) -> None:
    payout = await pay(db, file, f"discord_id,amount\n{ANN},5\n{BOB},7\n{ANN},1\n")
    assert payout.changeset

    await db.changes.undo(payout.changeset, Author("changes undo", "bob", "a mistake"))

    assert await points_of(db, ANN, BOB) == [10, 10]
    await assert_conserved(db, 20)


async def test_more_lines_than_a_statement_takes_values(
    db: Database, file: File
) -> None:
    count = 33_000
    await db.user.bulk_create(
        [
            {"guild_id": GUILD, "discord_id": number, "username": f"u{number}"}
            for number in range(1, count + 1)
        ]
    )
    lines = "".join(f"{number}\n" for number in range(1, count + 1))

    payout = await pay(db, file, f"discord_id\n{lines}", amount=2)

    assert (payout.changed, payout.total) == (count, 2 * count)
    assert (await pay(db, file, amount=2)).replayed == count


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["pay.csv:1: the file is empty"]),
        ("user,amount\n1,5\n", ["pay.csv:1: there is no column 'discord_id'"]),
        (
            "discordid,amount\n1,5\n",
            ["pay.csv:1: there is no column 'discord_id'; is it 'discordid'?"],
        ),
        ("discord_id\n1\n", ["pay.csv:1: there is no column 'amount'"]),
        (
            "discord_id,amount\nx,0\n1,1e3\n,\n0,9007199254740992\n",
            [
                "pay.csv:2: discord_id: 'x' is not",
                "pay.csv:2: amount: '0' is not",
                "pay.csv:3: amount: '1e3' is not",
                "pay.csv:4: discord_id: empty is not",
                "pay.csv:4: amount: empty is not",
                "pay.csv:5: discord_id: '0' is not",
                "pay.csv:5: amount: '9007199254740992' is not",
            ],
        ),
        ("discord_id,amount\n1\n", ["pay.csv:2: "]),
    ],
)
async def test_all_that_is_wrong_in_a_file_is_told_at_once(
    file: File, text: str, problems: list[str]
) -> None:
    file.write(text)

    with pytest.raises(BadFile) as caught:
        await read_lines(str(file.path), None)

    told = [f"{caught.value}", *caught.value.lines]
    for problem in problems:
        assert any(f"{file.path.parent}/{problem}" in line for line in told), problem
    assert len(caught.value.details["problems"]) == len(problems)  # type: ignore[arg-type]


async def test_amounts_are_in_the_file_or_given_and_not_both(file: File) -> None:
    file.write("discord_id,amount\n1,5\n")

    with pytest.raises(BadFile, match="the file says amounts, and so does --amount"):
        await read_lines(str(file.path), 5)


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("json", '[{"discord_id": 11, "amount": 5},{"discord_id": "22", "amount": 6}]'),
        ("ndjson", '{"discord_id":"11","amount":5}\n{"discord_id":"22","amount":6}'),
        ("tsv", "discord_id\tamount\n11\t5\n22\t6\n"),
        ("csv", "\ufeffdiscord_id,amount\r\n11,5\r\n22,6\r\n"),
    ],
)
async def test_files_of_every_kind_are_read(
    tmp_path: Path, ending: str, text: str
) -> None:
    file = File(tmp_path / f"pay.{ending}")
    file.write(text)

    lines = await read_lines(str(file.path), None)

    assert [(line.discord_id, line.amount) for line in lines] == [(11, 5), (22, 6)]
