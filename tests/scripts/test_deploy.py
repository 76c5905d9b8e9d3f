"""The files for running the bot under systemd and in containers, read by parsers."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pre-commit

from tests.harness.command import CHECKOUT
from tuxdb.cli.main import command
from tuxdb.errors import ExitCode

FOLDER = CHECKOUT / "scripts" / "deploy"
UNIT = FOLDER / "tuxdb-bot.service"
STOP_SECONDS = 20


class Unit(configparser.RawConfigParser):
    """A unit file; a key that stands more than once keeps its last value."""

    def __init__(self) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",))

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def service() -> configparser.SectionProxy:
    """The unit's [Service]."""
    unit = Unit()
    unit.read(UNIT)
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    return unit["Service"]


@pytest.fixture
def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile: instructions and their arguments, by stage."""
    text = (FOLDER / "Dockerfile").read_text()
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, (line.strip() for line in joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest.strip()))
    return found


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of the compose file."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    used = {name for one in found["services"].values() for name in one["volumes"]}
    assert {volume.partition(":")[0] for volume in used} == set(found["volumes"])
    return found["services"]  # type: ignore[no-any-return]


def parsed(line: str) -> None:
    """Have the command line of tuxdb read a command, without running it."""
    words = shlex.split(line)
    words = words[1:] if words[0].endswith("tuxdb") else words
    root = command()
    context = root.make_context("tuxdb", words)
    found = root.get_command(context, words[0])
    found.make_context(words[0], words[1:], parent=context)


def test_systemd_stops_the_bot_as_it_wants_to_be(
    service: configparser.SectionProxy,
) -> None:
    assert service["Type"] == "notify"
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == str(int(ExitCode.CONFIGURATION))
    assert service["TimeoutStopSec"] == f"{STOP_SECONDS}s"
    assert service["KillSignal"] == "SIGTERM"
    assert service["DynamicUser"] == "yes"
    assert service["StateDirectory"] == "tuxdb"


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_systemd_runs_commands_that_there_are(
    service: configparser.SectionProxy, key: str
) -> None:
    line = service[key]

    assert line.startswith("/opt/tuxdb/bin/tuxdb ")
    parsed(line)


def test_systemd_hands_over_every_secret_that_is_read(
    service: configparser.SectionProxy,
) -> None:
    text = UNIT.read_text()
    loaded = set(re.findall(r"(?m)^LoadCredential=([\w-]+):", text))
    read = set(re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w-]+)", text))

    assert loaded == read == {"discord-token", "database-url"}


def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/tuxdb/bin/tuxdb", "/bin/true"))

    done = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert UNIT.name not in done.stderr, done.stderr


def test_the_image_runs_tuxdb_itself_and_not_as_root(
    stages: list[list[tuple[str, str]]],
) -> None:
    last = dict(stages[-1])

    assert last["FROM"].endswith("-slim")
    assert int(last["USER"]) > 0
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(last["ENTRYPOINT"]) == ["tuxdb"]
    parsed(shlex.join(json.loads(last["CMD"])))


def test_the_image_asks_the_bot_how_it_is(
    stages: list[list[tuple[str, str]]],
) -> None:
    options, _, check = dict(stages[-1])["HEALTHCHECK"].partition(" CMD ")

    assert "--interval=" in options
    parsed(shlex.join(json.loads(check)))


def test_the_image_is_made_of_files_that_there_are(
    stages: list[list[tuple[str, str]]],
) -> None:
    copied = [rest.split() for name, rest in stages[0] if name == "COPY"]

    for *sources, _ in copied:
        assert all((CHECKOUT / source).exists() for source in sources)


def test_compose_starts_the_bot_when_its_database_answers(
    services: dict[str, Any],
) -> None:
    bot, postgres = services["bot"], services["postgres"]

    assert bot["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert bot["stop_grace_period"] == f"{STOP_SECONDS}s"
    assert bot["stop_signal"] == "SIGTERM"
    assert (CHECKOUT / bot["build"]["dockerfile"]).is_file()
    parsed(shlex.join(bot["command"]))


def test_compose_keeps_the_token_out_of_the_environment(
    services: dict[str, Any],
) -> None:
    bot = services["bot"]

    assert bot["secrets"] == ["discord-token"]
    assert "--token-file=/run/secrets/discord-token" in bot["command"]
    assert not any("TOKEN" in name for name in bot["environment"])
    assert "ports" not in services["postgres"]
