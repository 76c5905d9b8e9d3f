r"""Text for Discord: nothing that a person wrote may format, link, hide or ping.

`plain` makes a text of others safe; `original` gets it back out of a message of ours.
`Markup` marks what tuxdb itself wrote, which is shown as it is.
"""

import re
import unicodedata
from copy import deepcopy
from datetime import datetime

import discord

TITLE, DESCRIPTION, FIELD_NAME, FIELD_VALUE, FOOTER = 256, 4096, 256, 1024, 2048
WHOLE, FIELDS, CONTENT, CHOICE = 6000, 25, 2000, 100
NAME = 100
NAMELESS = "?"
CUT = "\u2026"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
FILLERS = {"\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
"""Letters and marks by category, blanks by look."""

_STACKED = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]"
_MARKS = re.compile(f"({_STACKED}{{2}}){_STACKED}+")
_FORMATTING = re.compile(r"[\\*_~`|<>\[\]]|^[#+-]|:(?=//)")
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_OPEN_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\$")

PLAIN, GOOD, QUESTION, QUIET = (
    discord.Colour.blurple(),
    discord.Colour.green(),
    discord.Colour.orange(),
    discord.Colour.greyple(),
)


class Markup(str):
    """Text that Discord is to render: written by tuxdb, or made safe by `plain`."""

    __slots__ = ()


def clean(text: str) -> str:
    """One line of visible characters: no controls, no zero width, no changed direction.

    This is also what is stored of a reason.
    """
    seen = (
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or (unicodedata.category(character) not in HIDDEN and character not in FILLERS)
    )
    return " ".join(_MARKS.sub(r"\1", "".join(seen)).split())


def plain(text: str, limit: int = NAME) -> Markup:
    """A text of others as Discord shows it unformatted, cut to so many characters."""
    return Markup(escape(cut(clean(text), limit)) or NAMELESS)


def escape(text: str) -> str:
    """A clean text without formatting, links and mentions; `original` undoes it."""
    return _FORMATTING.sub(r"\\\g<0>", text).replace("@", "@\u200b")


def original(text: str) -> str:
    """What `escape` was given."""
    return _ESCAPED.sub(r"\1", text.replace("@\u200b", "@"))


def cut(text: str, limit: int) -> str:
    """A text that is no longer than the limit; an ellipsis where it was."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + CUT


def mention(discord_id: int) -> Markup:
    """A person, as Discord shows it; it pings nobody, as the bot allows no mention."""
    return Markup(f"<@{discord_id}>")


def mention_role(role_id: int | str) -> Markup:
    """A role, as Discord shows it; it pings nobody."""
    return Markup(f"<@&{role_id}>")


def mention_channel(channel_id: int) -> Markup:
    """A channel by its name, which Discord puts in, and a link to it."""
    return Markup(f"<#{channel_id}>")


def moment(when: datetime, style: str = "R") -> Markup:
    """A time in the reader's own time zone: `<t:...:R>`."""
    return Markup(f"<t:{int(when.timestamp())}:{style or 'R'}>")


def embed(
    title: str | None = None,
    text: str | None = None,
    *,
    colour: discord.Colour = PLAIN,
    footer: str | None = None,
    fields: list[tuple[str, str]] | None = None,
) -> discord.Embed:
    """An embed within Discord's limits, whatever is put in."""
    made = discord.Embed(title=title, description=text, colour=colour)
    if footer:
        made.set_footer(text=footer)
    for name, value in fields or []:
        made.add_field(name=name, value=value, inline=True)
    return fit(made)


def fit(given: discord.Embed) -> discord.Embed:
    """The embed with all that is too long cut, and fields beyond the sum dropped."""
    fitted = discord.Embed.from_dict(deepcopy(given.to_dict()))  # copy() shares fields
    fitted.title = _fit(given.title, TITLE)
    fitted.description = _fit(given.description, DESCRIPTION)
    if given.footer.text:
        fitted.set_footer(
            text=_fit(given.footer.text, FOOTER), icon_url=given.footer.icon_url
        )
    fitted.clear_fields()
    for field in given.fields[:FIELDS]:
        name = _fit(field.name, FIELD_NAME) or NAMELESS
        value = _fit(field.value, FIELD_VALUE) or NAMELESS
        if len(fitted) + len(name) + len(value) > WHOLE:
            break
        fitted.add_field(name=name, value=value, inline=field.inline)
    if len(fitted) > WHOLE:
        room = WHOLE - (len(fitted) - len(fitted.description or ""))
        fitted.description = _fit(fitted.description, room)
    return fitted


def _fit(text: str | None, limit: int) -> str | None:
    """A rendered text cut, without half an escape at its end."""
    if text is None or len(text) <= limit:
        return text
    return _OPEN_ESCAPE.sub(r"\1", text[: limit - 1]) + CUT
