"""Edits by bytes: what is not edited stays, what is written is whole."""

import subprocess
from pathlib import Path

import pytest

from tests.audit.fix.sample import DELETE, PATH, method, planned
from tuxdb.audit.fix.edits import Edit, FileEdit, apply, diff, edited
from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.errors import Conflict

DONE = 'await self.bot.db.execute("DELETE FROM links WHERE id = $1", key)'


def after(source: bytes) -> bytes:
    """The bytes of a file once it is fixed."""
    (file,) = planned(source, DELETE).files
    return file.after


def test_line_ends_and_the_byte_order_mark_are_kept() -> None:
    source = b"\xef\xbb\xbf" + method(f'"""Ä"""\n{DONE}').replace("\n", "\r\n").encode()

    data = after(source)

    assert data.startswith(b"\xef\xbb\xbfimport asyncpg\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert '"""Ä"""\r\n'.encode() in data


def test_columns_are_bytes_and_text_may_be_anything() -> None:
    source = method(f"x = 'ÄÖ🦆'; y = x\n{DONE}")

    assert (
        "        x = 'ÄÖ🦆'; y = x\n        async with"
        in after(source.encode()).decode()
    )


def test_another_encoding_is_read_and_written() -> None:
    source = ("# coding: latin-1\n" + method(f"x = 'Ä'\n{DONE}")).encode("latin-1")

    assert "x = 'Ä'\n        async with".encode("latin-1") in Source.of(
        PATH, source
    ).stored(b"x = '\xc3\x84'\n        async with")


def test_bytes_outside_the_edits_are_identical() -> None:
    source = method(f"x  =  1   # odd\n{DONE}\n\n\nif  x :\n  pass").encode()
    (file,) = planned(source, DELETE).files

    at = 0
    rebuilt = b""
    for edit in file.spans:
        rebuilt += source[at : edit.start] + edit.text.encode()
        at = edit.end
    assert rebuilt + source[at:] == file.after
    assert b"x  =  1   # odd\n" in file.after
    assert file.after.endswith(b"\n\n\n        if  x :\n          pass\n")


def test_edits_of_the_same_code_are_refused() -> None:
    source = Source.of(PATH, b"x = 1\n")

    with pytest.raises(NotEditable, match="same code"):
        edited(source, [Edit(0, 3, "y"), Edit(2, 5, "z")])


def test_a_result_that_is_no_python_is_refused() -> None:
    with pytest.raises(NotEditable):
        edited(Source.of(PATH, b"x = 1\n"), [Edit(0, 1, "(")])


def test_files_are_replaced_whole_with_their_mode(tmp_path: Path) -> None:
    path = tmp_path / "cog.py"
    path.write_bytes(b"x = 1\n")
    path.chmod(0o751)

    assert apply([FileEdit("cog.py", b"x = 1\n", b"x = 2\n")], tmp_path) == [path]

    assert path.read_bytes() == b"x = 2\n"
    assert path.stat().st_mode & 0o777 == 0o751
    assert [one.name for one in tmp_path.iterdir()] == ["cog.py"]


def test_a_file_that_changed_meanwhile_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "cog.py"
    path.write_bytes(b"x = 3\n")

    with pytest.raises(Conflict, match="has changed"):
        apply([FileEdit("cog.py", b"x = 1\n", b"x = 2\n")], tmp_path)

    assert path.read_bytes() == b"x = 3\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_git_applies_the_diff(tmp_path: Path, end: str) -> None:
    before = method(f"x = 1\n{DONE}").replace("\n", end or "\n").encode()
    if not end:
        before = before.rstrip(b"\n")
    made = planned(before, DELETE)
    target = tmp_path / PATH
    target.parent.mkdir()
    target.write_bytes(before)
    new = FileEdit("new.py", None, b"x = 1\n")

    subprocess.run(
        ["git", "apply", "-"],
        input=diff([*made.files, new]).encode(),
        cwd=tmp_path,
        check=True,
    )

    assert target.read_bytes() == made.files[0].after
    assert (tmp_path / "new.py").read_bytes() == b"x = 1\n"
