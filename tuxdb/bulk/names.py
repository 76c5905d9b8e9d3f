"""Names of tables as people type them: `users`, `audit.log`, `"odd.name"`."""

import re

from tuxdb.errors import UsageError

PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def split_name(text: str) -> tuple[str | None, str]:
    """Schema, or None, and table of a name; UsageError if it is neither."""
    parts: list[str] = []
    at = 0
    while at <= len(text):
        match = PART.match(text, at)
        if match is None:
            raise UsageError(f"{text!r} is not the name of a table")
        parts.append(match[2] or match[1].replace('""', '"'))
        at = match.end()
        if at < len(text) and text[at] != ".":
            raise UsageError(f"{text!r} is not the name of a table")
        at += 1
    if len(parts) > 2:  # noqa: PLR2004 - a schema and a table
        raise UsageError(f"{text!r} has more parts than a schema and a table")
    return (parts[0] if parts[1:] else None), parts[-1]


def joined_name(schema: str | None, name: str) -> str:
    """The text that `split_name` takes apart again."""
    parts = [name] if schema is None else [schema, name]
    return ".".join(map(_part, parts))


def _part(name: str) -> str:
    if '"' in name or "." in name:
        return '"' + name.replace('"', '""') + '"'
    return name
