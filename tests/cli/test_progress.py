"""How far long work has come."""

import re

import pytest

from tests.harness.command import Cli
from tuxdb.cli.progress import pace


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (0, None, 3.0, "0:03"),
        (0, 100, 65.0, "1:05"),
        (500, 1000, 2.0, "50%  250 rows/s  0:02 left"),
        (52_000, None, 1.0, "52,000 rows  52,000 rows/s"),
        (1001, 1000, 1.0, "100%  1,001 rows/s  0:00 left"),
        (1, 1_000_000, 1.0, "0%  1 rows/s  16666:39 left"),
    ],
)
def test_speed_and_time_left_are_told(
    done: int, total: int | None, seconds: float, said: str
) -> None:
    assert pace(done, total, seconds) == said


def test_where_nobody_would_see_it_nothing_is_shown(cli: Cli) -> None:
    rows = "id,message_count\n" + "".join(f"{n},1\n" for n in range(1, 300_001))

    result = cli(
        "bulk-update", "users", "--from", "-", "--key", "id", "--yes", input=rows
    )

    assert re.fullmatch(
        r"target: .*\nerror: no row of users for 300000 .*",
        result.stderr.partition("\n  ")[0],
    )
    assert "\x1b" not in result.stderr
