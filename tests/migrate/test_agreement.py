"""Models and revisions describe one schema."""

from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from tests.migrate.catalogue import TABLES, catalogue
from tuxdb.migrate import migrations_folder, upgrade
from tuxdb.migrate.alchemy import connected
from tuxdb.migrate.bookkeeping import RUNS
from tuxdb.migrate.comparison import differences
from tuxdb.migrate.connection import settings_of
from tuxdb.models import AppliedMigration, Model


async def test_alembic_finds_no_difference_between_models_and_head(
    database_url: str,
) -> None:
    async with connected(settings_of(database_url)) as connection:
        assert await connection.run_sync(differences, Model.metadata) == []


async def test_columns_checks_and_indexes_of_head_are_those_of_the_models(
    database_url: str, empty_database_url: str
) -> None:
    async with connected(settings_of(empty_database_url)) as connection:
        await connection.run_sync(Model.metadata.create_all)
        await connection.commit()

    assert await catalogue(database_url, TABLES) == await catalogue(
        empty_database_url, TABLES
    )


def test_the_runner_makes_the_table_of_the_model() -> None:
    model = Model.metadata.tables[AppliedMigration.__tablename__]

    assert _ddl(RUNS) == _ddl(model)


async def test_alembic_itself_gets_to_the_same_schema(
    database_url: str, empty_database_url: str
) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(toml_file=Path(__file__).parents[2] / "pyproject.toml")
    async with connected(settings_of(empty_database_url)) as connection:

        def run(sync: object) -> None:
            config.attributes["connection"] = sync
            command.upgrade(config, "head")
            command.check(config)

        await connection.run_sync(run)
        await connection.commit()

    assert await catalogue(empty_database_url) == await catalogue(database_url)
    assert (await upgrade(empty_database_url)).applied == ()


def test_revisions_import_nothing_of_tuxdb() -> None:
    for path in (migrations_folder() / "versions").glob("*.py"):
        assert "tuxdb import" not in path.read_text(), path.name
        assert "import tuxdb" not in path.read_text(), path.name


def _ddl(table: Table) -> set[str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statements: list[ExecutableDDLElement] = [
        CreateTable(table),
        *map(CreateIndex, table.indexes),
    ]
    lines = "\n".join(str(one.compile(dialect=dialect)) for one in statements)
    return {line.strip(" \t,") for line in lines.split("\n")}
