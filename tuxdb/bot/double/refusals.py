"""Discord's errors: status, code, a sentence, and the places in the body."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """What the API answers instead of what was asked for."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        places: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.places = status, code, places

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        body = {"message": str(self), "code": self.code}
        return {**body, "errors": self.places} if self.places else body


def unauthorized() -> Refusal:
    """The token is none."""
    return Refusal(401, 0, "401: Unauthorized")


def not_found() -> Refusal:
    """There is no such path."""
    return Refusal(404, 0, "404: Not Found")


def unknown(what: str) -> Refusal:
    """What an id leads to nowhere."""
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "Ban": 10026,
    "interaction": 10062,
    "application command": 10063,
    "application command permissions": 10066,
}


def wrong_agent() -> Refusal:
    """The User-Agent does not say which bot it is, as the proxy in front wants."""
    return Refusal(403, 40333, "internal network error")


def missing_access() -> Refusal:
    """The bot cannot see it."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """The bot sees it and may not do it."""
    return Refusal(403, 50013, "Missing Permissions")


def cannot_message_this_user() -> Refusal:
    """They take no direct messages, or are a bot."""
    return Refusal(403, 50007, "Cannot send messages to this user")


def no_mutual_guild() -> Refusal:
    """The bot meets them nowhere."""
    return Refusal(
        403, 50278, "Cannot send messages to this user due to having no mutual guilds"
    )


def others_message() -> Refusal:
    """Only its author may change a message."""
    return Refusal(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refusal:
    """Nothing would be in it."""
    return Refusal(400, 50006, "Cannot send an empty message")


def already_acknowledged() -> Refusal:
    """The interaction was acknowledged before."""
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def expired_token() -> Refusal:
    """The token of an interaction lasts 15 minutes."""
    return Refusal(401, 50027, "Invalid Webhook Token")


def too_large() -> Refusal:
    """A file is too large."""
    return Refusal(413, 40005, "Request entity too large")


def invalid_json() -> Refusal:
    """The body cannot be read."""
    return Refusal(400, 50109, "The request body contains invalid JSON.")


def too_many_commands() -> Refusal:
    """There are too many commands of a kind."""
    return Refusal(400, 30032, "Maximum number of application commands reached (100).")


def too_many_creates() -> Refusal:
    """Too many commands were new today."""
    return Refusal(
        400,
        30034,
        "Max number of daily application command creates has been reached (200)",
    )


def invalid_form(places: Mapping[str, Any]) -> Refusal:
    """The body has faults, at these places."""
    return Refusal(400, 50035, "Invalid Form Body", places=places)
