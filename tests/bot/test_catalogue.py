"""Texts in every language, and commands in every language within Discord's limits."""

import json
import re
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.app_commands import TranslationContextLocation as Location

from tuxdb.bot.catalogue import SOURCE, Catalogue, Translator
from tuxdb.bot.client import COGS, TuxdbBot
from tuxdb.bot.embeds import mention
from tuxdb.database import Database
from tuxdb.settings import Settings

CATALOGUE = Catalogue()
OTHERS = sorted(set(CATALOGUE.languages) - {SOURCE})
CHAT_NAME = re.compile(r"[-_'\w]{1,32}")
LONGEST_NAME, LONGEST_CHOICE = 32, 100


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def all_forms(entry: Any) -> dict[str, str]:
    if isinstance(entry, str):
        return {"text": entry}
    return {name: text for name, text in entry.items() if name != "by"}


def test_english_and_german_are_there() -> None:
    assert {"en", "de"} <= set(CATALOGUE.languages)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_text_and_no_other(language: str) -> None:
    texts = CATALOGUE.languages

    assert set(texts[language]["texts"]) == set(texts[SOURCE]["texts"])


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_puts_the_same_values_into_its_texts(language: str) -> None:
    other = CATALOGUE.languages[language]["texts"]

    unlike = []
    for key, english in CATALOGUE.languages[SOURCE]["texts"].items():
        wanted = set().union(*map(placeholders, all_forms(english).values()))
        found = set().union(*map(placeholders, all_forms(other[key]).values()))
        if wanted != found:
            unlike.append((key, wanted ^ found))

    assert unlike == []


@pytest.mark.parametrize("language", sorted(CATALOGUE.languages))
def test_plural_texts_have_both_forms(language: str) -> None:
    entries = CATALOGUE.languages[language]["texts"]
    plural = {
        key: entry for key, entry in entries.items() if not isinstance(entry, str)
    }

    wrong = [k for k, e in plural.items() if set(e) - {"by"} != {"one", "other"}]

    assert wrong == []


@pytest.mark.parametrize("language", sorted(CATALOGUE.languages))
def test_no_text_is_longer_than_a_message_or_blank(language: str) -> None:
    entries = CATALOGUE.languages[language]["texts"]
    texts = [text for entry in entries.values() for text in all_forms(entry).values()]

    assert [text for text in texts if not 0 < len(text.strip()) <= 1000] == []


def test_every_unit_in_a_text_is_known() -> None:
    missing = []
    for language, sections in CATALOGUE.languages.items():
        for key, entry in sections["texts"].items():
            for text in all_forms(entry).values():
                for _, _, unit, _ in string.Formatter().parse(text):
                    known = CATALOGUE.knows(f"common.unit.{unit}")
                    if unit and len(unit) > 1 and not known:
                        missing.append((language, key, unit))

    assert missing == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        (discord.Locale.german, "de"),
        (discord.Locale.british_english, "en"),
        (discord.Locale.american_english, "en"),
        (discord.Locale.japanese, "en"),
        ("de-AT", "de"),
        (None, "en"),
    ],
)
def test_a_locale_leads_to_its_language(
    locale: str | discord.Locale | None, language: str
) -> None:
    assert CATALOGUE.language(locale) == language


@pytest.mark.parametrize(
    ("locale", "points", "written"),
    [
        ("en", 1, "1 point"),
        ("en", 0, "0 points"),
        ("en", 1234567, "1,234,567 points"),
        ("de", 1, "1 Punkt"),
        ("de", 1234567, "1.234.567 Punkte"),
    ],
)
def test_numbers_and_nouns_are_those_of_the_language(
    locale: str, points: int, written: str
) -> None:
    assert CATALOGUE.text(locale, "points.amount", amount=points) == written


@pytest.mark.parametrize(
    ("locale", "wanted", "sentence"),
    [
        ("en", 50, "You have 12 points; 50 are needed."),
        ("en", 1, "You have 12 points; 1 is needed."),
        ("de", 50, "Du hast 12 Punkte; nötig sind 50."),
        ("de", 1, "Du hast 12 Punkte; nötig ist 1."),
    ],
)
def test_a_plural_goes_by_the_value_it_names(
    locale: str, wanted: int, sentence: str
) -> None:
    key = "errors.insufficient_points.own"

    assert CATALOGUE.text(locale, key, balance=12, wanted=wanted) == sentence


