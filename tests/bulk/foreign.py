"""A schema as other bots have it, with everything that tuxdb's own has not."""

FOREIGN = r"""
CREATE SCHEMA "Odd Schema";
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE "Odd Schema"."Kind" AS ENUM ('a', 'B c');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE EXTENSION citext;

CREATE TABLE "Odd Schema"."My.Table" (
    "Id" bigint PRIMARY KEY,
    "select" text,
    "with ""quote" text,
    "Ünï" varchar(5),
    kind "Odd Schema"."Kind",
    "n0" int, "k0" int, "o0" int, "line" int, "c0" int
);
INSERT INTO "Odd Schema"."My.Table"
SELECT g, 's' || g, 'q', 'ü', 'a', 1, 1, 1, 1, 1 FROM generate_series(1, 5) g;

CREATE TABLE kinds (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mood mood, moods mood[], tags text[], numbers int[],
    plain json, binary_json jsonb, price numeric(10, 2), number numeric,
    bytes bytea, local timestamp, moment timestamptz, day date, clock time,
    span interval, address inet, place point, name citext, rank positive,
    range int4range, code char(5), short varchar(5), single real, double float8,
    small smallint, key uuid, bits bit(3), words tsvector, big bigint,
    twice int GENERATED ALWAYS AS (small * 2) STORED,
    flag boolean, required text NOT NULL DEFAULT '',
    created_at timestamptz DEFAULT now(), updated_at timestamp DEFAULT now()
);
INSERT INTO kinds (
    mood, moods, tags, numbers, plain, binary_json, price, number, bytes, local,
    moment, day, clock, span, address, place, name, rank, range, code, short,
    single, double, small, key, bits, words, big, flag
)
SELECT
    'ok', '{sad,happy}', '{a,"b c",NULL}', '{1,2}', '{"b":1,  "a":1.50}',
    '{"b":1,"a":1.50}', 1.5, 1.500, '\xdeadbeef', '2026-01-02 03:04:05.678',
    '2026-01-02 03:04:05.678+02', 'infinity', '12:00', '1 mon 2 days 03:00',
    '10.0.0.1/8', '(1,2)', 'Bob', 5, '[1,5)', 'ab', 'ab', 0.1, 0.1, 3,
    '11111111-1111-1111-1111-111111111111', '101', 'a b', 7, true
FROM generate_series(1, 3);

CREATE TABLE composite (guild bigint, name text, v int, PRIMARY KEY (guild, name));
INSERT INTO composite SELECT g % 3, 'n' || g, g FROM generate_series(1, 9) g;

CREATE TABLE nopk (a int, b text);
CREATE VIEW a_view AS SELECT * FROM composite;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM composite;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('abc');
CREATE TABLE "Users" ("ID" int PRIMARY KEY, "Name" text NOT NULL);
INSERT INTO "Users" VALUES (1, 'a'), (2, 'b');
CREATE TABLE users (id bigint PRIMARY KEY, points int, updated_at bigint);
INSERT INTO users VALUES (1, 5, 7);

CREATE TABLE stamped (id int PRIMARY KEY, v int, revision int DEFAULT 0);
INSERT INTO stamped SELECT g, g FROM generate_series(1, 5) g;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.v = 99 THEN RAISE EXCEPTION 'no ninety-nine'; END IF;
    IF NEW.v = 98 THEN RETURN NULL; END IF;
    NEW.revision := NEW.revision + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON stamped
FOR EACH ROW EXECUTE FUNCTION stamp();

CREATE TABLE summed (id int PRIMARY KEY, v int, total int);
INSERT INTO summed SELECT g, g, g * 10 FROM generate_series(1, 5) g;
CREATE FUNCTION sum_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        UPDATE summed SET total = v * 10 WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_up AFTER UPDATE OF v ON summed
FOR EACH ROW EXECUTE FUNCTION sum_up();

CREATE TABLE parted (id int, region text, v int, PRIMARY KEY (id, region))
PARTITION BY LIST (region);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b');
INSERT INTO parted
SELECT g, CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b' END, g FROM generate_series(1, 10) g;

CREATE TABLE late (id int PRIMARY KEY, code text UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO late SELECT g, 'c' || g FROM generate_series(1, 5) g;
"""
