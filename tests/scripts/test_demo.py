"""The demo, as somebody who has just cloned the project runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import environment


def demo(home: Path, account: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    environ = {"HOME": str(account), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "scripts/demo.py"],
        check=False,
        cwd=environment.ROOT,
        env={**environ, "TUXDB_HOME": str(home), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.fixture(autouse=True)
def _made() -> None:
    if Path(sys.prefix) != environment.VENV:
        pytest.skip("needs the environment that scripts/test.py makes")


def test_it_can_be_run_again_and_says_what_is_there(home: Path, tmp_path: Path) -> None:
    first, second = demo(home, tmp_path), demo(home, tmp_path)

    assert (first.returncode, first.stderr) == (0, "")
    assert re.search(r"at \d+ \(head\), \d+ applied", first.stdout)
    assert "carol 2500 → 2450   bob 0 → 50" in first.stdout
    assert "every balance is the sum of its entries" in first.stdout
    assert (second.returncode, second.stderr) == (0, "")
    assert "nothing to do" in second.stdout
    assert "replayed" in second.stdout


def test_it_keeps_away_from_a_configured_database(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "tuxdb"
    config.mkdir()
    (config / "config.toml").write_text('url = "postgresql://bot@db.example/tux"\n')

    done = demo(home, tmp_path, XDG_CONFIG_HOME=str(tmp_path))

    assert done.returncode == 1
    assert "this demo is for the embedded server only" in done.stderr
    assert not home.exists()
