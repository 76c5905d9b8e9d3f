"""What the server says, and which error of ours that is."""

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tests.harness.members import member, raw
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import (
    ConstraintViolation,
    LedgerGuarded,
    ReadOnlyDatabase,
    translate,
    unreachable,
)
from tuxdb.errors import (
    Busy,
    ConfigurationError,
    Conflict,
    DatabaseOperationError,
    DatabaseUnavailable,
    ExitCode,
    InvalidValue,
    SchemaBehind,
    TuxdbError,
)
from tuxdb.models import Guild, User

SECRET = "hunter2"


@pytest.fixture
async def anywhere(cluster: Cluster) -> AsyncIterator[DatabaseService]:
    """A service on a database that holds nothing, and that all tests may share."""
    async with DatabaseService.open(cluster.ensure("admin")) as service:
        yield service


async def say(service: DatabaseService, state: str) -> None:
    """Have the server raise an error with a SQLSTATE."""
    statement = f"DO $$ BEGIN RAISE '{SECRET}' USING ERRCODE = '{state}'; END $$"
    async with service.session() as session:
        await session.execute(text(statement))


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("40001", Busy, ExitCode.BUSY),
        ("40P01", Busy, ExitCode.BUSY),
        ("55P03", Busy, ExitCode.BUSY),
        ("57014", Busy, ExitCode.BUSY),
        ("42P01", SchemaBehind, ExitCode.FOUND),
        ("42703", SchemaBehind, ExitCode.FOUND),
        ("25006", ReadOnlyDatabase, ExitCode.REFUSED),
        ("TUX01", LedgerGuarded, ExitCode.REFUSED),
        ("TUX02", LedgerGuarded, ExitCode.REFUSED),
        ("26000", ConfigurationError, ExitCode.CONFIGURATION),
        ("53100", DatabaseUnavailable, ExitCode.UNREACHABLE),
        ("53300", DatabaseUnavailable, ExitCode.UNREACHABLE),
        ("58030", DatabaseUnavailable, ExitCode.UNREACHABLE),
        ("28000", DatabaseUnavailable, ExitCode.UNREACHABLE),
        ("28P01", DatabaseUnavailable, ExitCode.UNREACHABLE),
        ("22P02", InvalidValue, ExitCode.USAGE),
        ("22003", InvalidValue, ExitCode.USAGE),
        ("22012", DatabaseOperationError, ExitCode.UNEXPECTED),
        ("42601", DatabaseOperationError, ExitCode.UNEXPECTED),
        ("P0001", DatabaseOperationError, ExitCode.UNEXPECTED),
        ("XX000", DatabaseOperationError, ExitCode.UNEXPECTED),
    ],
)
async def test_a_state_has_its_error_and_exit_code(
    anywhere: DatabaseService, state: str, kind: type[TuxdbError], code: ExitCode
) -> None:
    with pytest.raises(TuxdbError) as error:
        await say(anywhere, state)

    assert type(error.value) is kind
    assert error.value.exit_code == code


async def test_what_broke_a_constraint_is_named_without_its_values(
    db: Database,
) -> None:
    await db.user.create(guild_id=1, discord_id=7, username=SECRET)

    with pytest.raises(IntegrityError) as error:
        await db.user.create(guild_id=1, discord_id=7, username=SECRET)

    violation = error.value
    assert isinstance(violation, ConstraintViolation)
    assert isinstance(violation, Conflict)
    assert str(violation) == (
        "the row for users already exists (uq_users_guild_id_discord_id)"
    )
    assert violation.constraint == "uq_users_guild_id_discord_id"
    assert (violation.code, violation.exit_code) == (
        "constraint_violation",
        ExitCode.CONFLICT,
    )
    assert violation.details == {"constraint": "uq_users_guild_id_discord_id"}
    assert isinstance(violation.orig.__cause__, asyncpg.UniqueViolationError)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "INSERT INTO users (guild_id, discord_id, username) VALUES (9, 1, 'x')",
            (
                "the row for users refers to a row that is not there "
                "(fk_users_guild_id_guilds)"
            ),
        ),
        (
            "INSERT INTO guilds (id) VALUES (0)",
            "the row for guilds breaks a rule of the table (ck_guilds_id_positive)",
        ),
        ("INSERT INTO guilds (id) VALUES (NULL)", "guilds.id must have a value"),
    ],
)
async def test_each_kind_of_constraint_has_its_sentence(
    db_service: DatabaseService, statement: str, sentence: str
) -> None:
    with pytest.raises(IntegrityError) as error:
        async with db_service.session() as session:
            await session.execute(text(statement))

    assert str(error.value) == sentence


