"""Names as SQL, and SQL that is safe to show."""

import pytest

from tuxdb.inspect.naming import new_index_name, printable, quoted, shown, unquoted


@pytest.mark.parametrize("name", ["plain", 'Has "quotes"', "Ünïcode", "a.b"])
def test_a_quoted_name_is_read_back(name: str) -> None:
    assert unquoted(quoted(name)) == name


def test_public_goes_unsaid() -> None:
    assert shown("public.users") == "users"
    assert shown('bot."Users"') == 'bot."Users"'


def test_a_new_index_is_named_after_its_table_and_columns() -> None:
    assert new_index_name("cases", ["guild_id", '"userId"'], set()) == (
        "ix_cases_guild_id_userId"
    )


def test_a_long_name_is_cut_to_what_the_server_takes_and_stays_distinct() -> None:
    one = new_index_name("t" * 60, ["a"], set())
    two = new_index_name("t" * 60, ["b"], set())
    three = new_index_name("t" * 60, ["a"], {one})

    assert len(one.encode()) == 63
    assert len({one, two, three}) == 3


def test_a_name_is_cut_between_characters() -> None:
    assert len(new_index_name("ü" * 40, ["a"], set()).encode()) <= 63


def test_sql_without_anything_odd_stays_as_it_is() -> None:
    sql = """DROP INDEX "My ""Bot"".ix"; SELECT setval('it''s', 1);"""

    assert printable(sql) == sql


def test_what_cannot_be_seen_is_escaped_where_it_is_quoted() -> None:
    assert printable("SELECT \"a\x1b\", 'b\u202e\\'") == (
        "SELECT U&\"a\\+00001b\", U&'b\\+00202e\\\\'"
    )
