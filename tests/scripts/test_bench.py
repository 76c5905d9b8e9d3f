"""scripts/bench: every row does its work and proves it; nothing is timed here."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.command import ROWS, main, run
from benchmarks.harness import (
    SLOW_ROUNDS,
    TUXDB,
    Contender,
    Goal,
    Outcome,
    Sample,
    Work,
    WrongResult,
    measure,
)
from benchmarks.place import Place, Sizes
from tests.harness.databases import Databases
from tuxdb.engine.embedded import Cluster

LIMIT = "limit"
MACHINE = report.Machine(2, "3.11", "18.6")


@pytest.fixture
async def place(cluster: Cluster, databases: Databases) -> AsyncIterator[Place]:
    """The server of this run, as the benchmarks use theirs."""
    assert databases.template is not None
    async with AsyncExitStack() as stay:
        yield Place(cluster, databases.template, stay)


def outcome(limit: list[float], tuxdb: list[float], goal: Goal) -> Outcome:
    """What was measured, without measuring."""

    async def never() -> None:
        pytest.fail("nothing is to run")

    work = Work("some | work", [Contender(LIMIT, never), Contender(TUXDB, never)], goal)
    return Outcome("some", work, {LIMIT: limit, TUXDB: tuxdb}, {LIMIT: {}, TUXDB: {}})


def silent(_text: str) -> None:
    """Tell nobody."""


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_does_what_it_says(name: str, place: Place) -> None:
    found = await run(name, place, Sizes.tiny(), rounds=1)

    assert TUXDB in found.seconds
    assert all(seconds > 0 for run in found.seconds.values() for seconds in run)
    assert f"| {found.work.title} |" in report.table([found])


async def test_a_wrong_result_stops_the_measurement() -> None:
    async def work() -> int:
        return 1

    async def check(found: object) -> None:
        raise WrongResult(str(found))

    with pytest.raises(WrongResult, match="1"):
        await measure(
            "some", Work("some", [Contender(TUXDB, work, check=check)]), 1, silent
        )


async def test_a_slow_contender_runs_in_fewer_rounds() -> None:
    async def work() -> Sample:
        return Sample(0.001)

    contenders = [Contender(LIMIT, work), Contender("peer", work, slow=True)]

    found = await measure("some", Work("some", contenders), SLOW_ROUNDS + 2, silent)

    assert len(found.seconds["peer"]) == SLOW_ROUNDS
    assert len(found.seconds[LIMIT]) == SLOW_ROUNDS + 2


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    found = outcome([1.0, 10.0, 1.0], [2.0, 20.0, 9.0], Goal(2.0))

    assert found.ratio(TUXDB) == 2.0
    assert found.verdicts() == {"≤ 2": True}


def test_a_missed_goal_is_told() -> None:
    found = outcome([1.0], [2.0], Goal(1.5))

    assert report.table([found]).endswith("| **2.00** | ≤ 1.5 | missed |")


def test_the_table_is_one_line_a_work_whatever_its_title() -> None:
    lines = report.table([outcome([1.0], [1.0], Goal(1.5))]).splitlines()

    assert len(lines) == 3
    assert lines[2].startswith("| some \\| work | limit 1 s |")


def test_the_file_holds_every_round(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"

    report.write(path, MACHINE, [outcome([1.0, 2.0], [2.0, 4.0], Goal(2.0))])

    work = json.loads(path.read_text(encoding="utf-8"))["works"][0]
    assert work["contenders"][TUXDB] == {
        "seconds": [2.0, 4.0],
        "ratio": 2.0,
        "facts": {},
    }
    assert work["goals"] == {"≤ 2": True}


def test_an_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["nonsense"])

    assert end.value.code == 2
    assert "no row 'nonsense'" in capsys.readouterr().err
