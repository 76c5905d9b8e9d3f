"""The bot's token: where it may come from."""

from pathlib import Path

from tuxdb.config_files import read_secret_file, secret
from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings

HOW = "DISCORD_TOKEN, or --token-file FILE"


def read_token(settings: Settings) -> str:
    """The token; a file that was just named counts before the environment.

    Raises ConfigurationError, never with the token in it.
    """
    path = settings.discord_token_file
    named = str(settings.origin("discord_token_file")).startswith("flag")
    if path is not None and (named or settings.discord_token is None):
        return _from_file(path)
    if settings.discord_token is None:
        raise ConfigurationError("the bot has no token", hint=HOW)
    return settings.discord_token


def _from_file(path: Path) -> str:
    text = read_secret_file(path)
    if not text:
        raise ConfigurationError(f"{path} holds no token")
    try:
        return secret(text)
    except ValueError as error:
        raise ConfigurationError(f"the token in {path} {error}") from error
