"""The project's model classes, as its source describes them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ModelColumn:
    """A mapped column: attribute, column, SQLAlchemy type as source."""

    attribute: str
    name: str
    type: str  # source over SQLAlchemy's names, such as "String(100)"
    nullable: bool = True
    primary_key: bool = False
    default: bool = False  # Python-side, so SQLAlchemy adds it to INSERT
    onupdate: bool = False
    server_default: str | None = None
    foreign_key: str | None = None
    unique: bool = False
    autoincrement: bool = True
    index: bool = False
    sort_order: int = 0


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
    unread: tuple[str, ...] = field(default=())  # what could not be followed

    def column(self, name: str) -> ModelColumn | None:
        """The mapped column of a column of the table."""
        return next((one for one in self.columns if one.name == name), None)
