"""The scratch schema: everything that can be applied is, nothing of it is run."""

from tests.audit.sql.conftest import Opener
from tuxdb.audit.sql.schema import ScratchSchema


async def test_statements_are_applied_in_whatever_order_works(opened: Opener) -> None:
    text = """
    CREATE VIEW names AS SELECT name FROM guilds;
    CREATE TABLE notes (guild bigint REFERENCES guilds (id));
    CREATE TABLE guilds (id bigint PRIMARY KEY, name text);
    """
    async with opened(text) as schema:
        assert schema.problems == ()
        assert {name for _, name in schema.catalogue.relations} == {
            "guilds",
            "names",
            "notes",
        }


async def test_a_statement_that_fails_is_named_and_the_rest_applied(
    opened: Opener,
) -> None:
    text = "CREATE TABLE a (x int);\nCREATE TABLE b (y nothing);\nCREATE TABEL c ();"
    async with opened(text) as schema:
        found = [(one.line, one.problem.kind) for one in schema.problems]
        assert sorted(found) == [(2, "schema"), (3, "syntax")]
        assert schema.catalogue.relation("a") is not None


async def test_a_sequence_that_no_file_creates_is_assumed(opened: Opener) -> None:
    text = "CREATE TABLE a (id int DEFAULT nextval('a_id_seq'::regclass))"
    async with opened(text) as schema:
        assert schema.problems == ()


async def test_a_definition_inside_a_do_block_is_read(opened: Opener) -> None:
    text = """
    DO $$ BEGIN
        CREATE TYPE mood AS ENUM ('calm');
        PERFORM pg_sleep(60);
    EXCEPTION WHEN duplicate_object THEN NULL;
    END $$;
    CREATE TABLE a (feeling mood);
    """
    async with opened(text) as schema:
        assert schema.problems == ()


async def test_functions_keep_their_signature_and_lose_their_body(
    opened: Opener,
) -> None:
    text = """
    CREATE FUNCTION twice(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
      $$ BEGIN COPY (SELECT 1) TO PROGRAM 'touch /tmp/tuxdb-was-run'; RETURN 1; END $$;
    CREATE TABLE a (x int DEFAULT 1, y int);
    """
    async with opened(text) as schema:
        checked = await schema.check("SELECT twice(x) FROM a")
        assert checked.accepted
        body = await schema.scratch.connection.fetchval(
            "SELECT prosrc FROM pg_proc WHERE proname = 'twice'"
        )
        assert "touch" not in body


async def test_a_dump_is_read_without_its_rows_and_its_owner(opened: Opener) -> None:
    text = """
\\connect bot
SET statement_timeout = 0;
CREATE TABLE a (x int, y text);
ALTER TABLE a OWNER TO somebody;
COPY a (x, y) FROM stdin;
1\t); DROP TABLE a;
\\.
INSERT INTO a VALUES (2, 'b');
CREATE INDEX CONCURRENTLY a_x ON a (x);
"""
    async with opened(text) as schema:
        assert schema.problems == ()
        count = await schema.scratch.connection.fetchval("SELECT count(*) FROM a")
        assert count == 0


async def test_a_missing_extension_is_assumed_and_named(opened: Opener) -> None:
    text = "CREATE TABLE a (x text); CREATE INDEX i ON a USING gin (x gin_trgm_ops);"
    async with opened(text) as schema:
        assert [one.problem.name for one in schema.problems] == ["pg_trgm"]
        checked = await schema.check("SELECT x FROM a WHERE x % 'abc'")
        assert (checked.accepted, checked.extension) == (True, "pg_trgm")


async def test_the_database_is_gone_afterwards(opened: Opener) -> None:
    async with opened("CREATE TABLE a ()") as schema:
        name = schema.scratch.name
        await schema.scratch.make_role()
    async with opened() as other:
        assert await _traces(other, name) == 0


async def _traces(schema: ScratchSchema, name: str) -> object:
    query = """
    SELECT (SELECT count(*) FROM pg_database WHERE datname = $1)
         + (SELECT count(*) FROM pg_roles WHERE rolname = $1)
    """
    return await schema.scratch.connection.fetchval(query, name)
