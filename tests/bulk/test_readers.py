"""CSV and TSV: rows with their lines, and every way in which they are wrong."""

from pathlib import Path

import pytest

from tests.bulk.reading import dribbled, read
from tuxdb.bulk.problems import BadFile, Problems
from tuxdb.bulk.readers import read_rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,ann\n2,bob\n",
        "id,name\n1,ann\n2,bob",
        "id,name\r\n1,ann\r\n2,bob\r\n",
        "\ufeffid,name\n1,ann\n2,bob\n",
        '"id","name"\n"1","ann"\n"2","bob"\n',
        " id , name \n1,ann\n2,bob\n",
    ],
    ids=["plain", "no last newline", "CRLF", "BOM", "quoted", "spaces"],
)
def test_the_same_rows_in_any_dress(path: Path, text: str) -> None:
    assert read(path, text) == [["id", "name"], (2, ["1", "ann"]), (3, ["2", "bob"])]


def test_a_quoted_cell_may_hold_anything(path: Path) -> None:
    rows = read(path, 'id,name\n1,"a ""b"",\nc"\n2,x\n')

    assert rows[1:] == [(2, ["1", 'a "b",\nc']), (4, ["2", "x"])]


def test_blank_lines_are_no_rows_and_are_counted(path: Path) -> None:
    assert read(path, "\n\nid\n\n1\n")[1:] == [(5, ["1"])]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("'=1+1", "=1+1"),
        ("'-x", "-x"),
        ("''=x", "'=x"),
        ("'x", "'x"),
        ("=1+1", "=1+1"),
        ("'", "'"),
    ],
)
def test_the_quote_that_calms_spreadsheets_is_dropped(
    path: Path, cell: str, value: str
) -> None:
    assert read(path, f"id\n{cell}\n")[1:] == [(2, [value])]


def test_tsv_has_null_and_escapes(path: Path) -> None:
    rows = read(path, "id\tname\n1\t\\N\n2\ta\\tb\\nc\\\\d\n3\t\n", "tsv")

    assert rows[1:] == [(2, ["1", None]), (3, ["2", "a\tb\nc\\d"]), (4, ["3", ""])]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "rows.csv:1: the file is empty"),
        ("\n \n", "rows.csv:1: the file is empty"),
        ("\ufeff", "rows.csv:1: the file is empty"),
        ("id,id\n1,2\n", "rows.csv:1: the header names 'id' twice"),
        ("id,\n1,2\n", "rows.csv:1: the header has a column without a name"),
        ("id\n1\n2,3\n", "rows.csv:3: 2 cells, the header has 1"),
        ('id\n1\n"2\n3\n', "rows.csv:3: not CSV: unexpected end of data"),
        ('id\n"1"x\n', "rows.csv:2: not CSV: ',' expected after '\"'"),
        ("id\n1\r2\n", "rows.csv:2: not CSV: new-line character seen"),
        (b"id\n\0\n", "rows.csv:2: a NUL byte"),
        (b"id\nab\xff\n", "rows.csv:2: not UTF-8 from byte 3 on"),
        (b"\xff\xfei\0d\0", "rows.csv:1: the file is UTF-16"),
        (b"PK\x03\x04....", "rows.csv:1: the file is a zip archive, perhaps a spread"),
        (b"\x1f\x8b\x08\x00", "rows.csv:1: the file is compressed by gzip"),
        (b"\xd0\xcf\x11\xe0....", "rows.csv:1: the file is an old spreadsheet"),
        (",".join(f"c{n}" for n in range(10_000)), "rows.csv:1: 10000 columns"),
        ("x" * (17 << 20), "rows.csv:1: the line is longer than"),
        ('id\n"' + ("x" * 31 + "\n") * (17 << 15), "rows.csv:2: "),
    ],
    ids=range(18),
)
def test_what_is_wrong_is_told_with_its_line(
    path: Path, text: str | bytes, problem: str
) -> None:
    with pytest.raises(BadFile) as caught:
        read(path, text)

    assert caught.value.message.startswith(problem)
    assert len(caught.value.message) < 1000


def test_all_that_is_wrong_is_told_at_once(path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(path, b"id,name\n1\n2,b\xff\n3,c\n4,d,e\n5,\0\n")

    assert caught.value.message == "4 problems in rows.csv; nothing was changed"
    assert caught.value.lines == (
        "rows.csv:2: 1 cells, the header has 2",
        "rows.csv:3: not UTF-8 from byte 4 on",
        "rows.csv:5: 3 cells, the header has 2",
        "rows.csv:6: a NUL byte, which no text can hold",
    )


def test_after_twenty_problems_it_is_enough(path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(path, "id\n" + "1,2\n" * 1_000_000)

    assert caught.value.message.startswith("at least 20 problems in rows.csv")
    assert len(caught.value.lines) == 20


def test_a_pipe_may_give_one_byte_at_a_time() -> None:
    with dribbled("\ufeffid,näme\n1,ä\n".encode()) as source:
        file = read_rows(source, Problems("pipe"))

        assert file.names == ["id", "näme"]
        assert list(file.rows) == [(2, ["1", "ä"])]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a,b\n", "csv"),
        ("a\tb\n", "tsv"),
        ('[{"a": 1}]', "json"),
        ('\n [\n{"a": 1}]', "json"),
        ('{"a": 1}\n{"a": 2}\n', "ndjson"),
        ('{\n  "a": 1\n}', "json"),
    ],
)
def test_a_file_without_an_ending_is_known_by_its_text(text: str, kind: str) -> None:
    with dribbled(text.encode(), 100) as source:
        assert read_rows(source, Problems("pipe")).kind == kind
