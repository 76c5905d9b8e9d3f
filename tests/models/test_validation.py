"""Validation: what it lets through, PostgreSQL takes and gives back as it was."""

import traceback
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.harness.members import member
from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models import (
    MAX_POINTS,
    MAX_SNOWFLAKE,
    Case,
    GalleryMementos,
    Guild,
    GuildConfig,
    Messages,
    Model,
    PointsTransaction,
    User,
)
from tuxdb.models.validation import validated, validated_change, validated_records

often = settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
keys = count(1)

anything = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.integers(-(2**63) - 1, 2**63),
    some.floats(),
    some.text(some.characters(exclude_categories=()), max_size=120),
    some.text("\0 \u200b\u202eaé🐧\ud800", max_size=101),
    some.binary(),
    some.datetimes(timezones=some.none() | some.timezones()),
    some.dictionaries(some.text(), some.integers()),
)
NEW_CASE = "INSERT INTO cases (guild_id, user_id, case_number, case_type)"
USER = {"guild_id": 1, "discord_id": 1, "username": "x"}


@given(values=some.dictionaries(some.sampled_from(sorted(User.model_fields)), anything))
@often
async def test_what_is_let_through_is_stored_as_it_is(
    db: Database, values: dict[str, Any]
) -> None:
    given_id = values.pop("id", None)
    values.pop("points", None)  # changes by the ledger only
    try:
        checked = validated(User, {**USER, "discord_id": next(keys), **values})
    except InvalidValue:
        return

    stored = await db.user.create(**checked)

    assert {name: getattr(stored, name) for name in checked} == checked
    assert given_id is None or "id" not in checked
    await db.user.delete_by_id(stored.id)


letters = some.characters(exclude_categories=(), exclude_characters="\x1c\x1d\x1e\x1f")
"""Any, but for four that are blank to Python and not to Unicode."""


@given(name=some.text(letters, max_size=101))
@often
async def test_a_name_is_stored_without_the_blanks_around_it_or_refused(
    db: Database, name: str
) -> None:
    plain = name.strip()
    fits = 1 <= len(plain) <= 100 and "\0" not in name and _encodes(name)
    number = next(keys)
    values: dict[str, Any] = {
        "guild_id": number,
        "channel_id": number,
        "channel_name": name,
    }

    if fits:
        made = await db.gallery.create(**values)
        assert made.channel_name == plain
    else:
        with pytest.raises(InvalidValue, match=r"^channel_name "):
            await db.gallery.create(**values)


def _encodes(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


@pytest.mark.parametrize(
    ("model", "values", "problem"),
    [
        (User, {**USER, "username": "a\0b"}, "username holds a NUL character"),
        (User, {**USER, "username": "\ud800"}, "username is not valid Unicode"),
        (User, {**USER, "username": None}, "username is not a text"),
        (User, {**USER, "is_active": 1}, "is_active is not true or false"),
        (User, {**USER, "message_count": 1.0}, "message_count is not a whole number"),
        (User, {**USER, "points": MAX_POINTS + 1}, f"points is more than {MAX_POINTS}"),
        (
            User,
            {**USER, "last_active": datetime(2024, 1, 1)},  # noqa: DTZ001
            "last_active has no time zone",
        ),
        (User, {**USER, "last_active": "2024-01-01"}, "last_active is not a time"),
        (User, {}, "guild_id is required"),
        (Guild, {"id": 2**63}, f"id is more than {MAX_SNOWFLAKE}"),
        (Guild, {"id": 1, "x\0y": 1}, "is not a column of guilds"),
        (Messages, {"id": 1, "channel_id": 1, "author_id": 1}, "content is required"),
        (
            Case,
            {"guild_id": 1, "user_id": 1, "case_number": 0, "case_type": "warn"},
            "case_number is less than 1",
        ),
        (
            PointsTransaction,
            {"guild_id": 1, "amount": 0, "kind": "grant"},
            "amount is less than 1",
        ),
    ],
)
def test_what_is_refused_is_named(
    model: type[Model], values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        validated(model, values)

    assert problem in str(error.value)


@pytest.mark.parametrize("value", ["hunter2" * 30, {"hunter2": 1}, b"hunter2"])
def test_a_refusal_never_shows_the_value(value: object) -> None:
    with pytest.raises(InvalidValue) as error:
        validated(User, {**USER, "username": value})

    assert "hunter2" not in "".join(traceback.format_exception_only(error.value))
    assert error.value.__suppress_context__


def test_a_change_may_be_of_any_columns() -> None:
    assert validated_change(User, {}) == {}
    assert validated_change(User, {"username": " x "}) == {"username": "x"}
    with pytest.raises(InvalidValue, match="username must not be blank"):
        validated_change(User, {"username": " "})


def test_synonyms_are_resolved() -> None:
    assert validated(Guild, {"discord_id": 5}) == {"id": 5}
    assert validated_change(User, {"user_id": 5}) == {"id": 5}


def test_many_rows_are_checked_like_one() -> None:
    columns = ("id", "name")

    assert validated_records(Guild, columns, [(1, "a"), (2, None)]) == [
        (1, "a"),
        (2, None),
    ]
    with pytest.raises(InvalidValue, match="row 2: id is less than 1"):
        validated_records(Guild, columns, [(1, "a"), (0, "b"), (0, "c")])
    with pytest.raises(InvalidValue, match="row 7: id is less than 1"):
        validated_records(Guild, columns, [(1, "a"), (0, "b")], numbers=[5, 7])


def test_a_time_keeps_its_zone() -> None:
    moment = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))

    checked = validated(User, {**USER, "last_active": moment})

    assert checked["last_active"] == moment.astimezone(UTC)


