"""The playground with lines that were typed beforehand."""

from collections.abc import Awaitable, Callable

import pytest

from tuxdb.bot.playground import play
from tuxdb.settings import Settings

Typing = Callable[[str], Awaitable[str]]


@pytest.fixture
def typing(settings: Settings, _addresses: None) -> Typing:
    """Call it with lines to type; returns all that was shown."""

    async def typing(typed: str) -> str:
        lines = iter(line.strip() for line in typed.strip().split("\n"))
        shown: list[str] = []

        async def ask(prompt: str) -> str | None:
            line = next(lines, None)
            shown.append(f"{prompt}{line}")
            return line

        await play(settings, ask, lambda text, _style: shown.append(text))
        return "\n".join(shown)

    return typing
