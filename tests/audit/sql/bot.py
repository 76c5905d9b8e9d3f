"""The schema of an imaginary bot, and statements such as bots send."""

from pathlib import Path

_HERE = Path(__file__).parent
SCHEMA = (_HERE / "bot.sql").read_text(encoding="utf-8")
STATEMENTS = [
    line.removesuffix(";")
    for line in (_HERE / "statements.sql").read_text(encoding="utf-8").splitlines()
    if not line.startswith("--")
]
