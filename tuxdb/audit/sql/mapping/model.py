"""The project's model classes, as its source describes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelColumn:
    """A mapped column: attribute, column, SQLAlchemy type as source.

    `type` is empty where the source names a type that cannot be known, such as one
    of the project's own.
    """

    attribute: str
    name: str
    type: str
    nullable: bool = True
    primary_key: bool = False
    default: bool = False  # Python-side, so SQLAlchemy adds it to INSERT
    onupdate: bool = False
    server_default: str | None = None
    unique: bool = False
    autoincrement: bool = True


@dataclass(frozen=True)
class ModelSource:
    """A model class: where it is, its table, its columns in the table's order."""

    name: str
    module: str
    table: str
    columns: tuple[ModelColumn, ...]
    schema: str = ""
    path: str = ""
    line: int = 0
    uniques: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> ModelColumn | None:
        """The mapped column of a column of the table."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(one.name for one in self.columns if one.primary_key)
