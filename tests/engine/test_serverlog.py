"""Reading a log from its end, and following it."""

from pathlib import Path

import pytest

from tuxdb.engine.serverlog import BLOCK, follow, last_lines
from tuxdb.errors import NotFound


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "server.log"
    path.write_text("one\ntwo\nthree\n")
    return path


@pytest.mark.parametrize(
    ("count", "lines"),
    [(0, []), (1, ["three"]), (2, ["two", "three"]), (9, ["one", "two", "three"])],
)
def test_the_last_lines(log: Path, count: int, lines: list[str]) -> None:
    assert last_lines(log, count) == lines


def test_lines_longer_than_a_block(log: Path) -> None:
    long = "x" * (BLOCK + 1)
    with log.open("a") as file:
        file.write(f"{long}\nlast\n")

    assert last_lines(log, 3) == ["three", long, "last"]


def test_bytes_that_are_no_text(log: Path) -> None:
    log.write_bytes(b"\xff\n")

    assert last_lines(log, 1) == ["\ufffd"]


def test_a_line_is_shown_once_it_is_complete(log: Path) -> None:
    with log.open("a") as file:
        file.write("fo")
    lines = follow(log, 1)
    assert next(lines) == "three"

    with log.open("a") as file:
        file.write("ur\nfive\n")

    assert [next(lines), next(lines)] == ["four", "five"]
    lines.close()


def test_a_new_log_is_gone_on_with(log: Path) -> None:
    lines = follow(log, 1)
    next(lines)
    log.rename(log.with_name("server.log.1"))

    log.write_text("new\n")

    assert next(lines) == "new"
    lines.close()


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        last_lines(tmp_path / "none", 1)
