"""Repository: the statements that every table has. The session comes first."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Delete,
    Insert,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or

from tuxdb.engine.statements import ENTITY, Executor
from tuxdb.models import Guild
from tuxdb.repositories.criteria import Filters, conditions
from tuxdb.repositories.reading import ModelT, Reading

InsertT = TypeVar("InsertT", bound=Insert)
Row = Mapping[str, Any]


def _refers_to_guilds(table: Table) -> bool:
    keys = table.c["guild_id"].foreign_keys if "guild_id" in table.c else ()
    return any(key.column.table.name == Guild.__tablename__ for key in keys)


class Repository(Reading[ModelT]):
    """Statements about one table; it never commits.

    `Repository(User)`, or a subclass of `Repository[User]` with statements of its own.
    """

    def __init__(self, model: type[ModelT] | None = None) -> None:
        super().__init__(model)
        self._in_guild = _refers_to_guilds(self.table)
        self._delete_by_key = delete(self.model).where(self.key == bindparam("key"))

    async def add(self, session: Executor, values: Row) -> ModelT:
        """Insert a row, and its guild if that is unseen, in one statement."""
        statement = insert(self.model).values(**values).returning(self.model)
        statement = self._with_guild(statement, values)
        found = await session.scalars(self._returning(statement))
        added: ModelT = found.one()
        return added

    async def add_if_absent(self, session: Executor, values: Row) -> ModelT | None:
        """Insert a row unless one with its unique values is there; None then."""
        statement = insert_or(self.model).values(**values).on_conflict_do_nothing()
        whole = self._with_guild(statement.returning(self.model), values)
        found = await session.scalars(self._returning(whole))
        added: ModelT | None = found.one_or_none()
        return added

    async def upsert(
        self, session: Executor, values: Row, conflict: Sequence[str]
    ) -> ModelT:
        """Insert a row, or update the one that has the same `conflict` columns."""
        statement = insert_or(self.model).values(**values)
        changed = {n: statement.excluded[n] for n in values if n not in conflict}
        changed.update(self._touched(changed))
        same = {n: statement.excluded[n] for n in conflict[:1]}
        upsert = statement.on_conflict_do_update(
            index_elements=[self.column(name) for name in conflict],
            set_=changed or same,
        ).returning(self.model)
        upsert = self._with_guild(upsert, values)
        found = await session.scalars(
            self._returning(upsert).execution_options(populate_existing=True)
        )
        row: ModelT = found.one()
        return row

    async def update_by_id(
        self,
        session: Executor,
        key: Any,  # noqa: ANN401
        values: Row,
    ) -> ModelT | None:
        """Change columns of one row and return it as it is now; None without it."""
        statement = (
            update(self.model)
            .where(self.key == literal(self._checked(key), self.key.type))
            .values(**values)
            .returning(self.model)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        found = await session.scalars(self._returning(statement))
        row: ModelT | None = found.one_or_none()
        return row

    async def update_where(
        self, session: Executor, filters: Filters, values: Row
    ) -> int:
        """Change columns of all rows that match; how many were changed."""
        statement = update(self.model).where(*conditions(filters)).values(**values)
        return await self._changed(session, statement)

    async def delete_by_id(self, session: Executor, key: Any) -> bool:  # noqa: ANN401
        """Delete one row; whether it was there."""
        given = {"key": self._checked(key)}
        result = await session.execute(self._delete_by_key, given)
        return bool(result.rowcount)

    async def delete_where(self, session: Executor, filters: Filters) -> int:
        """Delete all rows that match; how many there were."""
        statement = delete(self.model).where(*conditions(filters))
        return await self._changed(session, statement)

    async def bulk_delete(self, session: Executor, keys: Sequence[Any]) -> int:
        """Delete the rows with these primary keys; how many there were."""
        checked = [self._checked(key) for key in keys]
        given = bindparam("keys", checked, ARRAY(self.key.type))
        return await self.delete_where(session, self.key == func.any(given))

    async def _changed(self, session: Executor, statement: Update | Delete) -> int:
        quiet = statement.execution_options(synchronize_session=False)
        result = await session.execute(quiet)
        return int(result.rowcount)

    def _returning(self, statement: Any) -> Any:  # noqa: ANN401
        return statement.execution_options(**{ENTITY: self.model})

    def _touched(self, changed: Row) -> dict[str, Any]:
        stamped = "updated_at" in self.names and changed
        return {"updated_at": func.now()} if stamped else {}

    def _with_guild(self, statement: InsertT, values: Row) -> InsertT:
        """Have the guild of a row inserted too, if it is not there yet.

        Foreign keys are checked when the whole statement has run.
        """
        if not self._in_guild or values.get("guild_id") is None:
            return statement
        guild_id = select(literal(values["guild_id"], BigInteger))
        guild = insert_or(Guild).from_select(["id"], guild_id, include_defaults=False)
        missing = guild.on_conflict_do_nothing().cte("ensured_guild")
        whole: InsertT = statement.add_cte(missing)
        return whole
