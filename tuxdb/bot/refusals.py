"""What Discord refuses for good: errors with which a supervisor must not try again."""

import discord

from tuxdb.errors import ConfigurationError, TuxdbError

PORTAL = "Developer Portal > Bot > Privileged Gateway Intents"
REASONS = {
    4010: "this shard number",
    4011: "a connection without shards",
    4012: "this version of the gateway",
    4013: "the intents, which it does not know",
}
UNAUTHORIZED = 401
NOT_FOUND = 404
NOT_AUTHENTICATED = 4004
DISALLOWED_INTENTS = 4014


class TokenRefused(ConfigurationError):
    """Discord does not know the token."""

    def __init__(self) -> None:
        super().__init__(
            "Discord refuses the token",
            hint="make a new one in the Developer Portal > Bot > Reset Token",
        )


class IntentsRefused(ConfigurationError):
    """The bot asks for a privileged intent that is not switched on."""

    def __init__(self) -> None:
        super().__init__(
            "Discord refuses the Server Members intent, which bot_members_intent asks "
            f"for: switch on 'Server Members Intent' in the {PORTAL}"
        )


class GatewayRefused(ConfigurationError):
    """Discord refuses the connection itself."""

    def __init__(self, code: int) -> None:
        what = REASONS.get(code, "the connection")
        super().__init__(
            f"Discord's gateway refuses {what} (code {code})",
            hint="leave out --shard-count, or take a higher one",
        )


def final(error: BaseException) -> TuxdbError | None:
    """The refusal that an error of discord.py is; None if another try may succeed."""
    if isinstance(error, TuxdbError):
        return error
    if isinstance(error, discord.LoginFailure):
        return TokenRefused()
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return IntentsRefused()
    if isinstance(error, discord.ConnectionClosed):
        return _closed(error.code)
    if isinstance(error, discord.HTTPException):
        if error.status == UNAUTHORIZED:
            return TokenRefused()
        if error.status == NOT_FOUND:
            return ConfigurationError(
                "there is no API of Discord at this address",
                hint="tuxdb config show discord_api_base",
            )
    return None


def _closed(code: int) -> TuxdbError | None:
    if code == NOT_AUTHENTICATED:
        return TokenRefused()
    if code == DISALLOWED_INTENTS:
        return IntentsRefused()
    return GatewayRefused(code) if code in REASONS else None
