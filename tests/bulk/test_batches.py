"""Changes committed in batches: they can be stopped and gone on with."""

from pathlib import Path
from typing import Any

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.batches import Progress
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import Conflict, Refused

pytestmark = pytest.mark.usefixtures("members")

INCREASE = UpdateRequest(
    "users", ANN, assignments=("message_count=message_count+1",), all_rows=True
)


class _Stop(Exception):
    """The process ends here, as far as the database can tell."""


class Batches:
    """Carries a request out in batches of 6; can be stopped after some of them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.told: list[Progress] = []
        self.asked: list[tuple[str, int]] = []

    async def __call__(
        self,
        request: UpdateRequest = INCREASE,
        *,
        stop_after: int | None = None,
        **more: Any,
    ) -> Progress:
        commits = 0

        def committed(progress: Progress) -> None:
            nonlocal commits
            self.told.append(progress)
            if commits == stop_after:
                raise _Stop
            commits += 1

        return await self.db.changes.update_in_batches(
            request,
            6,
            agree=lambda table, rows, _: self.asked.append((table, rows)),
            committed=committed,
            **more,
        )


@pytest.fixture
def batches(db: Database) -> Batches:
    return Batches(db)


async def counts(db: Database) -> list[int]:
    users = await db.user.find_all()
    return [user.message_count for user in sorted(users, key=lambda u: u.id or 0)]


async def test_every_row_is_changed_once(db: Database, batches: Batches) -> None:
    done = await batches()

    assert await counts(db) == [1] * 20
    assert (done.total, done.matched, done.changed) == (20, 20, 20)
    assert batches.asked == [("users", 20)]
    assert [told.matched for told in batches.told] == [0, 6, 12, 18, 20]
    assert (await db.changes.list()).items[0].complete


async def test_it_is_undone_as_a_whole(db: Database, batches: Batches) -> None:
    before = await dump(db, "users")
    done = await batches()
    assert done.changeset is not None

    await db.changes.undo(done.changeset, ANN)

    assert await dump(db, "users") == before


async def test_what_is_stopped_goes_on_where_it_stopped(
    db: Database, batches: Batches
) -> None:
    with pytest.raises(_Stop):
        await batches(stop_after=2)
    stopped = batches.told[-1]
    assert (await counts(db)).count(1) == stopped.changed == 12
    assert not (await db.changes.list()).items[0].complete

    done = await batches(resume=stopped.changeset)

    assert await counts(db) == [1] * 20
    assert (done.total, done.matched, done.changed) == (20, 20, 20)
    assert [summary.rows for summary in (await db.changes.list()).items] == [20]


async def test_rows_that_went_or_came_meanwhile_make_no_difference(
    db: Database, batches: Batches
) -> None:
    with pytest.raises(_Stop):
        await batches(stop_after=1)
    await execute(db, "DELETE FROM users WHERE id IN (3, 9)")
    await execute(
        db, "INSERT INTO users (guild_id, discord_id, username) VALUES (1, 99, 'new')"
    )

    done = await batches(resume=batches.told[-1].changeset)

    assert await counts(db) == [1] * 19
    assert done.changed == 6 + 14


async def test_a_stopped_change_can_be_undone_and_is_then_not_gone_on_with(
    db: Database, batches: Batches
) -> None:
    before = await dump(db, "users")
    with pytest.raises(_Stop):
        await batches(stop_after=2)
    changeset = batches.told[-1].changeset
    assert changeset is not None

    await db.changes.undo(changeset, ANN)

    assert await dump(db, "users") == before
    with pytest.raises(Refused, match="is complete"):
        await batches(resume=changeset)


async def test_another_request_cannot_take_over(db: Database, batches: Batches) -> None:
    with pytest.raises(_Stop):
        await batches(stop_after=1)
    other = UpdateRequest("users", ANN, assignments=("username=x",), all_rows=True)

    with pytest.raises(Conflict, match="was another change"):
        await batches(other, resume=batches.told[-1].changeset)


async def test_a_file_with_other_contents_cannot_take_over(
    db: Database, batches: Batches, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    wanted = UpdateRequest("users", ANN, file=str(path), key=("id",))
    path.write_text("id,username\n" + "".join(f"{n},x{n}\n" for n in range(1, 21)))
    with pytest.raises(_Stop):
        await batches(wanted, stop_after=1)
    original = path.read_text()

    path.write_text(original.replace("x20", "y20"))
    with pytest.raises(Conflict, match="was another change"):
        await batches(wanted, resume=batches.told[-1].changeset)
    path.write_text(original)
    done = await batches(wanted, resume=batches.told[-1].changeset)

    assert done.changed == 20
    users = {user.id: user.username for user in await db.user.find_all()}
    assert users == {n: f"x{n}" for n in range(1, 21)}


async def test_two_at_once_do_not_change_a_row_twice(
    db: Database, batches: Batches
) -> None:
    with pytest.raises(_Stop):
        await batches(stop_after=1)
    changeset = batches.told[-1].changeset
    second = Batches(db)

    with pytest.raises(_Stop):
        await second(resume=changeset, stop_after=1)
    with pytest.raises(_Stop):
        await second(resume=changeset, stop_after=1)

    assert await counts(db) == [1] * 18 + [0] * 2


async def test_a_composite_key_is_followed_in_its_order(bot: Database) -> None:
    wanted = UpdateRequest("composite", ANN, assignments=("v=v+1",), all_rows=True)
    stopped = Batches(bot)
    with pytest.raises(_Stop):
        await stopped(wanted, stop_after=1)

    done = await Batches(bot)(wanted, resume=stopped.told[-1].changeset)

    assert done.changed == 9
    values = [row.rpartition(",")[2] for row in await dump(bot, "composite")]
    assert sorted(values) == sorted(f"{n})" for n in range(2, 11))


async def test_more_rows_than_allowed_are_refused_before_the_first(
    db: Database, batches: Batches
) -> None:
    limited = UpdateRequest(
        "users", ANN, assignments=("username=x",), all_rows=True, max_rows=19
    )

    with pytest.raises(Refused, match="20 rows of users match, more than"):
        await batches(limited)

    assert (await db.changes.list()).items == []


async def test_a_broken_rule_keeps_what_was_committed_and_says_how_far(
    db: Database, batches: Batches
) -> None:
    await execute(db, "UPDATE users SET message_count = 9223372036854775807 WHERE id = 15")  # fmt: skip

    with pytest.raises(Conflict, match="bigint out of range"):
        await batches()

    assert batches.told[-1].changed == 12
    assert (await counts(db))[:12] == [1] * 12
    assert (await counts(db))[12] == 0


async def test_where_nothing_matches_nothing_is_recorded(
    db: Database, batches: Batches
) -> None:
    none = UpdateRequest("users", ANN, assignments=("username=x",), where="id = 99")

    done = await batches(none)

    assert (done.changeset, done.matched, done.complete) == (None, 0, True)
    assert (await db.changes.list()).items == []
