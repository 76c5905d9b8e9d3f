"""The HTTP server: routes, authorization, faults, limits and the log of requests."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from tuxdb.bot.double.account import Account
from tuxdb.bot.double.answers import Answers
from tuxdb.bot.double.calls import Call, read
from tuxdb.bot.double.command_routes import Commands
from tuxdb.bot.double.faults import Fault, Faults, Request
from tuxdb.bot.double.gateway import Gateway
from tuxdb.bot.double.guild_routes import Guilds
from tuxdb.bot.double.limits import Limits
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.posts import Posts
from tuxdb.bot.double.realm import Realm
from tuxdb.bot.double.refusals import Refusal, not_found, unauthorized, wrong_agent

API = "/api/v10"
BODY_BYTES = 110 << 20
STOP_SECONDS = 0.5
_NEVER = re.compile("(?!)")
AGENT = re.compile(r"DiscordBot \(https?://\S+,? [^)]+\)")
VIA = {"Via": "1.1 google"}

Handler = Callable[[Call], Awaitable[Json | list[Json] | None]]


class Server:
    """Listens on loopback, on a port that is free."""

    def __init__(self, realm: Realm, faults: Faults, gateway: Gateway) -> None:
        self._realm, self._faults, self._gateway = realm, faults, gateway
        self.limits = Limits()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        """Listen."""
        app = web.Application(client_max_size=BODY_BYTES)
        for method, path, handler in self._routes():
            needs_token = not path.startswith(("/interactions/", "/webhooks/"))
            serve = self._served(handler, needs_token=needs_token)
            app.router.add_route(method, API + path, serve)
        app.router.add_get("/gateway", self._gateway.serve)
        app.router.add_get("/gateway/", self._gateway.serve)
        app.router.add_get("/attachments/{upload}/{name}", self._attachment)
        app.router.add_route("*", "/{rest:.*}", self._served(_nowhere))
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=STOP_SECONDS, handle_signals=False
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._realm.site = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close everything."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[tuple[str, str, Handler]]:
        account = Account(self._realm, self._gateway)
        posts = Posts(self._realm)
        return [
            ("GET", "/users/@me", account.me),
            ("GET", "/users/@me/guilds", account.guilds),
            ("POST", "/users/@me/channels", account.direct),
            ("GET", "/users/{user}", account.user),
            ("GET", "/applications/@me", account.application),
            ("GET", "/oauth2/applications/@me", account.application),
            ("GET", "/gateway", account.gateway),
            ("GET", "/gateway/bot", account.bot_gateway),
            *self._command_routes("/applications/{application}/commands"),
            *self._command_routes(
                "/applications/{application}/guilds/{guild}/commands"
            ),
            *self._answer_routes(),
            ("GET", "/channels/{channel}", posts.channel),
            ("POST", "/channels/{channel}/typing", posts.typing),
            ("GET", "/channels/{channel}/messages", posts.all),
            ("POST", "/channels/{channel}/messages", posts.write),
            ("GET", "/channels/{channel}/messages/{message}", posts.message),
            ("PATCH", "/channels/{channel}/messages/{message}", posts.edit),
            ("DELETE", "/channels/{channel}/messages/{message}", posts.delete),
            *self._guild_routes("/guilds/{guild}"),
        ]

    def _command_routes(self, path: str) -> list[tuple[str, str, Handler]]:
        commands = Commands(self._realm)
        routes: list[tuple[str, str, Handler]] = [
            ("GET", path, commands.all),
            ("PUT", path, commands.overwrite),
            ("POST", path, commands.create),
            ("GET", path + "/{command:[0-9]+}", commands.get),
            ("PATCH", path + "/{command:[0-9]+}", commands.edit),
            ("DELETE", path + "/{command:[0-9]+}", commands.delete),
        ]
        if "{guild}" in path:
            routes += [
                ("GET", path + "/permissions", commands.all_permissions),
                ("GET", path + "/{command:[0-9]+}/permissions", commands.permissions),
            ]
        return routes

    def _answer_routes(self) -> list[tuple[str, str, Handler]]:
        answers = Answers(self._realm)
        webhook = "/webhooks/{application}/{token}"
        return [
            ("POST", "/interactions/{interaction}/{token}/callback", answers.callback),
            ("POST", webhook, answers.follow_up),
            ("GET", webhook + "/messages/{message}", answers.message),
            ("PATCH", webhook + "/messages/{message}", answers.edit),
            ("DELETE", webhook + "/messages/{message}", answers.delete),
        ]

    def _guild_routes(self, path: str) -> list[tuple[str, str, Handler]]:
        guilds = Guilds(self._realm)
        member = path + "/members/{user:[0-9]+}"
        return [
            ("GET", path, guilds.guild),
            ("GET", path + "/channels", guilds.channels),
            ("GET", path + "/roles", guilds.roles),
            ("GET", path + "/members", guilds.members),
            ("GET", path + "/members/search", guilds.search),
            ("GET", member, guilds.member),
            ("PATCH", member, guilds.edit_member),
            ("DELETE", member, guilds.kick),
            ("PUT", member + "/roles/{role}", guilds.add_role),
            ("DELETE", member + "/roles/{role}", guilds.remove_role),
            ("GET", path + "/bans", guilds.bans),
            ("GET", path + "/bans/{user}", guilds.ban_of),
            ("PUT", path + "/bans/{user}", guilds.ban),
            ("DELETE", path + "/bans/{user}", guilds.unban),
        ]

    def _served(
        self, handler: Handler, *, needs_token: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            line = f"{request.method} {request.path.removeprefix(API)}"
            fault = self._faults.take(line) or Fault(_NEVER, 0)
            await asyncio.sleep(fault.delay_before)
            if fault.cut:
                return _cut(request)
            response, call = await self._respond(
                request, handler, line, fault, needs_token
            )
            self._log(request, call, response.status)
            await asyncio.sleep(fault.delay_after)
            return _cut(request) if fault.lose_answer else response

        return serve

    async def _respond(
        self,
        request: web.Request,
        handler: Handler,
        line: str,
        fault: Fault,
        needs_token: bool,
    ) -> tuple[web.Response, Call | None]:
        call: Call | None = None
        try:
            call = await read(request)
            if fault.status is not None:
                return _ordered(fault), call
            limits = self.limits.take(line)
            if limits.get("X-RateLimit-Remaining") == "-1":
                return _limited(limits), call
            if needs_token:
                self._check_client(request)
            result = await handler(call)
        except Refusal as refusal:
            return _json(refusal.status, refusal.body()), call
        if result is None:
            return web.Response(status=204, headers={**VIA, **limits}), call
        return _json(200, result, limits), call

    def _check_client(self, request: web.Request) -> None:
        if not AGENT.match(request.headers.get("User-Agent", "")):
            raise wrong_agent()
        if request.headers.get("Authorization") != f"Bot {self._realm.token}":
            raise unauthorized()

    def _log(self, request: web.Request, call: Call | None, status: int) -> None:
        body = call.body if call else None
        self._realm.requests.append(
            Request(
                request.method,
                request.path.removeprefix(API),
                body if isinstance(body, dict) else {"": body} if body else None,
                time.monotonic(),
                status,
                call.reason if call else None,
            )
        )

    async def _attachment(self, request: web.Request) -> web.Response:
        upload = self._realm.uploads.get(int(request.match_info["upload"]))
        if upload is None:
            return web.Response(status=404)
        kind = {"Content-Type": upload.content_type}
        return web.Response(body=upload.content, headers=kind)


async def _nowhere(_call: Call) -> None:
    """Answer for a path that does not exist."""
    raise not_found()


def _json(status: int, body: object, headers: Json | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        content_type="application/json",
        headers={**VIA, **(headers or {})},
    )


def _ordered(fault: Fault) -> web.Response:
    status = fault.status or 500
    if fault.body is None:
        page = "<html><head><title>502 Bad Gateway</title></head></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    headers = fault.headers or VIA
    return web.Response(
        status=status,
        body=json.dumps(fault.body).encode(),
        content_type="application/json",
        headers=headers,
    )


def _limited(limits: dict[str, str]) -> web.Response:
    after = float(limits["X-RateLimit-Reset-After"])
    body = {
        "message": "You are being rate limited.",
        "retry_after": after,
        "global": False,
    }
    more = {"Retry-After": str(round(after + 0.5)), "X-RateLimit-Scope": "user"}
    return _json(429, body, {**limits, "X-RateLimit-Remaining": "0", **more})


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
