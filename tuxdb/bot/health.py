"""`/livez`, `/readyz` and `/metrics`: how the bot is, for supervisors and Prometheus.

Live is a process whose loop turns. Ready is one whose shards are all connected and
whose database answers within a second and has the schema of this version.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from tuxdb.errors import ConfigurationError, TuxdbError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot
    from tuxdb.bot.watch import Watch

LONGEST_LAG_SECONDS = 5.0
LONGEST_PROBE_SECONDS = 1.0
UNAVAILABLE = 503
TEXT = "text/plain; version=0.0.4; charset=utf-8"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One thing that has to be well."""

    ok: bool
    detail: str


class Health:
    """A small HTTP server about one bot."""

    def __init__(self, bot: "TuxdbBot", watch: "Watch") -> None:
        self._bot = bot
        self._watch = watch
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which is chosen if it was 0."""
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self.stop()
            raise ConfigurationError(
                f"--health {host}:{port}: {error.strerror or error}"
            ) from error
        chosen: int = self._runner.addresses[0][1]
        logger.info("health on %s:%d", host, chosen)
        return chosen

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def parts(self) -> dict[str, Part]:
        """Look at everything that readiness takes."""
        return {"gateway": self._gateway(), **await self._database()}

    async def _livez(self, _request: web.Request) -> web.Response:
        lag = self._watch.lag_seconds
        return _answer({"loop": Part(lag < LONGEST_LAG_SECONDS, f"{lag:.3f} s late")})

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(await self.parts())

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            text=self._bot.metrics.text(), headers={"Content-Type": TEXT}
        )

    def _gateway(self) -> Part:
        bot = self._bot
        if bot.stopping:
            return Part(ok=False, detail="stopping")
        closed = [str(i) for i, shard in bot.shards.items() if shard.is_closed()]
        if closed:
            return Part(ok=False, detail=f"not connected: shard {', '.join(closed)}")
        if not bot.is_ready():
            return Part(ok=False, detail="connecting")
        return Part(ok=True, detail=f"shards connected: {len(bot.shards)}")

    async def _database(self) -> dict[str, Part]:
        try:
            seconds, state = await self._watch.probe()
        except TuxdbError as error:
            away = Part(ok=False, detail=error.message)
            return {"database": away, "schema": Part(ok=False, detail="not known")}
        database = Part(seconds < LONGEST_PROBE_SECONDS, f"answers in {seconds:.3f} s")
        try:
            state.require_head()
        except TuxdbError as error:
            return {"database": database, "schema": Part(ok=False, detail=str(error))}
        return {"database": database, "schema": Part(ok=True, detail="at head")}


def _answer(parts: dict[str, Part]) -> web.Response:
    ok = all(part.ok for part in parts.values())
    body = {
        "ok": ok,
        "parts": {
            name: {"ok": part.ok, "detail": part.detail} for name, part in parts.items()
        },
    }
    return web.json_response(body, status=200 if ok else UNAVAILABLE)
