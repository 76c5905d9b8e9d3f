"""Data on stdout: tables, TSV, CSV, JSON, and nothing in them that is not data."""

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import add_users
from tests.harness.command import Cli
from tuxdb.errors import ExitCode

HIGHEST = 2**63 - 1
LIST = ("users", "list", "--guild", "1")
HOSTILE = [
    "[red]x[/red]",
    "[/]",
    ":smile:",
    "a\x1b[31mred\x1b]0;t\x07",
    "b\x9b31m\x85x",
    "c\u202egpj.exe",
    "d\u2066x\u2069",
    "e\u200b\u200d\ufeff",
    "f\u2028g\u2029h",
    "i\nforged\trow\rx",
    "j\\n\\t",
    "k\x7f\x01",
    "日本語😀",
    '"quoted", and, commas',
    "=HYPERLINK()",
    "x" * 100,
]
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]")


@pytest.fixture
def hostile(database_url: str) -> list[str]:
    """Members with hostile names, in guild 1; the first has the highest id."""
    ids = [HIGHEST, *range(1, len(HOSTILE))]
    add_users(
        database_url, [(i, name, 0) for i, name in zip(ids, HOSTILE, strict=True)]
    )
    return HOSTILE


def test_json_gives_back_every_name(cli: Cli, hostile: list[str]) -> None:
    result = cli(*LIST, "--json")

    assert [row["username"] for row in result.data] == hostile
    assert result.data[0]["discord_id"] == str(HIGHEST)
    assert not RAW.search(result.stdout)


def test_ndjson_has_one_bare_row_on_a_line(cli: Cli, hostile: list[str]) -> None:
    lines = cli(*LIST, "--format", "ndjson").stdout.splitlines()

    assert [json.loads(line)["username"] for line in lines] == hostile


def test_tsv_has_one_row_on_a_line_and_can_be_read_back(
    cli: Cli, hostile: list[str]
) -> None:
    result = cli(*LIST, "--columns", "username")

    assert not RAW.search(result.stdout)
    read = [
        re.sub(
            r"\\(?:[\\tnr]|x..|u.{4})",
            lambda m: m[0].encode().decode("unicode_escape"),
            line,
        )
        for line in result.stdout.split("\n")[1:-1]
    ]
    assert read == hostile


def test_csv_is_that_of_rfc_4180(cli: Cli, hostile: list[str]) -> None:
    result = cli(*LIST, "--format", "csv", "--columns", "username")

    rows = list(csv.reader(io.StringIO(result.stdout, newline="")))
    assert result.stdout.endswith("\r\n")
    assert not RAW.search(result.stdout.replace("\r", ""))
    assert [row[0] for row in rows[1:]][9] == hostile[9]
    assert rows[15][0] == "'=HYPERLINK()"
    assert [row[0].removeprefix("'") for row in rows[1:]][13:] == hostile[13:]


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_table_is_safe_and_cuts_no_id(
    cli: Cli, hostile: list[str], columns: int
) -> None:
    result = cli.terminal(*LIST, columns=columns, env={"NO_COLOR": "1"})

    lines = result.stdout.splitlines()
    assert len(lines) == len(hostile) + 1
    assert not RAW.search(result.stdout)
    assert str(HIGHEST) in lines[1]
    assert all(re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$", x) for x in lines[1:])
    if columns == 200:
        assert "[red]x[/red]" in lines[1]
        assert ":smile:" in lines[3]
        assert r"i\nforged\trow\rx" in lines[10]
        assert "x" * 100 in lines[-1]
    else:
        assert "…" in lines[-1]


def test_a_table_fits_its_terminal_where_text_can_give_way(
    cli: Cli, database_url: str
) -> None:
    add_users(database_url, [(HIGHEST, "a long name " * 8, 0)])

    result = cli.terminal(*LIST, columns=80, env={"NO_COLOR": "1"})

    assert max(map(len, result.stdout.splitlines())) == 80


@pytest.mark.parametrize(
    ("environ", "option", "colored"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"TERM": "dumb"}, "auto", False),
        ({}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
@pytest.mark.usefixtures("members")
def test_colour_is_for_terminals_that_want_it(
    cli: Cli, environ: dict[str, str], option: str, colored: bool
) -> None:
    result = cli.terminal(*LIST, "--color", option, env=environ)

    assert ("\x1b[" in result.stdout) is colored


@pytest.mark.usefixtures("members")
def test_one_object_is_a_list_of_its_fields_on_a_terminal(cli: Cli) -> None:
    result = cli.terminal("points", "balance", "--guild", "1", "--user", "111")

    assert result.stdout == (
        "guild_id    1\n"
        "discord_id  111\n"
        "username    alice\n"
        "points      100\n"
        "frozen      false\n"
    )


@pytest.mark.usefixtures("members")
def test_an_absent_value_differs_from_an_empty_one(cli: Cli) -> None:
    show = ("users", "show", "--guild", "1", "--user", "111", "--columns")

    assert cli(*show, "last_active").stdout == "last_active\n\\N\n"
    assert cli(*show, "last_active", "--format", "csv").stdout.endswith("\r\n\r\n")
    assert cli(*show, "last_active", "--json").data == {"last_active": None}


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "ndjson"])
def test_an_ascii_pipe_breaks_nothing(cli: Cli, hostile: list[str], form: str) -> None:
    process = cli.start(*LIST, "--format", form, env={"PYTHONIOENCODING": "ascii"})
    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (ExitCode.OK, "")
    assert stdout.isascii()
    if form == "json":
        data = json.loads(stdout)["data"]
        assert [row["username"] for row in data] == hostile


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "ndjson"])
def test_a_reader_that_goes_away_is_no_error(
    cli: Cli, database_url: str, form: str
) -> None:
    add_users(database_url, [(n, "x" * 90, 0) for n in range(1, 3)])
    for arguments in ((*LIST, "--all"), ("--help",)):
        process = cli.start(*arguments, "--format", form)
        assert process.stdout is not None
        process.stdout.close()
        _, stderr = process.communicate(timeout=60)

        assert (process.returncode, stderr) == (ExitCode.OK, "")


def test_a_full_disk_is_an_error_of_one_line(cli: Cli) -> None:
    with Path("/dev/full").open("w") as full:
        process = cli.start("guilds", "list", stdout=full, stderr=subprocess.PIPE)
        _, stderr = process.communicate(timeout=60)

    assert process.returncode == ExitCode.UNEXPECTED
    assert stderr == "error: cannot write to stdout: No space left on device\n"
