"""Whose transaction a controller's call takes part in, and which model it is about."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import InvalidValue
from tuxdb.models import Model
from tuxdb.models.validation import validated_change
from tuxdb.repositories import Repository

ModelT = TypeVar("ModelT", bound=Model)
T = TypeVar("T")


class ModelController(Generic[ModelT]):
    """A model, the service that holds its rows, and the repository between them."""

    repository: Repository[ModelT]
    _of: type[Model] | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            arguments = get_args(base)
            if arguments and isinstance(arguments[0], type):
                cls._of = arguments[0]

    def __init__(
        self,
        model: type[ModelT] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        if isinstance(model, DatabaseService):
            model, db = None, model
        name = type(self).__name__
        if db is None:
            raise TypeError(f"{name} needs a database service: {name}(db)")
        found = model or self._of
        if found is None:
            raise TypeError(f"{name} needs a model: {name}(Model, db)")
        self.db = db
        self.model: type[ModelT] = found  # type: ignore[assignment]
        if not hasattr(type(self), "repository"):
            self.repository = Repository(self.model)

    def _reading(self, session: AsyncSession | None = None) -> Executor:
        return session or self.db.current_session() or self.db.reads

    def _writing(self, session: AsyncSession | None = None) -> Executor:
        return session or self.db.current_session() or self.db.statements

    async def _in_transaction(
        self,
        session: AsyncSession | None,
        work: Callable[[AsyncSession], Awaitable[T]],
    ) -> T:
        """Work of several statements: the caller's transaction, or one with retries."""
        joined = session or self.db.current_session()
        if joined is not None:
            await joined.flush()  # what the caller added comes before
            return await work(joined)
        return await self.db.run_in_transaction(work)

    def _changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        checked = validated_change(self.model, changes)
        for column in self.repository.mapper.primary_key:
            if column.name in checked:
                raise InvalidValue(column.name, "is the row's key and cannot change")
        return checked
