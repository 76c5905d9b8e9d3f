"""The double's API without a library in between."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from tuxdb.bot.double import DiscordDouble

AGENT = "DiscordBot (https://bot.example, 1.0)"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> Any:
        return self.body["code"]

    @property
    def places(self) -> dict[str, str]:
        """Places of faults, with their codes."""
        return dict(_flat(self.body.get("errors", {}), ""))


def _flat(tree: dict[str, Any], place: str) -> list[tuple[str, str]]:
    found = []
    for name, node in tree.items():
        if name == "_errors":
            found.append((place, node[0]["code"]))
        else:
            found += _flat(node, f"{place}.{name}" if place else name)
    return found


class Api:
    """Asks the double."""

    def __init__(self, discord: DiscordDouble) -> None:
        self.discord = discord
        self.headers = {"Authorization": f"Bot {discord.token}", "User-Agent": AGENT}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def __call__(self, line: str, body: Any = None, **options: Any) -> Answer:
        """Ask `PATCH /path` with a body of JSON."""
        method, path = line.split(" ", 1)
        if body is not None:
            options["json"] = body
        headers = {**self.headers, **options.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value}
        async with self._session.request(
            method, self.discord.api_base + path, headers=headers, **options
        ) as response:
            kind = response.headers.get("Content-Type")
            is_json = kind == "application/json"
            found = await (response.json() if is_json else response.text())
            return Answer(response.status, found, response.headers)
