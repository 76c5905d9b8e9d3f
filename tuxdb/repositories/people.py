"""Statements about all that is known of one person, whichever table it is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from tuxdb.engine.statements import Executor
from tuxdb.models import (
    Case,
    Change,
    ChangeSet,
    Messages,
    PointsFreeze,
    PointsTransaction,
    User,
)

USERS: Table = User.__table__  # type: ignore[attr-defined]
CASES: Table = Case.__table__  # type: ignore[attr-defined]
MESSAGES: Table = Messages.__table__  # type: ignore[attr-defined]
FREEZES: Table = PointsFreeze.__table__  # type: ignore[attr-defined]
LEDGER: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
CHANGES: Table = Change.__table__  # type: ignore[attr-defined]
CHANGESETS: Table = ChangeSet.__table__  # type: ignore[attr-defined]
MODERATOR = "moderator_id"
SIDES = (CHANGES.c.before, CHANGES.c.after)


@dataclass(frozen=True)
class Person:
    """A Discord user, in one guild or everywhere, and the rows that stand for them.

    `former` are row ids that are in change sets only, as the rows are gone.
    """

    discord_id: int
    guild_id: int | None
    user_ids: tuple[int, ...]
    former: tuple[int, ...]


class PeopleRepository:
    """Statements about people."""

    async def find(
        self,
        session: Executor,
        discord_id: int,
        guild_id: int | None,
        *,
        lock: bool = False,
    ) -> Person:
        """A person's row ids, today's (locked if asked for) and former ones."""
        mine = select(USERS.c.id).where(USERS.c.discord_id == discord_id)
        if guild_id is not None:
            mine = mine.where(USERS.c.guild_id == guild_id)
        mine = mine.order_by(USERS.c.id)
        today = await session.scalars(mine.with_for_update() if lock else mine)
        user_ids = tuple(today.all())
        recorded = cast(CHANGES.c.row_key["id"].astext, BigInteger)
        former = select(recorded).where(
            _of_table(USERS), _recorded("discord_id", discord_id, guild_id)
        )
        found = await session.scalars(former.distinct())
        gone = set(found.all()).difference(user_ids)
        return Person(discord_id, guild_id, user_ids, tuple(sorted(gone)))

    def known(self, person: Person) -> list[tuple[Table, ColumnElement[bool]]]:
        """What there is, in the order in which it can be deleted."""
        ids = person.user_ids
        return [
            (CHANGES, _recorded_of(person)),
            (FREEZES, FREEZES.c.user_id.in_(ids)),
            (CASES, CASES.c.user_id.in_(ids)),
            (MESSAGES, _in_guild(MESSAGES, _written_by(person), person.guild_id)),
            (USERS, USERS.c.id.in_(ids)),
        ]

    async def forget_moderator(self, session: Executor, person: Person) -> int:
        """Take the person's id out of cases that they have decided; how many."""
        mine = CASES.c.moderator_id == person.discord_id
        decided = update(CASES).where(_in_guild(CASES, mine, person.guild_id))
        result = await session.execute(decided.values(moderator_id=None))
        return int(result.rowcount)

    async def forget_recorded_moderator(self, session: Executor, person: Person) -> int:
        """Take it out of what change sets hold of such cases; how many rows."""
        nothing = cast({MODERATOR: None}, JSONB)
        values = {}
        for side in SIDES:
            mine = side[MODERATOR].astext == str(person.discord_id)
            values[side.name] = case((mine, side.op("||")(nothing)), else_=side)
        recorded = _recorded(MODERATOR, person.discord_id, None)
        changed = update(CHANGES).where(_of_table(CASES), recorded).values(values)
        return int((await session.execute(changed)).rowcount)

    def entries(self, person: Person) -> tuple[Table, ColumnElement[bool]]:
        """What the ledger says; it stays, as it names nobody but by row id."""
        ids = (*person.user_ids, *person.former)
        return LEDGER, or_(LEDGER.c.from_user.in_(ids), LEDGER.c.to_user.in_(ids))

    async def rows(
        self,
        session: Executor,
        table: Table,
        condition: ColumnElement[bool],
        after: int | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """The next rows of a table behind a key, in the order of their keys."""
        (key,) = table.primary_key.columns
        statement: Select[Any] = select(table).where(condition).order_by(key)
        if after is not None:
            statement = statement.where(key > after)
        found: Sequence[Row[Any]] = (
            await session.execute(statement.limit(limit))
        ).all()
        return found


def _in_guild(
    table: Table, condition: ColumnElement[bool], guild_id: int | None
) -> ColumnElement[bool]:
    if guild_id is None:
        return condition
    return and_(condition, table.c.guild_id == guild_id)


def _written_by(person: Person) -> ColumnElement[bool]:
    return MESSAGES.c.author_id == person.discord_id


def _recorded_of(person: Person) -> ColumnElement[bool]:
    """Rows of change sets that hold what the person's rows were before or after."""
    user_ids = [str(i) for i in (*person.user_ids, *person.former)]
    key = CHANGES.c.row_key["id"].astext
    cases = select(cast(CASES.c.id, Text)).where(CASES.c.user_id.in_(person.user_ids))
    messages = select(cast(MESSAGES.c.id, Text)).where(
        _in_guild(MESSAGES, _written_by(person), person.guild_id)
    )
    written = _recorded("author_id", person.discord_id, person.guild_id)
    subject = or_(*(side["user_id"].astext.in_(user_ids) for side in SIDES))
    return or_(
        and_(_of_table(USERS), key.in_(user_ids)),
        and_(_of_table(CASES), or_(key.in_(cases), subject)),
        and_(_of_table(MESSAGES), or_(key.in_(messages), written)),
    )


def _of_table(table: Table) -> ColumnElement[bool]:
    """The part of the change set to which a row belongs is about a table."""
    number = cast(CHANGES.c.part, Integer)
    part = CHANGESETS.c.parts.op("->", return_type=JSONB())(number)["table"].astext
    changeset = select(part).where(CHANGESETS.c.id == CHANGES.c.changeset_id)
    return changeset.scalar_subquery() == table.name


def _recorded(column: str, value: int, guild_id: int | None) -> ColumnElement[bool]:
    """A row that is recorded as a whole has a value, before or after."""
    found = []
    for side in SIDES:
        same = side[column].astext == str(value)
        if guild_id is not None:
            same = and_(same, side["guild_id"].astext == str(guild_id))
        found.append(same)
    return or_(*found)
