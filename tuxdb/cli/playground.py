"""`tuxdb run-bot --playground`: the terminal of the playground.

Each line is escaped here, so that nothing that a made member writes steers it.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import invocation
from tuxdb.cli.run import run_with_settings
from tuxdb.cli.stderr import is_terminal
from tuxdb.cli.target import marker_of, target
from tuxdb.errors import Refused
from tuxdb.urls import mask

if TYPE_CHECKING:
    from tuxdb.settings import Settings

STYLES = {"dim": "\x1b[2m", "bold": "\x1b[1m", "error": "\x1b[31m"}
RESET = "\x1b[0m"


def playground(ctx: typer.Context) -> None:
    """Try the bot in the terminal, with a made server."""
    say = invocation(ctx).say

    async def work(settings: "Settings") -> None:
        from tuxdb.bot.playground import play

        if settings.url is not None:
            marker = await marker_of(settings, at_head=True)
            say(f"target: {target(settings, marker)}")
            if marker:
                raise Refused("the playground is not for a protected database")
        with _terminal_as_it_was(), _quiet():
            await play(settings, ask, write)

    run_with_settings(ctx, work)


def write(text: str, style: str = "") -> None:
    """Write a line to stdout, escaped; in a style if somebody looks at it."""
    shown = escape(mask(text))
    if style in STYLES and is_terminal(sys.stdout):
        shown = f"{STYLES[style]}{shown}{RESET}"
    sys.stdout.write(f"{shown}\n")
    sys.stdout.flush()


async def ask(prompt: str) -> str | None:
    """Read a line; what does not come from a terminal is shown as if typed."""
    import asyncio

    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str | None] = loop.create_future()
    by_hand = is_terminal(sys.stdin)

    def tell(line: str | None) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        line = _read(prompt if by_hand else "")
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, line)

    # no executor: its end would wait for a line that nobody types
    threading.Thread(target=read, daemon=True).start()
    line = await typed
    if not by_hand and line is not None:
        write(f"{prompt}{line}", "bold")
    return line


def _read(prompt: str) -> str | None:
    try:
        return input(escape(prompt))
    except (EOFError, OSError, ValueError):
        return None


@contextmanager
def _terminal_as_it_was() -> Iterator[None]:
    """Undo what reading a line does to a terminal, should it be broken off."""
    if not is_terminal(sys.stdin):
        yield
        return
    import readline
    import termios

    before = termios.tcgetattr(sys.stdin)
    readline.set_auto_history(True)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Have the bot's logs on stderr only if something is wrong."""
    import logging

    from tuxdb.bot.logs import set_up_logs

    handler = set_up_logs("text")
    handler.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
