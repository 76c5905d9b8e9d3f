"""Which tables a statement names."""

import pytest

from tuxdb.audit.sqltext import tables


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("SELECT a FROM public.users", ["users"]),
        ('DELETE FROM "Public"."Users" WHERE id = 1', ["Users"]),
        ("SELECT a FROM x JOIN bot.public.y ON true", ["x", "y"]),
        ("INSERT INTO public.users(id) VALUES (1)", ["users"]),
        ("UPDATE public.users SET a = 1", ["users"]),
        ("SELECT a FROM public.tuxdb_hole_0", []),
    ],
)
def test_the_schema_of_a_table_is_left_out(text: str, named: list[str]) -> None:
    assert list(tables(text)) == named


def test_tables_of_the_server_keep_their_schema() -> None:
    text = "SELECT 1 FROM information_schema.columns, x JOIN pg_catalog.pg_class ON a"

    assert tables(text) == ("information_schema.columns", "pg_catalog.pg_class")


@pytest.mark.parametrize(
    "source",
    [
        "unnest($1::bigint[]) AS one",
        "jsonb_each (value)",
        "pg_catalog.generate_series(1, 3)",
        "own.members_of(1) JOIN LATERAL jsonb_array_elements(b) ON true",
    ],
)
def test_functions_are_no_tables(source: str) -> None:
    assert tables(f"SELECT a FROM {source}") == ()


@pytest.mark.parametrize(
    "expression",
    [
        "EXTRACT(EPOCH FROM now())",
        "extract(epoch FROM b.created)",
        "SUBSTRING(name FROM first)",
        "TRIM(BOTH ' ' FROM name)",
        "OVERLAY(name PLACING 'x' FROM first FOR 2)",
        "a IS DISTINCT FROM y",
        "a IS NOT DISTINCT FROM y",
    ],
)
def test_a_from_that_is_part_of_an_expression_names_nothing(expression: str) -> None:
    assert tables(f"SELECT {expression} FROM users") == ("users",)


def test_a_query_inside_such_an_expression_names_its_table() -> None:
    text = "SELECT EXTRACT(EPOCH FROM (SELECT max(a) FROM users WHERE b IN (1)))"

    assert tables(text) == ("users",)


@pytest.mark.parametrize("lock", ["FOR UPDATE SKIP LOCKED", "FOR NO KEY UPDATE NOWAIT"])
def test_locks_name_no_table(lock: str) -> None:
    assert tables(f"SELECT a FROM users {lock}") == ("users",)


def test_what_a_with_defines_hides_no_table_of_a_schema() -> None:
    text = "WITH users AS (SELECT a FROM public.users) SELECT a FROM users"

    assert tables(text) == ("users",)
    assert tables("WITH u AS (SELECT 1) SELECT * FROM u") == ()
