"""Values of any type, from small sets, so that rows of several tables meet."""

import random
import re

from tuxdb.audit.sql.catalogue import Catalogue

WORDS = (
    "alpha", "Beta", "gamma", "Delta 4", "épsilon", "zeta_6", "join", "leave", "",
    "a'b", "100%", "theta", "iota", "Kappa", "lambda", "mu",
)  # fmt: skip
DOCUMENTS = (
    '{"a": 1, "tags": ["x", "y"]}',
    '{"a": null, "b": {"c": 2.5}}',
    '["x", 1, true]',
    "{}",
    '[{"id": 1, "guild_id": 2}]',
)
LARGEST_DOMAIN = 20
_LENGTH = re.compile(r"\((\d+)(?:,\s*(\d+))?\)")


def literal(
    name: str, full: str, source: random.Random, number: int, catalogue: Catalogue
) -> str:
    """A value as SQL; `number` is the row's, so that keys differ from row to row."""
    if name.endswith("[]"):
        inner, whole = name[:-2], full.removesuffix("[]")
        items = ", ".join(
            literal(inner, whole, source, number + step, catalogue)
            for step in range(source.randrange(3))
        )
        return f"ARRAY[{items}]::{full}"
    if name in catalogue.enums:
        return f"{_quoted(source.choice(catalogue.enums[name]))}::{full}"
    return f"{_quoted(_text(name, full, source, number))}::{full}"


def _text(name: str, full: str, source: random.Random, number: int) -> str:
    found = _LENGTH.search(full)
    length = int(found[1]) if found else 0
    if name in ("smallint", "integer", "bigint", "oid"):
        return str(source.choice((number + 1, source.randrange(LARGEST_DOMAIN))))
    if name in ("numeric", "double precision", "real", "money"):
        whole = source.randrange(LARGEST_DOMAIN)
        scale = int(found[2] or 0) if found else 2
        return str(whole % 9) if found and not scale else f"{whole % 9}.5"
    if name in ("text", "character varying", "character", "citext", "name"):
        word = source.choice((WORDS[number % len(WORDS)], source.choice(WORDS)))
        word = f"{word} {number}" if number > LARGEST_DOMAIN else word
        return word[:length] if length else word
    maker = _MAKERS.get(name)
    return maker(source, number, length) if maker is not None else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _moment(source: random.Random, number: int, _: int) -> str:
    day, hour = source.randrange(40), (number * 7) % 24
    return f"2024-02-{1 + day % 28:02} {hour:02}:30:00"


def _recent(source: random.Random, _number: int, _length: int) -> str:
    return source.choice(("now", "yesterday", "2024-02-29 12:00:00", "tomorrow"))


def _vector(source: random.Random, _number: int, length: int) -> str:
    return "[" + ",".join(str(source.randrange(5)) for _ in range(length or 3)) + "]"


_MAKERS = {
    "boolean": lambda source, *_: source.choice(("true", "false")),
    "timestamp without time zone": lambda *given: (
        _recent(*given) if given[0].random() < 0.5 else _moment(*given)  # noqa: PLR2004
    ),
    "timestamp with time zone": lambda *given: (
        _recent(*given) if given[0].random() < 0.5 else _moment(*given)  # noqa: PLR2004
    ),
    "date": lambda source, *_: source.choice(("today", "yesterday", "2024-02-29")),
    "time without time zone": lambda source, *_: f"{source.randrange(24):02}:15",
    "time with time zone": lambda source, *_: f"{source.randrange(24):02}:15+00",
    "interval": lambda source, *_: f"{source.randrange(1, 9)} days 2 hours",
    "uuid": lambda _, number, __: f"00000000-0000-4000-8000-{number:012}",
    "json": lambda source, *_: source.choice(DOCUMENTS),
    "jsonb": lambda source, *_: source.choice(DOCUMENTS),
    "bytea": lambda _, number, __: f"\\x{number % 256:02x}",
    "inet": lambda _, number, __: f"10.0.0.{number % 250}",
    "cidr": lambda _, number, __: f"10.0.{number % 250}.0/24",
    "macaddr": lambda _, number, __: f"08:00:2b:01:02:{number % 256:02x}",
    "bit": lambda source, _, length: "".join(
        source.choice("01") for _ in range(length or 1)
    ),
    "bit varying": lambda source, _, length: "".join(
        source.choice("01") for _ in range(min(length or 8, 16))
    ),
    "tsvector": lambda source, *_: source.choice(WORDS[:4]),
    "tsquery": lambda *_: "alpha",
    "hstore": lambda source, *_: f"a=>{source.randrange(5)}",
    "int4range": lambda _, number, __: f"[{number},{number + 3})",
    "int8range": lambda _, number, __: f"[{number},{number + 3})",
    "vector": _vector,
    "regclass": lambda *_: "pg_class",
}
