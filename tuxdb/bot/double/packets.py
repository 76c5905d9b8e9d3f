"""What the gateway accepts in the packets of a client; else it closes with a code."""

from tuxdb.bot.double.connections import Close
from tuxdb.bot.double.intents import PRIVILEGED, Intent
from tuxdb.bot.double.places import Json, Member

LARGE_LEAST, LARGE_MOST = 50, 250
STATUSES = ("online", "dnd", "idle", "invisible", "offline")
ACTIVITY_TYPES = range(6)
ACTIVITY_NAME = 128


def undecodable() -> Close:
    """The packet does not have the form that it must have."""
    return Close(4002, "Error while decoding payload.")


def checked_shard(identify: Json) -> tuple[int, int]:
    """The shard and the number of shards of an IDENTIFY whose form is right."""
    properties = identify.get("properties")
    large = identify.get("large_threshold", LARGE_LEAST)
    if not isinstance(properties, dict) or not LARGE_LEAST <= large <= LARGE_MOST:
        raise undecodable()
    if not all(isinstance(properties.get(name), str) for name in ("os", "browser")):
        raise undecodable()
    match identify.get("shard", [0, 1]):
        case [int(shard), int(count)] if 0 <= shard < count:
            return shard, count
    raise Close(4010, "Invalid shard.")


def checked_intents(identify: Json, allowed: Intent) -> Intent:
    """The intents of an IDENTIFY, privileged ones only as far as allowed."""
    value = identify.get("intents")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Close(4013, "Invalid intent(s).")
    if value < 0 or value & ~int(Intent.KNOWN):
        raise Close(4013, "Invalid intent(s).")
    if Intent(value) & PRIVILEGED & ~allowed:
        raise Close(4014, "Disallowed intent(s).")
    return Intent(value)


def checked_presence(data: Json) -> Json:
    """A presence with a status that there is, and activities with names."""
    activities = data.get("activities")
    right = (
        data.get("status") in STATUSES
        and isinstance(data.get("afk"), bool)
        and {"since"} <= data.keys()
        and isinstance(activities, list)
        and all(
            0 < len(str(item.get("name") or "")) <= ACTIVITY_NAME
            and item.get("type") in ACTIVITY_TYPES
            for item in activities
        )
    )
    if not right:
        raise undecodable()
    return data


def matches(member: Member, wanted: object, query: str | None) -> bool:
    """Whether a request for members asks for this one."""
    if isinstance(wanted, list):
        return str(member.id) in map(str, wanted)
    return member.name.startswith(query or "")
