"""What moderators do with cases: opening, settling, noting, reading, expiring."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.harness.economy import ANN, BOB, GUILD, join, set_rules
from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models import Case

MODERATOR = 7
PAST = datetime.now(UTC) - timedelta(hours=1)
FUTURE = PAST + timedelta(days=1)


async def opened(
    db: Database, user: int = ANN, kind: str = "warn", **values: Any
) -> Case:
    case, _ = await db.case.open(GUILD, user, f"user{user}", case_type=kind, **values)
    return case


async def test_a_case_enrols_its_member_and_knows_it(db: Database) -> None:
    await set_rules(db, start_balance=5)

    case, new = await db.case.open(
        GUILD, ANN, " ann ", case_type="ban", reason="spam", moderator_id=MODERATOR
    )

    assert (case.case_number, new, case.is_active, case.is_pending) == (
        1,
        True,
        True,
        0,
    )
    assert (case.user.discord_id, case.user.username) == (ANN, "ann")
    assert (await db.points.balance(GUILD, ANN)).points == 5


async def test_a_key_opens_one_case(db: Database) -> None:
    first, new = await db.case.open(GUILD, ANN, "ann", case_type="warn", key="i:1")
    again, replay = await db.case.open(GUILD, ANN, "ann", case_type="warn", key="i:1")
    other, there = await db.case.open(2, ANN, "ann", case_type="warn", key="i:1")

    assert (new, replay, there) == (True, False, True)
    assert (again.id, again.user.discord_id) == (first.id, ANN)
    assert other.id != first.id
    assert (await db.guild.get_or_raise(GUILD)).case_count == 1


async def test_a_key_used_at_once_opens_one_case_without_a_gap(db: Database) -> None:
    async with Database.open(db.settings) as other:
        answers = await asyncio.gather(
            *(
                one.case.open(GUILD, user, "x", case_type="warn", key=f"i:{user}")
                for one in (db, other) * 5
                for user in (ANN, BOB)
            )
        )

    assert sorted(new for _, new in answers) == [False] * 18 + [True] * 2
    assert {case.case_number for case, _ in answers} == {1, 2}


async def test_the_database_holds_keys_apart_too(db: Database) -> None:
    await opened(db, key="i:1")
    user = await db.user.require_member(GUILD, ANN)

    with pytest.raises(IntegrityError):
        await db.case.create(
            guild_id=GUILD, user_id=user.id, case_type="warn", idempotency_key="i:1"
        )


async def test_what_a_case_cannot_hold_is_refused(db: Database) -> None:
    with pytest.raises(InvalidValue, match="reason is longer than 2000"):
        await opened(db, reason="x" * 2001)
    assert await db.user.get_member(GUILD, ANN) is None


async def test_a_pending_case_is_settled_by_what_discord_said(db: Database) -> None:
    await opened(db, kind="ban", reason="spam", pending=True)

    done = await db.case.settle(GUILD, 1, active=False, note="Forbidden")
    kept = await db.case.settle(GUILD, 1, active=True, expires_at=FUTURE)

    assert done
    assert kept
    assert (done.is_pending, done.is_active) == (False, False)
    assert done.reason == "spam\nForbidden"
    assert (kept.reason, kept.expires_at, kept.user.discord_id) == (
        "spam\nForbidden",
        FUTURE,
        ANN,
    )
    assert await db.case.settle(GUILD, 9, active=True) is None


async def test_settling_cuts_a_note_rather_than_fail(db: Database) -> None:
    await opened(db, reason="x" * 1995, pending=True)

    case = await db.case.settle(GUILD, 1, active=False, note="Forbidden")

    assert case
    assert case.reason == "x" * 1995 + "\nForb"


async def test_forgotten_cases_are_found_by_their_age(db: Database) -> None:
    await opened(db, pending=True)
    await opened(db)

    assert [case.case_number for case in await db.case.pending(0)] == [1]
    assert await db.case.pending(60) == []


async def test_notes_are_appended_and_attributed(db: Database) -> None:
    await opened(db)

    await db.case.note(GUILD, 1, " seen before ", MODERATOR)
    case = await db.case.note(GUILD, 1, "ann (7): talked")

    assert case
    assert case.reason == "7: seen before\nann (7): talked"
    assert case.user.discord_id == ANN
    assert await db.case.note(GUILD, 9, "x") is None


async def test_notes_at_once_are_all_there(db: Database) -> None:
    await opened(db)

    await asyncio.gather(*(db.case.note(GUILD, 1, f"n{n}") for n in range(10)))

    case = await db.case.get_case(GUILD, 1)
    assert case
    assert sorted((case.reason or "").split("\n")) == [f"n{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x" * 15, "text is longer than the 14 characters that the case has left"),
        (" " + "x" * 15, "text is longer than the 14 characters"),
        (" ", "text is not a text"),
        ("a\0b", "text is not a text"),
    ],
)
async def test_a_note_without_room_changes_nothing(
    db: Database, text: str, problem: str
) -> None:
    await opened(db, reason="x" * 1982)

    with pytest.raises(InvalidValue, match=problem):
        await db.case.note(GUILD, 1, text, MODERATOR)

    case = await db.case.get_case(GUILD, 1)
    assert case
    assert case.reason == "x" * 1982


async def test_pages_are_newest_first_with_their_users(db: Database) -> None:
    for number in range(7):
        await opened(db, BOB if number == 3 else ANN, "kick" if number == 5 else "warn")
    await db.case.close(GUILD, 1)

    async def numbers(**filters: Any) -> list[list[int]]:
        pages, after = [], None
        while True:
            page = await db.case.page(GUILD, after=after, limit=3, **filters)
            assert all(case.user.username for case in page.items)
            pages.append([case.case_number for case in page.items])
            after = page.next
            if after is None:
                return pages

    assert await numbers() == [[7, 6, 5], [4, 3, 2], [1]]
    assert await numbers(user=BOB) == [[4]]
    assert await numbers(user=999) == [[]]
    assert await numbers(active=False) == [[1]]
    assert await numbers(case_type="kick") == [[6]]
    assert await numbers(active=True, user=ANN) == [[7, 6, 5], [3, 2]]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", [12, 11, 10, 9]),
        ("1", [12, 11, 10, 1]),
        ("12", [12]),
        ("0", []),
        ("x", []),
        ("٣", []),
        ("9" * 19, []),
        ("9" * 400, []),
    ],
)
async def test_numbers_are_found_by_their_first_digits(
    db: Database, prefix: str, found: list[int]
) -> None:
    for _ in range(12):
        await opened(db)

    cases = await db.case.numbers(GUILD, prefix, limit=4)

    assert [case.case_number for case in cases] == found
    assert all(case.user for case in cases)


async def test_what_has_expired_is_found_and_closed_once(db: Database) -> None:
    await join(db, BOB)
    for kind in ("ban", "timeout"):
        await opened(db, kind=kind, expires_at=PAST)
    for values in (
        {"kind": "ban", "expires_at": FUTURE},
        {"kind": "ban"},
        {"kind": "warn", "expires_at": PAST},
        {"kind": "ban", "expires_at": PAST, "pending": True},
    ):
        await opened(db, **values)

    found = await db.case.expired()
    async with Database.open(db.settings) as other:
        closed = await asyncio.gather(
            *(one.case.close_expired(1) for one in (db, other) * 4)
        )

    assert [case.case_number for case in found] == [1, 2]
    assert found[0].user.discord_id == ANN
    mine = sorted(case.case_number for cases in closed for case in cases)
    assert mine == sorted(set(mine))
    rest = await db.case.close_expired()
    assert sorted(mine + [case.case_number for case in rest]) == [1, 2]
    assert await db.case.expired() == []


async def test_the_expired_are_found_by_an_index(db: Database) -> None:
    connection = await db.connect()
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetch(
        "EXPLAIN SELECT 1 FROM cases WHERE is_active AND expires_at IS NOT NULL"
        " AND expires_at <= now() AND NOT is_pending AND case_type IN ('ban')"
        " ORDER BY expires_at LIMIT 10"
    )
    await connection.close()

    assert "ix_cases_expiring" in "\n".join(row[0] for row in plan)
