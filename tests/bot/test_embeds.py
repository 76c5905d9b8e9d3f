"""What people write, in embeds and messages of ours."""

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxdb.bot.embeds import clean, cut, embed, escape, fit, original, plain

HOSTILE = [
    ("**bold**", r"\*\*bold\*\*"),
    ("_x_ ~~y~~ `z` ||w||", r"\_x\_ \~\~y\~\~ \`z\` \|\|w\|\|"),
    ("[free points](https://evil.example)", r"\[free points\](https\://evil.example)"),
    ("@everyone", "@\u200beveryone"),
    ("<@1234567890123456789>", "\\<@\u200b1234567890123456789\\>"),
    ("<#5> <t:0:R> </ban:5>", r"\<#5\> \<t:0:R\> \</ban:5\>"),
    ("# head", r"\# head"),
    ("- item", r"\- item"),
    ("> quote", r"\> quote"),
    ("\u202egnp.exe", "gnp.exe"),
    ("a\u200bl\u200di\u2060c\ufeffe", "alice"),
    ("a\x00b\x1bc", "abc"),
    ("line\nbreak\r\n\ttab", "line break tab"),
    ("z" + "\u0301" * 50, "z\u0301\u0301"),
    ("\u200b\u3164", "?"),
    ("\\", r"\\"),
]


@pytest.mark.parametrize(("written", "shown"), HOSTILE)
def test_a_hostile_name_is_shown_as_plain_text(written: str, shown: str) -> None:
    assert plain(written) == shown


@given(st.text(max_size=300))
def test_a_reason_comes_back_out_of_a_message(text: str) -> None:
    assert original(escape(clean(text))) == clean(text)


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_a_plain_text_pings_nobody(text: str) -> None:
    shown = plain(f"@everyone {text} <@!5>")

    assert "@everyone" not in shown
    assert "<@" not in shown.replace("\\<", "")


def test_a_long_name_is_cut_where_people_see_characters() -> None:
    assert plain("x" * 150) == "x" * 99 + "…"
    assert len(cut("a b c", 3)) <= 3


def test_an_embed_keeps_to_every_limit_of_discord() -> None:
    made = embed(
        "t" * 300,
        r"\*" * 3000,
        footer="f" * 3000,
        fields=[("n" * 300, "v" * 2000)] * 30,
    )

    assert len(made.title or "") == 256
    assert len(made.description or "") <= 4096
    assert all(
        len(f.name or "") <= 256 and len(f.value or "") <= 1024 for f in made.fields
    )
    assert len(made.fields) <= 25
    assert len(made) <= 6000


def test_an_escape_is_not_cut_in_two() -> None:
    made = embed(None, "x" * 4094 + r"\*\*")

    assert (made.description or "").endswith("x…")


def test_a_blank_field_is_still_a_field() -> None:
    given_embed = discord.Embed().add_field(name="", value="")

    assert [(f.name, f.value) for f in fit(given_embed).fields] == [("?", "?")]


def test_fitting_leaves_the_embed_that_was_given_as_it_was() -> None:
    given_embed = discord.Embed(title="t" * 300).add_field(name="a", value="b")

    fit(given_embed)

    assert len(given_embed.title or "") == 300
    assert len(given_embed.fields) == 1
