"""Rules of the project that no other tool checks."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import CHECKOUT
from tuxdb.cli.main import command

FOLDERS = ("tuxdb", "migrations", "scripts", "tests", ".ci")
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}
LINES_AT_MOST = 400
HEAVY = {"alembic", "asyncpg", "discord", "sqlalchemy", "sqlmodel"}

# in two pieces, so that this file is not among what it finds
FORBIDDEN = [
    "except " + "Exception",
    "except " + "BaseException",
    "except" + ":",
    "Magic" + "Mock",
    "Async" + "Mock",
    "unittest" + ".mock",
    "aio" + "sqlite",
    "sqlite" + "://",
    "NotImplemented" + "Error",
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
]
PLACES = re.compile(
    "(^|[^A-Za-z0-9._])(/wo" + "rk/|/ro" + "ot/|/ho" + "me/[a-z]+/)"
    r"|https?://[^ )]*(/sim" + r"ple/|\.w" + r"hl|\.d" + r"eb|\.t" + "gz)"
)


def files(*suffixes: str) -> list[Path]:
    """The project's own text files, below its folders and beside them."""
    found = [path for path in CHECKOUT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        found += [path for path in (CHECKOUT / folder).rglob("*") if path.is_file()]
    found = [path for path in found if not CACHES & set(path.parts)]
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


def lines(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Every line with its place, `tuxdb/errors.py:12`."""
    for path in files(*suffixes):
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(CHECKOUT)}:{number}", line


def imported_modules(
    *arguments: str, environ: dict[str, str] | None = None
) -> set[str]:
    """Top-level packages that a run of `python -m tuxdb` loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tuxdb", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT / "tests",
        env={"PATH": "/usr/bin:/bin", **(environ or {})},
    )
    found = re.findall(r"^import time: .*\|\s+([\w.]+)$", done.stderr, re.MULTILINE)
    assert "tuxdb" in found, done.stderr
    return {module.partition(".")[0] for module in found}


def test_no_file_has_grown_past_its_size() -> None:
    sizes = {
        path.relative_to(CHECKOUT): len(path.read_text(encoding="utf-8").splitlines())
        for path in files(".py")
    }

    assert {path: size for path, size in sizes.items() if size > LINES_AT_MOST} == {}


def test_nothing_is_swallowed_mocked_or_left_unfinished() -> None:
    found = [
        f"{place}: {line.strip()}"
        for place, line in lines(".py")
        if any(word in line for word in FORBIDDEN)
    ]

    assert found == []


def test_no_file_names_a_place_of_one_machine_or_a_package_address() -> None:
    assert [place for place, line in lines() if PLACES.search(line)] == []


def test_revisions_import_nothing_from_the_package() -> None:
    versions = CHECKOUT / "migrations" / "versions"
    trees = {path.name: ast.parse(path.read_text()) for path in versions.glob("*.py")}

    assert trees, "there are no revisions"
    assert [name for name, tree in trees.items() if "tuxdb" in _imports(tree)] == []


def _imports(tree: ast.Module) -> set[str]:
    """Top-level packages named by any import statement."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(CHECKOUT))
        for path in files(".py")
        if path.is_relative_to(CHECKOUT / "tuxdb")
        and _environment_reads(ast.parse(path.read_text(encoding="utf-8")))
    }

    # accounts.py asks where the system wants files, which is no setting of ours
    assert readers - {"tuxdb/engine/accounts.py"} == {"tuxdb/settings.py"}


def _environment_reads(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and _is_os(node.value))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and not names.isdisjoint(alias.name for alias in node.names)
        )
        for node in ast.walk(tree)
    )


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


def test_the_readme_names_every_command_and_both_scripts() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    wanted = [*_commands(command(), "tuxdb"), "scripts/demo.py", "scripts/test.py"]

    assert [name for name in wanted if name not in text] == []


def _commands(group: Any, path: str) -> Iterator[str]:
    """Yield every command that can be run: `tuxdb users list`."""
    context = group.make_context(path, [], resilient_parsing=True)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if found.hidden:
            continue
        if not hasattr(found, "list_commands") or found.invoke_without_command:
            yield f"{path} {name}"
        if hasattr(found, "list_commands"):
            yield from _commands(found, f"{path} {name}")


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("--help",), ("users", "--help"), ("no-such-command",)],
    ids=" ".join,
)
def test_help_and_usage_errors_load_no_database_library(
    arguments: tuple[str, ...],
) -> None:
    assert imported_modules(*arguments) & HEAVY == set()


def test_completion_loads_no_database_library() -> None:
    environ = {
        "_TUXDB_COMPLETE": "complete_bash",
        "COMP_WORDS": "tuxdb us",
        "COMP_CWORD": "1",
    }

    assert imported_modules(environ=environ) & HEAVY == set()


def test_listing_users_loads_no_migrations_and_no_bot(database_url: str) -> None:
    environ = {"TUXDB_DATABASE_URL": database_url}

    loaded = imported_modules("users", "list", "--guild", "1", environ=environ)

    assert loaded & {"alembic", "discord", "libcst", "sqlglot"} == set()


def test_migrating_with_nothing_to_do_loads_no_sqlalchemy(database_url: str) -> None:
    environ = {"TUXDB_DATABASE_URL": database_url}

    assert "sqlalchemy" not in imported_modules("migrate", environ=environ)
