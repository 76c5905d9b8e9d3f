"""Values of settings, and what changed in them, as Discord shows them."""

import difflib

from tuxdb.bot.embeds import CUT, Markup, cut, mention_channel, mention_role, plain
from tuxdb.bot.guild_keys import LONG, Value, as_text
from tuxdb.guild_keys import CHANNELS, ROLES

NONE = Markup("—")
BLOCK = 1500
LINE = 200
MOST_MENTIONS = 20
CONTEXT_LINES = 1
ARROW = "→"


def shown(key: str, value: Value) -> Markup:
    """A value in one line; channels and roles by their names, which Discord puts in."""
    if value is None or value == []:
        return NONE
    if key in CHANNELS:
        return mention_channel(value)
    if key in ROLES:
        return mention_role(value)
    if key == "bot.manager_roles":
        roles = [mention_role(item) for item in value[:MOST_MENTIONS]]
        more = [CUT] if len(value) > MOST_MENTIONS else []
        return Markup(" ".join([*roles, *more]))
    return plain(as_text(key, value), LINE)


def what_changed(key: str, before: Value, after: Value) -> str:
    """A value before and after: in one line, or line by line where it is long."""
    if key not in LONG or key == "bot.manager_roles":
        return f"`{key}`\n{shown(key, before)} {ARROW} {shown(key, after)}"
    old, new = (as_text(key, value).splitlines() for value in (before, after))
    lines = list(difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm=""))[2:]
    return f"`{key}`\n{as_block(chr(10).join(lines), 'diff')}"


def as_block(text: str, language: str = "") -> Markup:
    """A text as it is, in a block that it cannot end."""
    if not text:
        return NONE
    lines = (cut(line, LINE) for line in text.replace("`", "\u02cb").splitlines())
    return Markup(f"```{language}\n{cut(chr(10).join(lines), BLOCK)}\n```")
