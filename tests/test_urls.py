"""Database URLs: every form is read, and no form shows its secret."""

import pytest

from tuxdb.errors import ConfigurationError, TuxdbError
from tuxdb.urls import DatabaseUrl, mask

SECRET = "hunter2-S3cret"
WITH_SECRET = [
    f"postgresql://bot:{SECRET}@db.example:5432/tux",
    f"postgres://bot:{SECRET}@db.example/tux",
    f"postgresql+asyncpg://bot:{SECRET}@db.example/tux",
    f"postgresql://bot@db.example/tux?password={SECRET}",
    f"postgresql://db.example/tux?user=bot&password={SECRET}",
    f"postgresql://:{SECRET}@db.example/tux",
    f"postgresql://bot:{SECRET}@[::1]:5433/tux",
    f"postgresql://bot:{SECRET}@h1:5432,h2:5433/tux",
    f"postgresql://bot:{SECRET}@/tux?host=/run/tux",
    f"postgresql://bot:{SECRET}@db.example/tux?sslmode=require",
    f"postgresql://bot@db.example/tux?sslcert=c.pem&sslpassword={SECRET}",
]
UNREADABLE = [
    f"postgresql://bot:{SECRET}@db.example:{SECRET}/tux",
    f"postgresql://bot:{SECRET}/x@db.example/tux",
    f"postgresql://bot:{SECRET}#x@db.example/tux",
    f"postgresql://bot@db.example/tux?sslmode={SECRET}",
    f"postgresql://bot@db.example/tux?{SECRET}=1",
    f"mysql://bot:{SECRET}@db.example/tux",
    "sql" + f"ite:///{SECRET}",
    f"{SECRET}",
    f"postgresql://bot:{SECRET}@[::1/tux",
    f"postgresql://bot:{SECRET}@db.example:99999/tux",
    f"postgresql://bot@db.example/tux?service={SECRET}",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://bot@db.example:5432/tux", "bot@db.example:5432/tux"),
        ("postgres://bot@db.example/tux", "bot@db.example:5432/tux"),
        ("postgresql+asyncpg://bot@[::1]:5433/tux", "bot@[::1]:5433/tux"),
        ("postgresql://h1,h2:5433/tux", "h1:5432,h2:5433/tux"),
        ("postgresql://tuxdb@/tuxdb?host=/run/tux", "tuxdb@/run/tux/tuxdb"),
        ("postgresql://bot@ignored/tux?host=real&port=6", "bot@real:6/tux"),
        ("postgresql:///tux", "localhost/tux"),
    ],
)
def test_every_form_is_shown_as_where_it_really_goes(text: str, shown: str) -> None:
    assert DatabaseUrl.parse(text).display() == shown


@pytest.mark.parametrize("text", WITH_SECRET)
def test_a_secret_is_in_nothing_that_is_shown(text: str) -> None:
    url = DatabaseUrl.parse(text)

    assert SECRET not in f"{url!r} {url} {url.display()} {url.masked()}"
    assert SECRET in url.reveal()


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DatabaseUrl.parse(text)

    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"PostgreSQL only; this is mysql://"):
        DatabaseUrl.parse("mysql://root@localhost/tux")


@pytest.mark.parametrize("text", WITH_SECRET)
def test_a_revealed_url_is_read_back_as_the_same(text: str) -> None:
    url = DatabaseUrl.parse(text)

    assert DatabaseUrl.parse(url.reveal()) == url


def test_user_and_password_are_percent_decoded() -> None:
    url = DatabaseUrl.parse("postgresql://b%40t:p%2Fa%3As%40s@h/t%20x")

    assert (url.user, url.password, url.database) == ("b@t", "p/a:s@s", "t x")


def test_options_of_tls_reach_the_driver() -> None:
    url = DatabaseUrl.parse("postgresql://bot@h/tux?sslmode=verify-full&sslrootcert=ca")

    assert url.connect_args() == {
        "host": "h",
        "port": 5432,
        "user": "bot",
        "database": "tux",
        "dsn": "postgresql:///?sslmode=verify-full&sslrootcert=ca",
    }


def test_several_hosts_reach_the_driver_as_lists() -> None:
    url = DatabaseUrl.parse("postgresql://h1,h2:6/t?target_session_attrs=read-write")

    arguments = url.connect_args()

    assert arguments["host"] == ["h1", "h2"]
    assert arguments["port"] == [5432, 6]
    assert arguments["target_session_attrs"] == "read-write"


def test_another_database_on_the_same_server() -> None:
    url = DatabaseUrl.parse(WITH_SECRET[0]).with_database("other")

    assert url.reveal() == f"postgresql://bot:{SECRET}@db.example:5432/other"


@pytest.mark.parametrize(
    "text",
    [
        f"connect to {WITH_SECRET[0]} failed",
        f"dsn was postgresql://bot:{SECRET}@x@h/t",
        f"password={SECRET} host=h",
        f'password="{SECRET}"',
        f"PGPASSWORD: '{SECRET}'",
        f"https://user:{SECRET}@example.org/path",
        f"token = {SECRET}",
    ],
)
def test_secrets_in_free_text_are_masked(text: str) -> None:
    masked = mask(text)

    assert SECRET not in masked
    assert "***" in masked


def test_text_without_secrets_stays_as_it_is() -> None:
    text = "no user 12 in guild 1; see https://example.org/a:b"

    assert mask(text) == text


def test_a_url_error_is_one_of_ours() -> None:
    assert issubclass(ConfigurationError, TuxdbError)
