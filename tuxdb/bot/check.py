"""`tuxdb run-bot --check`: whether the bot would start, looked at without starting it.

The gateway is left alone: connecting would use up one of the day's sessions.
"""

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.discord_api import once, use_api
from tuxdb.bot.refusals import IntentsRefused
from tuxdb.bot.sync import difference, payload_of, registered
from tuxdb.bot.token import read_token
from tuxdb.controllers.doctor import Check, Diagnosis, Status
from tuxdb.database import Database
from tuxdb.errors import ConfigurationError, TuxdbError
from tuxdb.migrate import read_schema_state
from tuxdb.migrate.connection import opened, place_of

if TYPE_CHECKING:
    from tuxdb.settings import Settings

FEW_SESSIONS = 50


async def check(settings: "Settings", *, offline: bool = False) -> Diagnosis:
    """Look at everything as far as one gets."""
    return Diagnosis([found async for found in _checks(settings, offline=offline)])


async def _checks(settings: "Settings", *, offline: bool) -> AsyncIterator[Check]:
    token = None
    try:
        token = read_token(settings)
        source = (
            "discord_token_file" if settings.discord_token_file else "discord_token"
        )
        yield _ok("token", f"from {settings.origin(source)}")
    except ConfigurationError as error:
        yield _failed("token", error)
    for name, look in (("database", _database), ("schema", _schema)):
        try:
            yield await look(settings)
        except TuxdbError as error:
            yield _failed(name, error)
            break
    async with Database.open(settings, application_name="tuxdb bot") as db:
        async for found in _bot(db, settings, None if offline else token):
            yield found


async def _database(settings: "Settings") -> Check:
    began = time.perf_counter()
    async with opened(settings):
        ms = (time.perf_counter() - began) * 1000
    return _ok("database", f"{place_of(settings)} answers in {ms:.0f} ms")


async def _schema(settings: "Settings") -> Check:
    async with opened(settings) as connection:
        state = await read_schema_state(connection)
    state.require_head()
    return _ok("schema", f"at {state.head} (head)")


async def _bot(
    db: Database, settings: "Settings", token: str | None
) -> AsyncIterator[Check]:
    """Build the bot; with a token, ask Discord about it."""
    bot = TuxdbBot(db, settings)
    async with bot:
        try:
            if token is not None:
                use_api(settings.discord_api_base)
                await once(bot.login(token))
            else:
                await bot.setup_hook()
        except TuxdbError as error:
            yield _failed("parts" if token is None else "discord", error)
            return
        payload = await payload_of(bot)
        yield _ok("parts", f"{len(bot.cogs)} parts, {len(payload)} commands")
        if token is not None:
            for look in (_account, _intents, _gateway, _commands):
                try:
                    yield await look(bot)
                except TuxdbError as error:
                    yield _failed(look.__name__.removeprefix("_"), error)


async def _account(bot: TuxdbBot) -> Check:
    return _ok("discord", f"{bot.user} ({bot.application_id}) is let in")


async def _intents(bot: TuxdbBot) -> Check:
    if not bot.intents.members:
        return _ok("intents", "none that is privileged")
    flags = bot.application_flags
    if flags.gateway_guild_members or flags.gateway_guild_members_limited:
        return _ok("intents", "Server Members is switched on")
    return _failed("intents", IntentsRefused())


async def _gateway(bot: TuxdbBot) -> Check:
    shards, _, limits = await once(bot.http.get_bot_gateway())
    left, total = limits.get("remaining", 0), limits.get("total", 0)
    detail = f"{shards} shards advised, {left} of {total} sessions left today"
    if left < max(FEW_SESSIONS, shards):
        return Check("gateway", Status.WARN, detail, "wait before you restart again")
    return _ok("gateway", detail)


async def _commands(bot: TuxdbBot) -> Check:
    there = await once(registered(bot))
    found = difference(await payload_of(bot), there)
    if found:
        return Check(
            "commands", Status.WARN, str(found), "the next start registers them"
        )
    return _ok("commands", f"{len(there)} registered, none differs")


def _ok(check: str, detail: str) -> Check:
    return Check(check, Status.OK, detail)


def _failed(check: str, error: TuxdbError) -> Check:
    return Check(
        check,
        Status.FAIL,
        error.message,
        error.hint,
        error.exit_code,
    )
