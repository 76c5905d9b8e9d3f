"""The bot as a process of its own, as a supervisor starts it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.command import CHECKOUT
from tuxdb.bot.double import DiscordDouble
from tuxdb.settings import Settings

PATIENCE_SECONDS = 40.0


@dataclass
class BotProcess:
    """A running `tuxdb run-bot`, and the lines of its log."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    _reader: "asyncio.Task[None] | None" = None

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log as it was written, in JSON."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def text(self) -> str:
        """All that the process has written."""
        return "\n".join(self.lines)

    async def read(self) -> None:
        """Keep what the process writes."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    async def until(self, words: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for a line of the log with these words in it."""
        await until(lambda: any(words in line for line in self.lines), seconds, self)

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def end(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the end; returns the exit code."""
        code = await asyncio.wait_for(self.process.wait(), seconds)
        if self._reader is not None:
            await self._reader
        return code


async def until(
    condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS, about: Any = None
) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        said = getattr(about, "text", about)
        assert time.monotonic() < deadline, f"it did not come to that:\n{said}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(
    discord: DiscordDouble,
    settings: Settings,
    folder: Path,
    *arguments: str,
    log_format: str = "json",
    **environ: str,
) -> AsyncIterator[BotProcess]:
    """Start the bot against a double and a database; it is killed at the end."""
    assert settings.url is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tuxdb",
        "run-bot",
        "--log-format",
        log_format,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "DISCORD_TOKEN": discord.token,
            "TUXDB_DISCORD_API_BASE": discord.api_base,
            "TUXDB_DATABASE_URL": settings.url.reveal(),
            "TUXDB_BOT_SPOOL": str(folder / "spool"),
            "TUXDB_BOT_COOLDOWNS": "off",
            **environ,
        },
    )
    bot = BotProcess(process)
    bot._reader = asyncio.create_task(bot.read())
    try:
        yield bot
    finally:
        if process.returncode is None:
            process.kill()
        await bot.end()
