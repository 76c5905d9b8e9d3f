"""What the bot itself declines, before any controller is asked."""

import math

from discord import app_commands

from tuxdb.errors import Refused, TuxdbError


class BotRefusal(Refused):
    """Declined by the bot; a sentence for it is in the catalogue."""

    public = True


class MissingPermission(BotRefusal):
    """The person lacks a permission of Discord; `owner` is the bot's own."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"needs {permission}", details={"permission": permission})
        self.permission = permission


class BotLacksPermission(BotRefusal):
    """The bot lacks a permission of Discord."""

    def __init__(self, permission: str) -> None:
        message = f"the bot needs {permission}"
        super().__init__(message, details={"permission": permission})
        self.permission = permission


class Cooldown(BotRefusal):
    """Asked for too often."""

    def __init__(self, seconds: float) -> None:
        whole = max(1, math.ceil(seconds))
        super().__init__(f"again in {whole} s", details={"seconds": whole})
        self.seconds = seconds


class BotTarget(BotRefusal):
    """Bots hold no points."""

    def __init__(self) -> None:
        super().__init__("bots hold no points")


class InvalidAmount(BotRefusal):
    """An amount below the lowest, or beyond what a balance can be."""

    def __init__(self, lowest: int = 1) -> None:
        super().__init__(f"not an amount from {lowest}", details={"lowest": lowest})


class WouldGoNegative(BotRefusal):
    """What an entry gave has been spent since; only part of it can be taken back."""

    def __init__(self, who: str, balance: int, wanted: int) -> None:
        super().__init__(
            f"{who} has {balance} of {wanted} left",
            details={"who": who, "balance": balance, "wanted": wanted},
        )


class PartlyDone(BotRefusal):
    """Of many changes, each for itself, the first have been made and the rest not."""

    def __init__(self, done: int, total: int, problem: str) -> None:
        super().__init__(
            f"{done} of {total} are done; then: {problem}",
            details={"done": done, "total": total, "problem": problem},
        )


class NotYourButton(BotRefusal):
    """The button belongs to who asked."""

    def __init__(self) -> None:
        super().__init__("the button is another person's")


class ListExpired(BotRefusal):
    """The list is too old to turn its pages."""

    def __init__(self) -> None:
        super().__init__("the list has expired")


class Outranked(BotRefusal):
    """Someone stands too high: `self`, `me`, `owner`, or above `actor` or `bot`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"outranked: {what}", details={"what": what})
        self.what = what


class Restarting(BotRefusal):
    """The process is about to end, and takes on nothing new."""

    def __init__(self) -> None:
        super().__init__("restarting")


class SwitchedOff(BotRefusal):
    """The server has switched off the part of the bot that has this command."""

    def __init__(self) -> None:
        super().__init__("the command is switched off here")


class RefusedByCheck(app_commands.CheckFailure):
    """Carries an error out of a check: discord.py reports no other kind."""

    def __init__(self, error: TuxdbError) -> None:
        super().__init__(str(error))
        self.original = error
