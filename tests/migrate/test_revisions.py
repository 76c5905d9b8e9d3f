"""Reading revision files without running them."""

import sys
from pathlib import Path

import pytest

from tests.migrate.folders import Folder
from tuxdb.errors import ConfigurationError, NotFound
from tuxdb.migrate import BrokenHistory, History, migrations_folder
from tuxdb.settings import Settings


def test_a_file_is_read_and_not_run(folder: Folder) -> None:
    path = folder.add("0001", None)
    path.write_text(path.read_text() + "\nraise SystemExit('was run')\n")

    assert History.read(folder.path).head == "0001"


def test_parents_come_before_children_whatever_their_names(folder: Folder) -> None:
    folder.add("a", "b")
    folder.add("b", None)

    assert [one.revision for one in History.read(folder.path).revisions] == ["b", "a"]


def test_alembics_own_spelling_is_understood(folder: Folder) -> None:
    folder.add("0001", None)
    (folder.versions / "x.py").write_text(
        '"""Second\n\nRevises: 0001\n"""\n'
        "from collections.abc import Sequence\n"
        "revision: str = '0002'\n"
        "down_revision: str | Sequence[str] | None = ('0001',)\n"
        "depends_on: str | None = None\n"
    )

    found = History.read(folder.path)["0002"]

    assert (found.parents, found.message) == (("0001",), "Second")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"0001": None, "0002": "0000"}, "builds on revision 0000, which has no file"),
        ({"0001": "0002", "0002": "0001"}, "in a circle"),
        ({"0001": None, "0002": None}, "several heads: 0001, 0002"),
    ],
)
def test_a_history_that_is_none_is_refused(
    folder: Folder, files: dict[str, str | None], problem: str
) -> None:
    for revision, after in files.items():
        folder.add(revision, after)

    with pytest.raises(BrokenHistory, match=problem):
        _ = History.read(folder.path).head


def test_a_merge_ends_with_one_head(folder: Folder) -> None:
    folder.add("0001", None)
    folder.add("0002a", "0001")
    folder.add("0002b", "0001")
    folder.add("0003", ("0002a", "0002b"))

    history = History.read(folder.path)

    assert history.head == "0003"
    assert history.after({"0002a", "0002b"}, history["0003"]) == {"0003"}
    assert history.before({"0003"}, history["0003"]) == {"0002a", "0002b"}


def test_an_identifier_in_two_files_is_refused(folder: Folder) -> None:
    path = folder.add("0001", None)
    (folder.versions / "copy.py").write_text(path.read_text())

    with pytest.raises(BrokenHistory, match="in two files"):
        History.read(folder.path)


def test_a_file_that_is_not_python_is_named(folder: Folder) -> None:
    (folder.versions / "0001_bad.py").write_text("def (")

    with pytest.raises(BrokenHistory, match=r"0001_bad\.py"):
        History.read(folder.path)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("head", "0014"),
        ("base", None),
        ("0003", "0003"),
        ("+1", "0006"),
        ("-2", "0003"),
        ("-5", None),
    ],
)
def test_words_for_revisions(word: str, meant: str | None) -> None:
    history = History.read(migrations_folder())
    if word == "head":
        meant = history.head

    assert history.resolve(word, {"0005"}) == meant


@pytest.mark.parametrize("word", ["nope", "00", "", "-6", "0003'; --"])
def test_an_unknown_revision_is_not_found(word: str) -> None:
    with pytest.raises(NotFound):
        History.read(migrations_folder()).resolve(word, {"0005"})


def test_the_start_of_a_hash_will_do(folder: Folder) -> None:
    folder.add("ae1027a6acf", None)

    assert History.read(folder.path).resolve("ae10") == "ae1027a6acf"


def test_line_ends_and_trailing_blanks_do_not_change_a_checksum(folder: Folder) -> None:
    path = folder.add("0001", None)
    before = History.read(folder.path)["0001"].checksum
    path.write_bytes(path.read_bytes().replace(b"\n", b" \r\n"))

    assert History.read(folder.path)["0001"].checksum == before


def test_the_folder_lies_in_the_package_of_a_wheel_and_beside_it_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "tuxdb"
    package.mkdir(parents=True)
    monkeypatch.setattr("tuxdb.__file__", str(package / "__init__.py"))

    assert migrations_folder() == tmp_path / "site" / "migrations"
    (package / "migrations").mkdir()
    assert migrations_folder() == package / "migrations"


def test_a_configured_folder_is_relative_to_the_project(tmp_path: Path) -> None:
    settings = Settings(migrations=Path("alembic"), root=tmp_path)

    assert migrations_folder(settings) == tmp_path / "alembic"
    with pytest.raises(ConfigurationError, match="no folder of migrations"):
        History.read(migrations_folder(settings))


def test_looking_loads_neither_sqlalchemy_nor_alembic() -> None:
    import subprocess

    code = (
        "import sys, tuxdb.migrate as m; m.History.read(m.migrations_folder()).head;"
        "print([n for n in ('sqlalchemy', 'alembic', 'sqlmodel') if n in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "[]\n"
