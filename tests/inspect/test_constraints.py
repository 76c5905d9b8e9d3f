"""I008: constraints that were never validated."""

import pytest

from tests.inspect.conftest import Foreign
from tuxdb.inspect.findings import Code

TABLES = "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, b int)"


async def fixes(foreign: Foreign, *scripts: str) -> list[str]:
    await foreign.execute(*scripts)
    return (await foreign.report(Code.NOT_VALID_CONSTRAINT)).fixes


async def version(foreign: Foreign) -> int:
    return int(await foreign.value("SHOW server_version_num"))


@pytest.mark.parametrize("rule", ["CHECK (b > 0)", "FOREIGN KEY (a) REFERENCES p"])
async def test_a_constraint_that_is_not_valid_is_validated(
    foreign: Foreign, rule: str
) -> None:
    found = await fixes(
        foreign, TABLES, f'ALTER TABLE t ADD CONSTRAINT "My Rule" {rule} NOT VALID'
    )

    assert found == ['ALTER TABLE public.t VALIDATE CONSTRAINT "My Rule";']


async def test_one_that_is_valid_is_fine(foreign: Foreign) -> None:
    assert not await fixes(foreign, TABLES, "ALTER TABLE t ADD CHECK (b > 0)")


async def test_what_children_inherit_is_validated_with_their_parent(
    foreign: Foreign,
) -> None:
    found = await fixes(
        foreign,
        "CREATE TABLE t (a int) PARTITION BY LIST (a)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        "ALTER TABLE t ADD CONSTRAINT rule CHECK (a > 0) NOT VALID",
    )

    assert found == ["ALTER TABLE public.t VALIDATE CONSTRAINT rule;"]


async def test_a_not_null_that_is_not_valid_is_found_too(foreign: Foreign) -> None:
    if await version(foreign) < 180000:
        pytest.skip("NOT NULL NOT VALID came with PostgreSQL 18")
    found = await fixes(
        foreign, TABLES, "ALTER TABLE t ADD CONSTRAINT has_a NOT NULL a NOT VALID"
    )

    assert found == ["ALTER TABLE public.t VALIDATE CONSTRAINT has_a;"]


async def test_one_that_is_not_enforced_cannot_be_validated(foreign: Foreign) -> None:
    if await version(foreign) < 180000:
        pytest.skip("NOT ENFORCED came with PostgreSQL 18")

    assert not await fixes(
        foreign, TABLES, "ALTER TABLE t ADD CHECK (b > 0) NOT ENFORCED"
    )
