"""Plan, apply, undo and foreign changes in any order, against a model of them."""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.bulk.conftest import ANN
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.bulk.undo import RowsChanged
from tuxdb.database import Database
from tuxdb.errors import Conflict

T = TypeVar("T")

IDS = st.integers(1, 6)
NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3
)
NUMBERS = st.integers(-5, 5)


class Thing(NamedTuple):
    """A row of the table."""

    name: str
    n: int


Things = dict[int, Thing]


class Change(NamedTuple):
    """A change set, as the model knows it: the rows it made of which."""

    id: UUID
    before: dict[int, Thing]
    after: dict[int, Thing]


class Plan(NamedTuple):
    """A plan, and the rows that it is about."""

    path: Path
    before: dict[int, Thing]
    after: dict[int, Thing]


class Machine(RuleBasedStateMachine):
    """Things that are changed by tuxdb and by others."""

    changes = Bundle("changes")
    plans = Bundle("plans")

    def __init__(self, db: Database, runner: asyncio.Runner, folder: Path) -> None:
        super().__init__()
        self.db = db
        self.runner = runner
        self.folder = folder
        self.things: Things = {number: Thing("", number) for number in range(1, 6)}
        self.sql("DROP TABLE IF EXISTS things")
        self.sql("CREATE TABLE things (id int PRIMARY KEY, name text, n int)")
        for number, thing in self.things.items():
            self.sql("INSERT INTO things VALUES ($1, $2, $3)", number, *thing)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def sql(self, statement: str, *values: object) -> list[Any]:
        async def execute() -> list[Any]:
            connection = await self.db.connect()
            try:
                return list(await connection.fetch(statement, *values))
            finally:
                await connection.close()

        return self.run(execute())

    def wanted(
        self, low: int, name: str | None, by: int
    ) -> tuple[UpdateRequest, Things]:
        """A request, and the things that it would change, as they would be."""
        texts = [f"n=n+{by}" if by >= 0 else f"n=n-{-by}"]
        if name is not None:
            quoted = name.replace("'", "''")
            texts.append(f"name='{quoted}'")
        new = {
            number: Thing(thing.name if name is None else name, thing.n + by)
            for number, thing in self.things.items()
            if number >= low
        }
        new = {k: thing for k, thing in new.items() if thing != self.things[k]}
        where = f"id >= {low}"
        return UpdateRequest("things", ANN, tuple(texts), where=where), new

    @rule(target=changes, low=IDS, name=st.none() | NAMES, by=NUMBERS)
    def update(self, low: int, name: str | None, by: int) -> Any:
        request, new = self.wanted(low, name, by)

        done = self.run(self.db.changes.update(request))

        assert done.changed == len(new)
        return self.changed(done.changeset, new)

    @rule(target=plans, low=IDS, name=st.none() | NAMES, by=NUMBERS)
    def plan(self, low: int, name: str | None, by: int) -> Plan:
        request, new = self.wanted(low, name, by)
        path = Path(tempfile.mktemp(dir=self.folder))

        self.run(self.db.changes.write_plan(request, path))

        return Plan(path, {k: self.things[k] for k in new}, new)

    @rule(target=changes, plan=consumes(plans))
    def apply(self, plan: Plan) -> Any:
        request = UpdateRequest("", ANN, plan=str(plan.path))
        if any(self.things.get(k) != thing for k, thing in plan.before.items()):
            try:
                self.run(self.db.changes.update(request))
            except Conflict:
                return multiple()
            raise AssertionError("a plan was applied to rows that had changed")

        done = self.run(self.db.changes.update(request))

        return self.changed(done.changeset, plan.after)

    @rule(target=changes, change=changes)
    def undo(self, change: Change) -> Any:
        touched = {k for k, v in change.after.items() if self.things.get(k) != v}
        try:
            done = self.run(self.db.changes.undo(change.id, ANN))
        except RowsChanged as error:
            assert error.details["changed"] == len(touched) > 0
            return multiple()
        assert not touched
        return self.changed(done.changeset, change.before)

    @rule(target=changes, change=changes)
    def undo_in_part(self, change: Change) -> Any:
        same = {k for k, v in change.after.items() if self.things.get(k) == v}

        done = self.run(self.db.changes.undo(change.id, ANN, partial=True))

        assert (done.changed, len(done.left)) == (
            len(same),
            len(change.after) - len(same),
        )
        return self.changed(done.changeset, {k: change.before[k] for k in same})

    @rule(number=IDS, name=NAMES)
    def change_by_another(self, number: int, name: str) -> None:
        self.sql("UPDATE things SET name = $2 WHERE id = $1", number, name)
        if number in self.things:
            self.things[number] = self.things[number]._replace(name=name)

    @rule(number=IDS)
    def delete_by_another(self, number: int) -> None:
        self.sql("DELETE FROM things WHERE id = $1", number)
        self.things.pop(number, None)

    @rule(number=IDS, n=NUMBERS)
    def insert_by_another(self, number: int, n: int) -> None:
        if number not in self.things:
            self.sql("INSERT INTO things VALUES ($1, '', $2)", number, n)
            self.things[number] = Thing("", n)

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        rows = self.sql("SELECT id, name, n FROM things")
        assert {row[0]: Thing(row[1], row[2]) for row in rows} == self.things

    def changed(self, changeset: UUID, new: Things) -> Any:
        """Note a change of the model; nothing is recorded where nothing changed."""
        if not new:
            return multiple()
        change = Change(changeset, {k: self.things[k] for k in new}, new)
        self.things.update(new)
        return change


def test_any_order_of_plans_changes_and_undos(
    empty_database_url: str, tmp_path: Path
) -> None:
    with asyncio.Runner() as runner:
        db = Database(empty_database_url)
        try:
            run_state_machine_as_test(
                lambda: Machine(db, runner, tmp_path),  # type: ignore[arg-type] # any maker
                settings=settings(
                    max_examples=8,
                    stateful_step_count=25,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(db.dispose())
