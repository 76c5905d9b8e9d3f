"""The set-up script and the lock file that it installs from."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import environment

NOWHERE = "http://127.0.0.1:9/"


def locked(packages: list[str]) -> dict[str, str]:
    """Names and versions of lock file entries."""
    pins = [Requirement(package.partition("\\")[0]) for package in packages]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, itself left out."""
    table = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    texts = [*table["project"]["dependencies"], *table["build-system"]["requires"]]
    for extra in extras:
        texts += table["project"]["optional-dependencies"][extra]
    requirements = [Requirement(text) for text in texts]
    return [found for found in requirements if found.name != "tuxdb"]


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(environment.ROOT)


@pytest.mark.parametrize(
    ("chosen", "extras"), [("run", ("embedded",)), ("dev", ("embedded", "dev"))]
)
def test_the_lock_satisfies_the_project_file(
    chosen: str, extras: tuple[str, ...]
) -> None:
    pins = locked(environment._packages(chosen))

    for requirement in wanted(*extras):
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked; run scripts/lock"
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_every_locked_package_has_hashes() -> None:
    packages = environment._packages("dev")

    assert [text for text in packages if "--hash=sha256:" not in text] == []


def test_the_lock_names_no_address_and_no_option() -> None:
    lines = environment.LOCK.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_without_a_connection_one_line_says_so(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(name, tmp_path)
    (tmp_path / "scripts").mkdir()
    script = shutil.copy("scripts/environment.py", tmp_path / "scripts")
    environ = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": NOWHERE,
        "PIP_RETRIES": "1",
    }

    done = subprocess.run(
        [sys._base_executable, script],  # type: ignore[attr-defined]
        check=False,
        capture_output=True,
        text=True,
        env=environ,
    )

    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "environment:" not in line]
    assert len(errors) == 1
    assert errors[0].startswith("error: packages cannot be downloaded: no connection")
    assert not (tmp_path / ".venv" / environment.STAMP.name).exists()