def test_a_table_class_itself_checks_nothing() -> None:
    """Which is why controllers do, and the CHECKs below."""
    user = User(guild_id=1, discord_id=-1, username="x" * 500, points=-5)

    assert (user.points, len(user.username)) == (-5, 500)


def test_a_username_is_stripped_wherever_it_is_set() -> None:
    user = User(guild_id=1, discord_id=1, username=" ann\n")
    assert user.username == "ann"
    user.username = "\tbob "
    assert user.username == "bob"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE users SET username = '  '", "ck_users_username_not_blank"),
        ("UPDATE users SET discord_id = 0", "ck_users_discord_id_positive"),
        ("UPDATE users SET message_count = -1", "ck_users_message_count_not_negative"),
        ("INSERT INTO guilds (id) VALUES (-1)", "ck_guilds_id_positive"),
        ("UPDATE guilds SET case_count = -1", "ck_guilds_case_count_not_negative"),
        (
            "INSERT INTO guild_configs (guild_id, prefix) VALUES (1, ' ')",
            "ck_guild_configs_prefix_not_blank",
        ),
        (
            "INSERT INTO guild_configs (guild_id, settings) VALUES (1, '[]')",
            "ck_guild_configs_settings_object",
        ),
        (
            "INSERT INTO gallery_mementos VALUES (0, 'x', 1)",
            "ck_gallery_mementos_channel_id_positive",
        ),
        (
            "INSERT INTO gallery_mementos VALUES (5, ' ', 1)",
            "ck_gallery_mementos_channel_name_not_blank",
        ),
        (
            f"{NEW_CASE} SELECT 1, id, 0, 'warn' FROM users",
            "ck_cases_case_number_positive",
        ),
        (
            f"{NEW_CASE} SELECT 1, id, 1, '' FROM users",
            "ck_cases_case_type_not_blank",
        ),
        (
            f"{NEW_CASE} SELECT 2, id, 1, 'warn' FROM users",
            "fk_cases_guild_id_user_id_users",
        ),
        (
            "INSERT INTO users SELECT (u).* FROM (SELECT u FROM users AS u) AS x",
            "pk_users",
        ),
    ],
)
async def test_the_database_is_the_last_guard(
    db: Database, statement: str, constraint: str
) -> None:
    await member(db)
    await db.guild.create(id=2)

    async def run() -> None:
        async with db.session() as session:
            await session.execute(text(statement))

    with pytest.raises(IntegrityError) as error:
        await run()
    assert getattr(error.value, "constraint", None) == constraint


async def test_every_model_has_a_hostile_text_come_back_as_it_was(
    db: Database,
) -> None:
    """Markup, escapes, directions, combining marks, all planes, a hundred letters."""
    user = await member(db)
    hostile = (
        "[red]x[/red] [/]",
        ":smiley: {0} %s $1 \\",
        "\x1b[31mred\x07\x9b",
        "\u202etxet\u2066\u200b\ufeff",
        "line\nline\r\ttab\u2028",
        "'; DROP TABLE users; --",
        "e\u0301" * 50,
        "🐧" * 100,
        "\U0010ffff\x01\x7f",
    )

    for name in hostile:
        changed = await db.user.update_by_id(user.id, username=name)
        assert changed is not None
        assert (await db.user.get_or_raise(user.id)).username == name.strip()
        assert await db.user.find_one(User.username == name.strip()) == changed
        config = await db.guild_config.upsert(
            guild_id=1, prefix="!", settings={name: [name]}
        )
        assert config.settings == {name: [name]}
        case = await db.case.create(
            guild_id=1, user_id=user.id, case_type="warn", reason=name
        )
        assert case.reason == name
        assert (await db.case.get_or_raise(case.id)).reason == name


def test_each_model_is_known_to_validation() -> None:
    for model in (User, Guild, Case, GuildConfig, GalleryMementos, Messages):
        with pytest.raises(InvalidValue, match="is not a column of"):
            validated_change(model, {"no such": 1})
