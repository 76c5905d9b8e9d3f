"""Durations as moderators type them: `10m`, `2h`, `7d`."""

import re
from datetime import timedelta

from tuxdb.errors import InvalidValue

WRITTEN = re.compile(r"([1-9][0-9]{0,5})([mhdw])", re.ASCII)
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST_TIMEOUT = timedelta(days=28)
"""By Discord's own limit."""
LONGEST_BAN = timedelta(days=365)
"""What should last longer is a ban without an end."""
SUGGESTED = ("10m", "1h", "6h", "12h", "1d", "3d", "7d", "28d")


def parse_duration(text: str, longest: timedelta) -> timedelta:
    """The time that a text says, strictly; InvalidValue tells what would have done.

    One whole number and one unit: what could be read in two ways is refused, since
    a wrong guess would keep somebody out for the wrong time.
    """
    found = WRITTEN.fullmatch(text.strip().lower())
    if found is None:
        problem = "is not a whole number with m, h, d or w, such as 10m, 2h or 7d"
        raise InvalidValue("duration", problem)
    length = int(found[1]) * UNITS[found[2]]
    if length > longest:
        raise InvalidValue("duration", f"is longer than {longest.days} days")
    return length


def suggested(typed: str, longest: timedelta) -> list[str]:
    """Durations to choose from that begin with what is typed, itself if it is one."""
    typed = typed.strip().lower()
    found = [text for text in SUGGESTED if text.startswith(typed)]
    if typed and typed not in found:
        found = [typed, *found]
    return [text for text in found if _is_allowed(text, longest)]


def _is_allowed(text: str, longest: timedelta) -> bool:
    found = WRITTEN.fullmatch(text)
    return found is not None and int(found[1]) * UNITS[found[2]] <= longest
