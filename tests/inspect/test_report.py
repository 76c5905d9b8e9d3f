"""The report as a whole: what it says of good and bad databases, and its fixes."""

from datetime import timedelta
from itertools import combinations

import pytest

from tests.inspect.conftest import Foreign
from tests.inspect.schemas import BAD, OTHER_BOT
from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.findings import Code, Severity, Thresholds
from tuxdb.inspect.report import INDEX_CODES, Report, inspect_database

# Everything counts as unused that was not scanned, however new and small; but what
# the fixes themselves have just made is not judged yet.
STRICT = Thresholds(min_bytes=0, min_age=timedelta(0), min_transactions=30)


def problems(report: Report) -> set[tuple[str, str]]:
    return {(finding.code, finding.object) for finding in report.items}


async def test_tuxdbs_own_schema_has_no_finding(db_service: DatabaseService) -> None:
    report = await inspect_database(db_service)

    assert report.items == []


async def test_an_empty_database_has_no_finding(foreign: Foreign) -> None:
    assert (await foreign.report()).items == []


async def test_every_kind_of_problem_is_found(foreign: Foreign) -> None:
    await foreign.execute(BAD)

    report = await foreign.report()

    assert problems(report) == {
        ("I003", "users_dup"),
        ("I003", "users_dup2"),
        ("I003", "users_uq2"),
        ("I003", "warns_user"),
        ("I004", "cases.cases_guild"),
        ("I004", "cases.cases_user_id_fkey"),
        ("I004", "users.users_guild_id_fkey"),
        ("I004", "warns.warns_user_id_guild_id_fkey"),
        ("I007", "cases_reason"),
        ("I007", "cases_user"),
        ("I008", "cases.cases_guild"),
        ("I008", "cases.kind_known"),
        ("I009", "cases.guild_id"),
        ("I009", "guilds.id"),
        ("I009", "users.discord_id"),
        ("I009", "users.guild_id"),
        ("I009", "warns.guild_id"),
        ("I010", "cases_id_seq"),
        ("I010", "users_id_seq"),
    }


async def test_the_worst_comes_first(foreign: Foreign) -> None:
    await foreign.execute(BAD)

    severities = [finding.severity for finding in (await foreign.report()).items]

    errors = severities.count(Severity.ERROR)
    assert set(severities[:errors]) == {Severity.ERROR}
    assert set(severities[errors:]) == {Severity.WARNING}


@pytest.mark.parametrize("schema", [BAD, OTHER_BOT], ids=["bad", "other bot"])
async def test_after_all_fixes_the_report_is_empty(
    foreign: Foreign, schema: str
) -> None:
    await foreign.execute(schema)

    await foreign.fix(await foreign.report())

    assert (await foreign.report()).items == []


@pytest.mark.parametrize("schema", [BAD, OTHER_BOT], ids=["bad", "other bot"])
async def test_it_is_so_too_when_everything_unscanned_counts_as_unused(
    foreign: Foreign, schema: str
) -> None:
    await foreign.execute(schema, *["SELECT txid_current()"] * 30)

    report = await foreign.report(thresholds=STRICT)
    await foreign.fix(report)

    assert Code.UNUSED_INDEX in {finding.code for finding in report.items}
    assert (await foreign.report(thresholds=STRICT)).items == []


ALONE_AND_IN_PAIRS = [
    *combinations(Code, 1),
    *combinations(sorted(INDEX_CODES), 2),
]


@pytest.mark.parametrize("codes", ALONE_AND_IN_PAIRS, ids=" ".join)
async def test_after_the_fixes_of_some_checks_these_find_nothing(
    foreign: Foreign, codes: tuple[Code, ...]
) -> None:
    await foreign.execute(BAD, *["SELECT txid_current()"] * 30)

    await foreign.fix(await foreign.report(*codes, thresholds=STRICT))

    assert (await foreign.report(*codes, thresholds=STRICT)).items == []


async def test_names_with_control_characters_are_fixed_without_showing_them(
    foreign: Foreign,
) -> None:
    await foreign.execute(
        "CREATE TABLE t (a int)",
        'CREATE INDEX "one\x1b[31m" ON t (a)',
        'CREATE INDEX "two\u202e\n\\" ON t (a)',
    )

    report = await foreign.report()
    await foreign.fix(report)

    assert report.fixes == [
        'DROP INDEX CONCURRENTLY public.U&"two\\+00202e\\+00000a\\\\";'
    ]
    assert (await foreign.report()).items == []


async def test_a_locked_table_is_skipped_and_not_passed(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    async with foreign.connected() as migration, migration.transaction():
        await migration.execute("LOCK TABLE t")

        report = await foreign.report(Code.SEQUENCE)

    assert [finding.severity for finding in report.items] == [Severity.SKIPPED]


async def test_what_the_role_may_not_read_is_skipped_with_the_grant_it_needs(
    foreign: Foreign,
) -> None:
    await foreign.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    role = await foreign.inspect_as_stranger()

    (finding,) = (await foreign.report()).items

    assert finding.severity == Severity.SKIPPED
    assert finding.fix == (
        f"GRANT USAGE ON SCHEMA public TO {role}; "
        f"GRANT SELECT ON public.t, public.t_id_seq TO {role};"
    )


async def test_with_that_grant_nothing_is_skipped(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    await foreign.inspect_as_stranger()
    (finding,) = (await foreign.report()).items

    await foreign.execute(str(finding.fix))

    assert (await foreign.report()).items == []


async def test_a_grant_is_not_among_the_fixes(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    await foreign.inspect_as_stranger()

    assert (await foreign.report()).fixes == []
