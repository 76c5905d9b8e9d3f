"""JSON and NDJSON: objects with their lines, however long the file is."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bulk.reading import dribbled, read
from tuxdb.bulk.json_rows import DECODER, plain_json, read_json
from tuxdb.bulk.problems import BadFile, Problems

ROWS = [{"id": "1", "name": "ann"}, {"id": "2", "name": None}]
READ = [["id", "name"], ["1", "ann"], ["2", None]]
INDENTED = json.dumps(ROWS, indent=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.json"


def cells(found: list[object]) -> list[object]:
    return [found[0], *(row[1] for row in found[1:])]  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        INDENTED,
        "\ufeff \n" + INDENTED + "\n\n",
        "\n".join(map(json.dumps, ROWS)),
        " ".join(json.dumps(row, indent=1) for row in ROWS),
        '{"schema":"tuxdb.users.list/1","data":[\n'
        + ",\n".join(map(json.dumps, ROWS))
        + '\n],"next":null}\n',
        json.dumps([ROWS[0], {"name": None, "id": "2"}]),
    ],
    ids=["array", "indented", "BOM", "lines", "objects", "tuxdb's own", "other order"],
)
def test_the_same_rows_in_any_dress(path: Path, text: str) -> None:
    assert cells(read(path, text)) == READ


def test_each_object_has_the_line_it_begins_in(path: Path) -> None:
    assert [row[0] for row in read(path, INDENTED)[1:]] == [2, 6]  # type: ignore[index]


def test_no_digit_is_lost(path: Path) -> None:
    text = '[{"id": 1234567890123456789, "n": 0.10000000000000000001, "e": 1e999999}]'

    assert cells(read(path, text))[1] == [
        "1234567890123456789",
        "0.10000000000000000001",
        "1e999999",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "rows.json:1: the file has no row"),
        ("[1]", "rows.json:1: not an object with columns"),
        ('["a", {"a": 1}]', "rows.json:1: not an object with columns"),
        ('[{"a": 1}', "rows.json:1: not JSON: expected ',' or ']'"),
        ('[{"a": 1} {"a": 2}]', "rows.json:1: not JSON: expected ',' or ']'"),
        ('[{"a": 1},]', "rows.json:1: not JSON: Expecting value"),
        ('[{"a": 1}] x', "rows.json:1: not JSON: there is more after the array"),
        ('[\n{"a": 1},\n{"a": }\n]', "rows.json:3: not JSON: Expecting value"),
        ('[{"a": 1, "a": 2}]', "rows.json:1: not JSON: an object names a key twice"),
        ('[{"a": NaN}]', "rows.json:1: not JSON: NaN is no number"),
        ('[{"a": -Infinity}]', "rows.json:1: not JSON: -Infinity is no number"),
        ("[" * 100_000, "rows.json:1: not JSON: nested too deeply"),
        ('[{"a":' * 100_000, "rows.json:1: not JSON: nested too deeply"),
        ('[{"a": "' + "x" * (40 << 20), "rows.json:1: a value is longer than"),
        (b'[{"a": "\xff"}]', "rows.json:1: not UTF-8"),
        (b'[\n{"a": "\xc3', "rows.json:2: not UTF-8"),
        ('[{"a": 1}, {"b": 2}]', "rows.json:1: has a column 'b', which the first row"),
        ('[{"a":1,"b":2},{"a":1}]', "rows.json:1: has no column 'b', which the first"),
        ('[{"": 1}]', "rows.json:1: the header has a column without a name"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    path: Path, text: str | bytes, problem: str
) -> None:
    with pytest.raises(BadFile) as caught:
        read(path, text)

    assert caught.value.message.startswith(problem)
    assert len(caught.value.message) < 1000


def test_in_ndjson_the_lines_after_a_bad_one_are_read(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(tmp_path / "rows.ndjson", '{"a": 1}\n{"a": }\n[]\n\n{"a": 1, "b": 2}\n')

    assert [line.partition(": ")[0] for line in caught.value.lines] == [
        "rows.ndjson:2",
        "rows.ndjson:3",
        "rows.ndjson:5",
    ]


def test_an_array_in_one_line_of_many_megabytes(path: Path) -> None:
    rows = [{"id": number, "name": "x" * 40} for number in range(200_000)]

    assert len(read(path, json.dumps(rows))) == 200_001


def test_a_cell_of_ten_megabytes(path: Path) -> None:
    found = cells(read(path, json.dumps([{"a": "x" * (10 << 20)}])))

    assert len(found[1][0]) == 10 << 20  # type: ignore[index]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dictionaries(st.text(), VALUES), min_size=1), st.integers(1, 50))
def test_cut_anywhere_it_reads_the_same(rows: list[object], piece: int) -> None:
    text = json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass")

    with dribbled(text.decode("utf-8", "replace").encode(), piece) as source:
        found = [value for _, value in read_json(source, Problems("pipe"))]

    assert [json.loads(plain_json(value)) for value in found] == json.loads(
        text.decode("utf-8", "replace")
    )


@given(VALUES)
def test_a_decoded_value_is_written_as_it_was(value: object) -> None:
    assert json.loads(plain_json(DECODER.decode(json.dumps(value)))) == value
