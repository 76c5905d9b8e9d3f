"""`tuxdb run-bot` on the command line; tests/bot has the bot itself."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.harness.command import Cli
from tests.test_architecture import imported_modules
from tuxdb.errors import ExitCode

TOKEN = "s3cr3t.T0ken.value"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--offline",), "--offline goes with --check"),
        (("--clear-guild", "1"), "--clear-guild goes with --sync-commands"),
        (("--shards", "0-3"), "--shards goes with --shard-count"),
        (
            ("--shards", "0-4", "--shard-count", "4"),
            "--shards: there is no shard 4 of 4",
        ),
        (("--shards", "3-1"), "--shards: '3-1' are no shards such as 0-15"),
        (("--log-format", "xml"), "--log-format: 'xml' is not one of text, json"),
        (("--health", "8080"), "--health: '8080' is not HOST:PORT"),
        (("--wait-db", "soon"), "--wait-db: 'soon' is not a duration"),
    ],
)
def test_what_goes_not_together_is_refused(
    bare_cli: Cli, arguments: tuple[str, ...], said: str
) -> None:
    result = bare_cli("run-bot", *arguments, env={"DISCORD_TOKEN": TOKEN})

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.startswith(f"error: {said}")


def test_without_a_token_it_does_not_start(cli: Cli) -> None:
    result = cli("run-bot")

    assert result.exit_code == ExitCode.CONFIGURATION
    assert result.stderr == (
        "error: the bot has no token\nhint: DISCORD_TOKEN, or --token-file FILE\n"
    )


def test_there_is_no_option_for_the_token(bare_cli: Cli) -> None:
    result = bare_cli("run-bot", "--token", TOKEN)

    assert result.exit_code == ExitCode.USAGE
    assert TOKEN not in result.stderr + result.stdout


def test_an_address_of_discord_that_others_could_read_is_refused(cli: Cli) -> None:
    environ = {"DISCORD_TOKEN": TOKEN, "TUXDB_DISCORD_API_BASE": "http://evil.example"}

    result = cli("run-bot", env=environ)

    assert result.exit_code == ExitCode.CONFIGURATION
    assert "is not an https:// address" in result.stderr


def test_a_part_that_is_not_there_is_refused(cli: Cli) -> None:
    result = cli("run-bot", "--cogs", "pionts", env={"DISCORD_TOKEN": TOKEN})

    assert result.exit_code == ExitCode.CONFIGURATION
    assert "the bot has no part 'pionts'" in result.stderr


def test_the_check_is_a_document_in_json(cli: Cli) -> None:
    environ = {"DISCORD_TOKEN": TOKEN}

    result = cli("run-bot", "--check", "--offline", "--json", env=environ)

    assert result.exit_code == ExitCode.OK
    assert result.json()["schema"] == "tuxdb.run-bot/1"
    assert {row["status"] for row in result.data} == {"ok"}
    assert TOKEN not in result.stdout


def test_the_check_of_an_empty_database_says_what_to_do(
    bare_cli: Cli, empty_database_url: str
) -> None:
    environ = {"DISCORD_TOKEN": TOKEN, "TUXDB_DATABASE_URL": empty_database_url}

    result = bare_cli("run-bot", "--check", "--offline", env=environ)

    assert result.exit_code == ExitCode.FOUND
    assert "tuxdb migrate" in result.stdout


def test_the_link_needs_no_discord_if_the_application_is_named(bare_cli: Cli) -> None:
    result = bare_cli("run-bot", "invite", "--application", "123456789")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith("https://discord.com/oauth2/authorize?client_id=")


def test_the_token_is_masked_in_the_configuration(bare_cli: Cli) -> None:
    result = bare_cli("config", "show", env={"DISCORD_TOKEN": TOKEN})

    assert TOKEN not in result.stdout
    assert "discord_token\t***\tenvironment DISCORD_TOKEN" in result.stdout


class _Ready(BaseHTTPRequestHandler):
    """A bot that is ready, or not."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"ok": self.status == 200}).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def health() -> Iterator[HTTPServer]:
    """Something that answers as a bot does."""
    with HTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_docker_is_told_whether_the_bot_is_ready(
    bare_cli: Cli,
    health: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: int,
) -> None:
    monkeypatch.setattr(_Ready, "status", status)
    address = f"127.0.0.1:{health.server_address[1]}"

    result = bare_cli("run-bot", "--health-check", "--health", address)

    assert result.exit_code == code


def test_a_bot_that_does_not_answer_is_not_ready(bare_cli: Cli) -> None:
    result = bare_cli("run-bot", "--health-check", "--health", "127.0.0.1:9")

    assert result.exit_code == 1
    assert result.stdout.startswith("no answer on 127.0.0.1:9")


def test_without_an_address_there_is_nobody_to_ask(bare_cli: Cli) -> None:
    result = bare_cli("run-bot", "--health-check")

    assert result.exit_code == ExitCode.CONFIGURATION


@pytest.mark.parametrize(
    "arguments",
    [
        ("run-bot", "--help"),
        ("run-bot", "--health-check", "--health", "127.0.0.1:9"),
        ("users", "list", "--guild", "1"),
        ("doctor",),
        ("config", "show"),
    ],
    ids=" ".join,
)
def test_no_other_command_loads_discord_py(
    arguments: tuple[str, ...], database_url: str
) -> None:
    loaded = imported_modules(*arguments, environ={"TUXDB_DATABASE_URL": database_url})

    assert loaded & {"discord", "aiohttp", "prometheus_client"} == set()


def test_without_the_extra_one_line_says_what_to_install(
    bare_cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("hiding")
    hide = "import sys; sys.modules['discord'] = None"
    (folder / "sitecustomize.py").write_text(hide)
    done = subprocess.run(
        [sys.executable, "-m", "tuxdb", "run-bot"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
    )

    assert done.returncode == ExitCode.CONFIGURATION
    assert done.stderr == (
        "error: the bot needs discord, not installed here\n"
        "hint: pip install 'tuxdb[bot]'\n"
    )
