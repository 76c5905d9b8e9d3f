"""Text of others cannot steer a terminal, and can be read back where it must."""

import json
import unicodedata
from collections.abc import Callable

import pytest

from tuxdb.bulk.readers import DEFUSED
from tuxdb.cli.escape import defuse, escape, escape_csv, escape_json, escape_tsv

HARMLESS = ["alice", "é", "日本語", "😀", "❤️", "[red]x[/]", ":smile:", "a b", "\\n"]
INVISIBLE = [
    *map(chr, [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x180E, 0xFEFF]),
    *map(chr, [*range(0x200B, 0x2010), *range(0x2028, 0x202F)]),
    *map(chr, [*range(0x2060, 0x2070), 0x3164, 0xE0041, 0xFFF9]),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize("how", [escape, escape_tsv])
def test_what_cannot_be_seen_is_spelled_out(how: Callable[[str], str]) -> None:
    shown = {character: how(f"a{character}b") for character in INVISIBLE}

    assert [c for c, text in shown.items() if not text.isprintable()] == []
    assert [c for c, text in shown.items() if not text.startswith("a\\")] == []


def test_a_csv_field_keeps_what_its_quotes_can_hold() -> None:
    shown = {character: escape_csv(character) for character in INVISIBLE}

    assert [c for c, text in shown.items() if not text.isprintable()] == [*"\t\n\r"]


def test_every_character_of_the_other_categories_is_spelled_out() -> None:
    control = ("Cc", "Cf", "Cs", "Zl", "Zp")
    raw = [
        f"U+{code:04X}"
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in control and escape(chr(code)) == chr(code)
    ]

    visible = {f"U+{code:04X}" for code in (*range(0x600, 0x606), 0x6DD, 0x70F)}
    visible |= {"U+0890", "U+0891", "U+08E2", "U+110BD", "U+110CD"}
    hieroglyphs = {f"U+{code:04X}" for code in range(0x13430, 0x13440)}
    assert set(raw) <= visible | hieroglyphs


def test_a_tsv_field_can_be_read_back() -> None:
    text = "a\\tb\tc\nd\\e\rf"

    field = escape_tsv(text)

    assert field == r"a\\tb\tc\nd\\e\rf"
    assert field.encode().decode("unicode_escape") == text


def test_a_json_text_means_the_same() -> None:
    row = {"name": "".join(INVISIBLE), **dict.fromkeys(INVISIBLE, 1)}

    document = escape_json(json.dumps(row, ensure_ascii=False))

    assert document.isprintable()
    assert json.loads(document) == row


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "'=1", "''-"]
)
def test_no_text_in_a_csv_file_is_a_formula_and_each_can_be_read_back(
    text: str,
) -> None:
    cell = defuse(text)

    assert cell[0] == "'"
    assert DEFUSED.match(cell)
    assert cell[1:] == text


@pytest.mark.parametrize("text", ["", "a=1", "'", "'a", "''", "1-2", " =1"])
def test_texts_that_are_no_formula_stay_as_they_are(text: str) -> None:
    assert defuse(text) == text
    assert not DEFUSED.match(text)
