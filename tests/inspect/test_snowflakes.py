"""I009: which columns are taken for Discord IDs, and how they become BIGINT."""

import pytest

from tests.inspect.conftest import Foreign
from tuxdb.inspect.findings import Code, Finding, Severity


async def found(foreign: Foreign, *scripts: str) -> list[Finding]:
    await foreign.execute(*scripts)
    return (await foreign.report(Code.SNOWFLAKE_TYPE)).items


@pytest.mark.parametrize(
    ("type_", "severity"),
    [
        ("smallint", Severity.ERROR),
        ("integer", Severity.ERROR),
        ("real", Severity.ERROR),
        ("double precision", Severity.ERROR),
        ("numeric", Severity.WARNING),
        ("numeric(20)", Severity.WARNING),
        ("text", Severity.WARNING),
        ("varchar(20)", Severity.WARNING),
        ("integer[]", Severity.ERROR),
        ("text[]", Severity.WARNING),
    ],
)
async def test_only_bigint_holds_a_discord_id_well(
    foreign: Foreign, type_: str, severity: Severity
) -> None:
    (finding,) = await found(foreign, f"CREATE TABLE t (guild_id {type_})")

    assert finding.severity == severity


@pytest.mark.parametrize(
    "name",
    ["guild_id", "user_id", "role_ids", "channelID", "modLogChannelId", "discord_id"],
)
async def test_names_of_discords_things_are_known(foreign: Foreign, name: str) -> None:
    assert await found(foreign, f'CREATE TABLE t ("{name}" text)')


@pytest.mark.parametrize("name", ["guild", "paid", "case_id", "user_idle", "points"])
async def test_other_names_are_not(foreign: Foreign, name: str) -> None:
    assert not await found(foreign, f'CREATE TABLE t ("{name}" text)')


async def test_bigint_is_fine(foreign: Foreign) -> None:
    assert not await found(foreign, "CREATE TABLE t (guild_id bigint, ids bigint[])")


async def test_the_key_of_guilds_is_one_unless_the_database_numbers_it(
    foreign: Foreign,
) -> None:
    findings = await found(
        foreign,
        "CREATE TABLE guilds (id int PRIMARY KEY)",
        "CREATE TABLE users (id serial PRIMARY KEY)",
        "CREATE TABLE members (id int GENERATED ALWAYS AS IDENTITY)",
    )

    assert [finding.object for finding in findings] == ["guilds.id"]


async def test_a_reference_to_a_numbered_row_is_no_discord_id(foreign: Foreign) -> None:
    findings = await found(
        foreign,
        "CREATE TABLE users (id serial PRIMARY KEY)",
        "CREATE TABLE cases (user_id int REFERENCES users)",
    )

    assert findings == []


async def test_text_that_holds_other_things_is_left_alone(foreign: Foreign) -> None:
    findings = await found(
        foreign,
        "CREATE TABLE t (user_id text)",
        "INSERT INTO t VALUES ('123456789012345678'), ('5f0c-uuid')",
    )

    assert findings == []


async def test_columns_tied_by_foreign_keys_change_together(foreign: Foreign) -> None:
    await foreign.execute(
        "CREATE TABLE guilds (id text PRIMARY KEY)",
        "CREATE TABLE t (guild_id text DEFAULT '1' REFERENCES guilds)",
        "INSERT INTO guilds VALUES ('123456789012345678')",
        "INSERT INTO t VALUES ('123456789012345678')",
    )
    report = await foreign.report(Code.SNOWFLAKE_TYPE)

    await foreign.fix(report)

    assert len(report.fixes) == 1
    assert await foreign.value("SELECT guild_id FROM t") == 123456789012345678
    await foreign.execute("INSERT INTO guilds VALUES (1)")
    assert await foreign.value("INSERT INTO t DEFAULT VALUES RETURNING guild_id") == 1


@pytest.mark.parametrize(
    "obstacle",
    [
        "CREATE VIEW v AS SELECT guild_id FROM t",
        "CREATE POLICY p ON t USING (guild_id = 'x')",
        "ALTER TABLE t ADD CHECK (length(guild_id) > 0)",
        "CREATE INDEX ON t (lower(guild_id))",
        "CREATE INDEX ON t (guild_id text_pattern_ops)",
        "ALTER TABLE t ADD COLUMN g text GENERATED ALWAYS AS (lower(guild_id)) STORED",
    ],
)
async def test_a_change_that_would_fail_is_not_proposed(
    foreign: Foreign, obstacle: str
) -> None:
    (finding,) = await found(foreign, "CREATE TABLE t (guild_id text)", obstacle)

    assert finding.fix is None
    assert finding.evidence["obstacle"]
