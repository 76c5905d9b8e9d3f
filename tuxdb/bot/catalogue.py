"""Catalogue: the texts of the bot in each language, from JSON files of the package.

A file holds one noun: `texts` by key, either a text or its plural forms, and, in all
languages but English, `names`, `descriptions` and `choices` of commands by their
English. What a person wrote is made harmless when it is put into a text.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from tuxdb.bot.embeds import Markup, moment, plain

SOURCE = "en"
LONGEST_VALUE = 300
MOST_ITEMS = 20
SEPARATORS = {"en": ",", "de": "."}
SECTIONS = {
    Location.command_name: "names",
    Location.group_name: "names",
    Location.parameter_name: "names",
    Location.command_description: "descriptions",
    Location.group_description: "descriptions",
    Location.parameter_description: "descriptions",
    Location.choice_name: "choices",
}
COMMAND_SECTIONS = ("names", "descriptions", "choices")

Forms = Mapping[str, str]
Value = int | str | datetime | Sequence[str] | None


class _Time(datetime):
    """A time within a text: `{renews}`, or `{renews:f}` for another style."""

    def __format__(self, style: str) -> str:
        return moment(self, style)


class _Number(int):
    """A number within a text: `{amount}`, or with its noun as `{amount:points}`."""

    catalogue: "Catalogue"
    language: str

    def __format__(self, noun: str) -> str:
        written = number(int(self), self.language)
        if not noun:
            return written
        forms = self.catalogue.entry(self.language, f"common.unit.{noun}")
        return f"{written} {_form(forms, self)}"


class Catalogue:
    """Texts by language and key; English stands in for what a language lacks."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """Read the files of the package, or those below another folder."""
        folder = folder or files("tuxdb.bot") / "locales"
        languages: dict[str, dict[str, Any]] = {}
        for language in folder.iterdir():
            if not language.is_dir() or language.name.startswith("_"):
                continue
            texts: dict[str, Any] = {}
            found: dict[str, Any] = {"texts": texts}
            for file in language.iterdir():
                noun = file.name.removesuffix(".json")
                content = json.loads(file.read_text(encoding="utf-8"))
                texts |= {f"{noun}.{k}": v for k, v in content["texts"].items()}
                for section in COMMAND_SECTIONS:
                    found.setdefault(section, {}).update(content.get(section, {}))
            languages[language.name] = found
        self.languages: Mapping[str, Mapping[str, Any]] = languages

    def language(self, locale: str | discord.Locale | None) -> str:
        """The language for a locale of Discord: English for what is unknown."""
        code = str(locale or SOURCE)
        for known in (code, code.partition("-")[0]):
            if known in self.languages:
                return known
        return SOURCE

    def knows(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.languages[SOURCE]["texts"]

    def text(
        self,
        locale: str | discord.Locale | None,
        key: str,
        /,
        **values: Value,
    ) -> str:
        """A text with its values: numbers and times by locale, words made harmless.

        Plural forms go by the value `count`, or by the one that `by` names.
        """
        language = self.language(locale)
        found = self.entry(language, key)
        if not isinstance(found, str):
            found = _form(found, values.get(found.get("by", "count")))
        shown = {name: self._shown(value, language) for name, value in values.items()}
        return Markup(found.format_map(shown))

    def entry(self, language: str, key: str) -> str | Forms:
        """A text or its plural forms as it is written in the file."""
        own = self.languages[language]["texts"].get(key)
        found: str | Forms = own or self.languages[SOURCE]["texts"][key]
        return found

    def of_command(self, language: str, location: Location, english: str) -> str | None:
        """A name, description or choice of a command, if the language has it."""
        section = self.languages[language].get(SECTIONS.get(location, ""), {})
        found: str | None = section.get(english)
        return found

    def _shown(self, value: object, language: str) -> object:
        if isinstance(value, Markup):
            return value
        if isinstance(value, datetime):
            return _Time.fromtimestamp(value.timestamp(), value.tzinfo)
        if isinstance(value, int):
            shown = _Number(value)
            shown.catalogue, shown.language = self, language
            return shown
        if isinstance(value, list | tuple):
            return Markup(", ".join(plain(str(item)) for item in value[:MOST_ITEMS]))
        return plain("" if value is None else str(value), LONGEST_VALUE)


class Translator(app_commands.Translator):
    """Names and descriptions of commands for Discord, when they are registered."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The translation, or None where Discord shall show the English."""
        language = self.catalogue.language(locale)
        if language == SOURCE or language != str(locale).partition("-")[0]:
            return None
        return self.catalogue.of_command(language, context.location, string.message)


def number(value: int, language: str) -> str:
    """A whole number with the thousands separators of a language."""
    return f"{value:,}".replace(",", SEPARATORS.get(language, ","))


def _form(forms: str | Forms, count: object) -> str:
    """The plural form for a number; English and German tell one from all others."""
    if isinstance(forms, str):
        return forms
    return forms["one"] if count == 1 else forms["other"]
