"""Triggers that fail as a server under contention would."""

from sqlalchemy import text

from tests.harness.members import raw
from tuxdb.engine.service import DatabaseService

FAILING = """
    CREATE SEQUENCE attempts;
    CREATE FUNCTION fail_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('attempts') <= {times} THEN
            RAISE EXCEPTION 'injected' USING ERRCODE = '{state}';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER fail_at_first AFTER INSERT ON {table}
        FOR EACH ROW EXECUTE FUNCTION fail_at_first();
"""


async def fail_at_first(
    service: DatabaseService, times: int, *, table: str = "guilds", state: str = "40001"
) -> None:
    """Have so many inserts into a table fail; a rollback does not undo the count."""
    connection = await raw(service)
    await connection.execute(FAILING.format(times=times, state=state, table=table))
    await connection.close()


async def attempts(service: DatabaseService) -> int:
    """How many inserts were tried."""
    async with service.read() as session:
        return int(await session.scalar(text("SELECT last_value FROM attempts")) or 0)
