"""Reviewing what autogenerate proposes: it takes a rename for a drop and an add."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alembic.operations import ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from tuxdb.errors import Refused, UsageError

Ask = Callable[[str], bool]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class RenameColumn(ops.AlterColumnOp):
    """A column with another name, and its data."""

    def reverse(self) -> ops.AlterColumnOp:
        """Rename it back; Alembic's own would rename to the same name again."""
        return RenameColumn(
            self.table_name, str(self.modify_name), modify_name=self.column_name
        )


@dataclass(frozen=True)
class Rename:
    """`users.name:username`, as typed."""

    table: str
    old: str
    new: str

    @classmethod
    def parse(cls, text: str) -> "Rename":
        """Read `table.old:new`; raises UsageError."""
        place, _, new = text.partition(":")
        table, _, old = place.rpartition(".")
        if not (table and old and new):
            raise UsageError(f"--rename: {text!r} is not of the form table.old:new")
        return cls(table, old, new)


def review(
    proposed: ops.UpgradeOps,
    *,
    renames: Sequence[Rename] = (),
    allow_drops: Sequence[str] = (),
    ask: Ask | None = None,
) -> ops.UpgradeOps:
    """Put renames for what they are; refuse drops that nobody has allowed.

    `ask` is asked whether a drop and an add of the same type are a rename.
    """
    left = list(renames)
    tables = list(_tables(proposed))
    for table in tables:
        for rename in [one for one in left if one.table == table.table_name]:
            _rename(table, rename)
            left.remove(rename)
    if left:
        raise UsageError(
            f"--rename: nothing changes {left[0].old!r} in {left[0].table!r}"
        )
    for table in tables:
        if table.table_name not in allow_drops:
            _recognise(table, ask)
    drops = [name for name in _drops(proposed) if not _allowed(name, allow_drops)]
    if drops:
        raise Refused(
            f"this would drop {', '.join(drops)}",
            hint=f"--allow-drop {drops[0]}, or --rename table.old:new",
            details={"drops": drops},
        )
    return proposed


def _rename(table: ops.ModifyTableOps, rename: Rename) -> None:
    dropped = [o for o in _dropped(table) if o.column_name == rename.old]
    added = [o for o in _added(table) if o.column.name == rename.new]
    if not dropped or not added:
        raise UsageError(
            f"--rename: {rename.table} does not lose {rename.old!r} "
            f"and gain {rename.new!r}"
        )
    operation = RenameColumn(table.table_name, rename.old, modify_name=rename.new)
    operation.schema = table.schema
    table.ops[table.ops.index(added[0])] = operation
    table.ops.remove(dropped[0])


def _recognise(table: ops.ModifyTableOps, ask: Ask | None) -> None:
    """Find drops and adds of one type, which may be renames."""
    for dropped in _dropped(table):
        for added in _added(table):
            if _type(dropped) != _type(added):
                continue
            rename = Rename(table.table_name, dropped.column_name, added.column.name)
            words = f"{rename.table}.{rename.old}:{rename.new}"
            if ask is None:
                raise Refused(
                    f"{rename.table}.{rename.old} goes and {rename.new} comes, "
                    "of the same type: is that a rename?",
                    hint=f"--rename {words}, or --allow-drop {rename.table}",
                    details={"rename": words},
                )
            if ask(f"is {rename.table}.{rename.old} renamed to {rename.new}?"):
                _rename(table, rename)
                break


def _type(operation: ops.DropColumnOp | ops.AddColumnOp) -> str:
    column = (
        operation.column
        if isinstance(operation, ops.AddColumnOp)
        else operation.to_column()
    )
    kind: TypeEngine[object] = column.type
    return kind.compile(_DIALECT)


def _tables(proposed: ops.UpgradeOps) -> Iterator[ops.ModifyTableOps]:
    return (o for o in proposed.ops if isinstance(o, ops.ModifyTableOps))


def _dropped(table: ops.ModifyTableOps) -> list[ops.DropColumnOp]:
    return [o for o in table.ops if isinstance(o, ops.DropColumnOp)]


def _added(table: ops.ModifyTableOps) -> list[ops.AddColumnOp]:
    return [o for o in table.ops if isinstance(o, ops.AddColumnOp)]


def _drops(proposed: ops.UpgradeOps) -> Iterator[str]:
    for operation in proposed.ops:
        if isinstance(operation, ops.DropTableOp):
            yield operation.table_name
        elif isinstance(operation, ops.ModifyTableOps):
            for dropped in _dropped(operation):
                yield f"{dropped.table_name}.{dropped.column_name}"


def _allowed(name: str, allow_drops: Sequence[str]) -> bool:
    return name in allow_drops or name.partition(".")[0] in allow_drops