async def test_errors_show_no_values_wherever_they_come_from(db: Database) -> None:
    """Neither does the chain that a log would print."""

    async def wrong_type(session: AsyncSession) -> None:
        await session.execute(select(User).where(col(User.id) == SECRET))

    async def duplicate(session: AsyncSession) -> None:
        for _ in range(2):
            session.add(User(guild_id=1, discord_id=1, username=SECRET))
        await session.flush()

    async def syntax(session: AsyncSession) -> None:
        await session.execute(text("SELEC :x"), {"x": SECRET})

    await db.guild.create(id=1)
    for work in (wrong_type, duplicate, syntax):
        with pytest.raises(TuxdbError) as error:
            async with db.session() as session:
                await work(session)
        told = f"{error.value} {error.value!r} {error.value.hint} {error.value.details}"
        assert SECRET not in told


async def test_a_value_of_the_wrong_type_is_invalid(db: Database) -> None:
    for call in (
        lambda: db.user.get_by_id("x"),
        lambda: db.user.get_by_id(2**63),
        lambda: db.user.get_by_id(1.5),
        lambda: db.user.delete_by_id(1.5),
        lambda: db.user.update_by_id(True, message_count=1),
        lambda: db.user.bulk_delete([1.5]),
        lambda: db.user.bulk_delete(["x"]),
        lambda: db.user.find_all(User.username == "a\0b"),
        lambda: db.user.find_all(User.username == "\ud800"),
        lambda: db.user.page_after(filters=User.username == "\ud800"),
        lambda: db.user.get_member(1, 2**63),
        lambda: db.user.delete_by_id("x"),
        lambda: db.user.update_by_id("x", message_count=1),
    ):
        with pytest.raises(InvalidValue):
            await call()


async def test_a_lock_held_elsewhere_is_busy(db: Database) -> None:
    user = await member(db)
    other = await raw(db)
    await other.execute("BEGIN; SELECT * FROM users FOR UPDATE")

    async def update() -> None:
        async with db.session() as session:
            await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            await db.user.update_by_id(user.id, message_count=1, session=session)

    with pytest.raises(Busy):
        await update()

    await other.close()
    assert (await db.user.get_or_raise(user.id)).message_count == 0


async def test_a_mistake_in_python_stays_what_it_was(db: Database) -> None:
    with pytest.raises(SQLAlchemyError) as error:
        async with db.session() as session:
            await session.execute("SELECT 1")  # type: ignore[call-overload]

    assert TuxdbError not in type(error.value).mro()


async def test_the_error_of_the_driver_is_the_cause(db: Database) -> None:
    with pytest.raises(DatabaseOperationError) as error:
        await say(db, "22012")

    assert isinstance(error.value.__cause__, SQLAlchemyError)


async def test_direct_statements_keep_the_causes_apart(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with db.session() as session:
        await session.execute(text("ALTER TABLE guilds RENAME TO elsewhere"))

    with pytest.raises(SchemaBehind) as error:
        await db.guild.get_by_id(1)

    seen: set[int] = set()
    cause: BaseException | None = error.value
    while cause is not None:
        assert id(cause) not in seen, "an error is its own cause"
        seen.add(id(cause))
        cause = cause.__cause__
    logging.getLogger(__name__).error("shown", exc_info=error.value)
    assert "UndefinedTableError" in caplog.text


def test_an_error_of_ours_is_not_translated_again() -> None:
    assert translate(Busy("x"), "here") is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "x"), "connection refused"),
        (FileNotFoundError(2, "x"), "no such socket"),
        (TimeoutError(), "no answer in time"),
        (OSError("Multiple exceptions"), "name not found or no route"),
    ],
)
def test_a_server_that_does_not_answer_is_explained(
    error: OSError, reason: str
) -> None:
    found = unreachable(error, "bot@db.example:5432/tux")

    assert str(found) == f"cannot reach bot@db.example:5432/tux ({reason})"


async def test_a_statement_that_takes_too_long_is_busy(db: Database) -> None:
    async def sleep() -> None:
        async with db.session() as session:
            await session.execute(text("SET LOCAL statement_timeout = '20ms'"))
            await session.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(Busy):
        await sleep()

    await asyncio.wait_for(db.guild.count(), 5)
    assert await db.guild.find_all(Guild.id == 1) == []


async def test_too_many_values_are_no_lost_connection(db: Database) -> None:
    with pytest.raises(InvalidValue, match="32767"):
        await db.guild.find_all([col(Guild.id).in_(range(1, 40_000))])
