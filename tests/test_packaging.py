"""What is built from the checkout, and how it is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tuxdb
from tests.harness.command import CHECKOUT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that hatchling builds; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        check=True,
        cwd=CHECKOUT,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_has_one_package_and_its_metadata(wheel: Path) -> None:
    names = {Path(name).parts[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {name for name in names if not name.endswith(".dist-info")} == {"tuxdb"}


def test_the_wheel_and_the_package_have_one_version(wheel: Path) -> None:
    assert wheel.name.split("-")[1] == tuxdb.__version__


def test_the_wheel_ships_every_revision_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {Path(name) for name in archive.namelist()}
    versions = (CHECKOUT / "migrations" / "versions").glob("*.py")
    wanted = {Path("tuxdb/migrations/versions", path.name) for path in versions}
    wanted |= {Path("tuxdb/migrations/env.py"), Path("tuxdb/py.typed")}

    assert wanted - shipped == set()
    assert any(path.name == "LICENSE" for path in shipped)


def test_the_wheel_ships_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {Path(name) for name in archive.namelist()}
    package = [*(CHECKOUT / "tuxdb").rglob("*.py"), *_data_files()]
    wanted = {path.relative_to(CHECKOUT) for path in package}

    assert wanted - shipped == set()


def test_an_installed_package_migrates_with_its_own_revisions(
    wheel: Path, empty_database_url: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys, tuxdb.migrate as m; sys.stdout.write(str(m.migrations_folder()))"
    )
    environ = {"PYTHONPATH": str(tmp_path), "TUXDB_DATABASE_URL": empty_database_url}

    folder = _python("-c", code, cwd=tmp_path, environ=environ)
    _python("-m", "tuxdb", "migrate", cwd=tmp_path, environ=environ)
    status = _python(
        "-m", "tuxdb", "migrate", "status", "--check", cwd=tmp_path, environ=environ
    )

    assert folder == str(tmp_path / "tuxdb" / "migrations")
    assert "\tpending" not in status


def _python(*arguments: str, cwd: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _data_files() -> list[Path]:
    """Files beside the modules that are read when running, such as queries."""
    suffixes = ("sql", "toml", "json", "csv")
    return [p for s in suffixes for p in (CHECKOUT / "tuxdb").rglob(f"*.{s}")]