def test_what_a_person_wrote_is_harmless_and_what_we_wrote_is_not_touched() -> None:
    text = CATALOGUE.text(
        "en", "points.ping", receiver="**@everyone**", sender=mention(5), amount=2
    )

    assert text == "\\*\\*@\u200beveryone\\*\\*, <@5> sent you 2 points."


def test_braces_in_a_value_are_no_placeholders() -> None:
    text = CATALOGUE.text("en", "errors.refused", problem="{ref} {0.__class__}")

    assert text == r"That was refused: {ref} {0.\_\_class\_\_}"


def test_a_time_is_shown_in_the_zone_of_the_reader() -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)

    text = CATALOGUE.text(
        "en", "errors.daily_limit.own", left=40, limit=500, renews=when
    )

    assert text == (
        "You can still send 40 points today (limit 500); it renews <t:1767312000:R>."
    )


def test_a_folder_of_another_language_joins(tmp_path: Path) -> None:
    for language, greeting in (("en", "Hello"), ("fr", "Bonjour")):
        (tmp_path / language).mkdir()
        content = {"texts": {"greeting": greeting}}
        (tmp_path / language / "some.json").write_text(json.dumps(content))

    assert Catalogue(tmp_path).text("fr", "some.greeting") == "Bonjour"


# -- commands ----------------------------------------------------------------------


@pytest.fixture
async def payloads(db: Database, settings: Settings) -> list[dict[str, Any]]:
    """All commands as they would be registered."""
    bot = TuxdbBot(db, settings)
    for module in COGS.values():
        await bot.load_extension(module)
    translator = Translator(bot.catalogue)
    await bot.tree.set_translator(translator)
    return [
        dict(await command.get_translated_payload(bot.tree, translator))
        for command in bot.tree.get_commands()
    ]


def parts(payload: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """A command with all its options and choices, by where they stand."""
    where = f"{path} {payload['name']}".strip()
    found = [(where, payload)]
    for inner in (*payload.get("options", ()), *payload.get("choices", ())):
        found += parts(inner, where)
    return found


async def test_every_name_and_description_is_translated(
    payloads: list[dict[str, Any]],
) -> None:
    missing = []
    for payload in payloads:
        for where, part in parts(payload):
            for field in ("name", "description"):
                localized = part.get(f"{field}_localizations") or {}
                missing += [
                    (language, where, field)
                    for language in OTHERS
                    if part.get(field) and language not in localized
                ]

    assert missing == []


async def test_translations_keep_to_the_limits_of_discord(
    payloads: list[dict[str, Any]],
) -> None:
    wrong = []
    for payload in payloads:
        for where, part in parts(payload):
            is_choice, is_menu = "value" in part, part.get("type") == 2
            free = is_choice or (part is payload and is_menu)
            for name in (part.get("name_localizations") or {}).values():
                fits = len(name) <= (LONGEST_CHOICE if is_choice else LONGEST_NAME)
                if not free:
                    fits = bool(CHAT_NAME.fullmatch(name)) and name == name.lower()
                if not fits:
                    wrong.append((where, name))
            texts = (part.get("description_localizations") or {}).values()
            wrong += [(where, t) for t in texts if not 1 <= len(t) <= 100]

    assert wrong == []


async def test_no_two_options_beside_each_other_have_one_name(
    payloads: list[dict[str, Any]],
) -> None:
    def names(part: dict[str, Any], language: str) -> str:
        localized: dict[str, str] = part.get("name_localizations") or {}
        return localized.get(language, str(part["name"]))

    twice = []
    for language in ("en", *OTHERS):
        groups = [("/", payloads)]
        for payload in payloads:
            groups += [(w, p.get("options", [])) for w, p in parts(payload)]
            groups += [(w, p.get("choices", [])) for w, p in parts(payload)]
        for where, group in groups:
            found = [names(part, language) for part in group]
            if len(found) != len(set(found)):
                twice.append((language, where, found))

    assert twice == []


async def test_translations_that_nothing_uses_are_not_kept(
    payloads: list[dict[str, Any]],
) -> None:
    used = {
        part.get(field)
        for payload in payloads
        for _, part in parts(payload)
        for field in ("name", "description")
    }

    for language in OTHERS:
        for section in ("names", "descriptions", "choices"):
            assert set(CATALOGUE.languages[language][section]) - used == set()


async def test_english_is_not_translated() -> None:
    assert CATALOGUE.of_command("en", Location.command_name, "transfer") is None
