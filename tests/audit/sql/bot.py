"""The schema of an imaginary bot, and statements such as bots send."""

from pathlib import Path

_HERE = Path(__file__).parent
SCHEMA = (_HERE / "bot.sql").read_text(encoding="utf-8")


def lines(name: str) -> list[str]:
    """The statements of a file with one a line."""
    text = (_HERE / name).read_text(encoding="utf-8")
    return [
        line.removesuffix(";")
        for line in text.splitlines()
        if not line.startswith("--")
    ]


def pairs(name: str) -> list[tuple[str, str]]:
    """The statements of a file by twos."""
    found = lines(name)
    return list(zip(found[::2], found[1::2], strict=True))


STATEMENTS = lines("statements.sql")
