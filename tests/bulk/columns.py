"""Tables as the catalogue would describe them, without a database."""

from types import SimpleNamespace

from sqlalchemy import Column, MetaData, Table

from tuxdb.bulk.catalogue import KIND, Exact
from tuxdb.bulk.kinds import Kind, kind_of


def kind(
    base: str,
    *,
    modifier: int = -1,
    labels: list[str] | None = None,
    domain: bool = False,
) -> Kind:
    return kind_of(
        SimpleNamespace(
            base=base,
            modifier=modifier,
            labels=labels,
            is_domain=domain,
            deterministic=True,
        )
    )


def table(name: str = "users", **columns: str) -> Table:
    """A table with nullable columns of these types, the first one being the key."""
    return Table(
        name,
        MetaData(),
        *(
            Column(
                column,
                Exact(base),
                primary_key=number == 0,
                autoincrement=False,
                nullable=number > 0,
                info={KIND: kind(base), "generated": False, "identity": False},
            )
            for number, (column, base) in enumerate(columns.items())
        ),
    )
