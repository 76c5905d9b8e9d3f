"""What people do: they use commands, press buttons, fill in modals and write."""

import json
import secrets
from typing import Any

from tuxdb.bot.double.command_form import NESTED, Kind
from tuxdb.bot.double.components import SELECTS
from tuxdb.bot.double.components import Kind as Part
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.messages import Message, Pings
from tuxdb.bot.double.modals import filled_modal
from tuxdb.bot.double.options import Filled, NotOffered
from tuxdb.bot.double.payloads import command_data, interaction, is_shown
from tuxdb.bot.double.permissions import Permission
from tuxdb.bot.double.places import Channel, Json, Member
from tuxdb.bot.double.posts import announce
from tuxdb.bot.double.realm import Realm
from tuxdb.bot.double.replies import Kind as Interaction
from tuxdb.bot.double.replies import Reply

REPLIES_KEPT = 5_000


class People:
    """Acts for members; each deed that the bot hears of is a Reply to wait for."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def use(
        self,
        member: Member,
        command: str,
        *,
        where: Channel | None,
        forced: bool,
        options: dict[str, object],
    ) -> Reply:
        """Use a slash command, `points transfer` for one within another."""
        channel = where or member.guild.channel
        top, path, leaf = self._slash(member, channel, command, forced=forced)
        filled = Filled(channel.guild, forced=forced)
        data = command_data(top, path, filled.options(leaf, options), filled)
        return self._begin(Interaction.COMMAND, member, channel, data)

    def menu(
        self,
        member: Member,
        name: str,
        target: Member | Message,
        *,
        where: Channel | None,
        forced: bool,
    ) -> Reply:
        """Choose an entry of the context menu of a member or a message."""
        kind = Kind.MESSAGE if isinstance(target, Message) else Kind.USER
        channel = where or member.guild.channel
        top = self._command(member, channel, name, kind, forced=forced)
        filled = Filled(member.guild)
        if isinstance(target, Message):
            filled.resolved = {"messages": {str(target.id): target.payload()}}
        else:
            filled.resolve(target)
        data = command_data(top, [], [], filled) | {"target_id": str(target.id)}
        return self._begin(Interaction.COMMAND, member, channel, data)

    def complete(
        self,
        member: Member,
        command: str,
        focused: str,
        value: object,
        options: dict[str, object],
    ) -> Reply:
        """Type into an option that is completed by the bot."""
        channel = member.guild.channel
        top, path, leaf = self._slash(member, channel, command, forced=False)
        filled = Filled(member.guild)
        options = {**options, focused: value}
        given = filled.options(leaf, options, partly=True)
        focused = focused.replace("_", "-")
        found = next(item for item in leaf if item["name"].replace("_", "-") == focused)
        if not found.get("autocomplete"):
            raise NotOffered(f"{focused} is not completed by the bot")
        for item in given:
            if item["name"] == found["name"]:
                item["focused"] = True
        data = command_data(top, path, given, filled)
        reply = self._begin(Interaction.AUTOCOMPLETE, member, channel, data)
        reply.focused = found
        return reply

    def press(
        self, member: Member, message: Message, button: str, *, forced: bool
    ) -> Reply:
        """Press a button, known by its label, emoji or custom id."""
        self._check_sight(member, message, forced=forced)
        part = _button(message, button, forced=forced)
        data = {
            "component_type": int(Part.BUTTON),
            "custom_id": part["custom_id"],
            "id": part.get("id", 1),
        }
        return self._touch(member, message, data)

    def select(
        self,
        member: Member,
        message: Message,
        values: list[Any],
        custom_id: str | None,
    ) -> Reply:
        """Choose in a select: by value or label, or members, roles and channels."""
        self._check_sight(member, message, forced=False)
        part = _select(message, custom_id)
        filled = Filled(member.guild)
        if part["type"] == Part.SELECT:
            chosen = [_option_value(part, value) for value in values]
        else:
            chosen = [filled.resolve(value) for value in values]
        if not part.get("min_values", 1) <= len(chosen) <= part.get("max_values", 1):
            raise NotOffered("so many cannot be chosen")
        data: Json = {"component_type": part["type"], "custom_id": part["custom_id"]}
        data |= {"values": chosen, "id": part.get("id", 1)}
        if filled.resolved:
            data["resolved"] = filled.resolved
        return self._touch(member, message, data)

    def submit(self, member: Member, shown: Reply, values: dict[str, object]) -> Reply:
        """Fill in and send the modal that a reply has shown."""
        if shown.modal is None or shown.member is not member:
            raise NotOffered("no modal is shown to them")
        data = filled_modal(shown.modal, values, Filled(member.guild))
        message = shown.message if shown.kind is Interaction.COMPONENT else None
        return self._begin(Interaction.MODAL, member, shown.channel, data, message)

    def say(self, member: Member, text: str, where: Channel | None) -> Message:
        """Write a message into a channel."""
        channel = where or member.guild.channel
        if Permission.SEND_MESSAGES not in member.permissions(channel):
            raise NotOffered(f"{member.name} may not write there")
        message = Message(self._realm.snowflake(), channel, member.user, text)
        everyone = bool(member.permissions(channel) & Permission.MENTION_EVERYONE)
        message.pings = Pings.of(text, None, may_call_all=everyone)
        announce(self._realm, self._realm.keep(message))
        return message

    def deliver(self, reply: Reply) -> None:
        """Send an interaction through the gateway, for the first time or again."""
        payload = json.loads(json.dumps(reply.payload))
        guild = reply.channel.guild
        self._realm.tell("INTERACTION_CREATE", payload, guild=guild, needs=Intent.NONE)

    def offered(self, member: Member, channel: Channel) -> list[Json]:
        """The commands that are shown to a member in a channel."""
        return [
            command
            for command in self._realm.commands.values()
            if command.get("guild_id") in (None, str(member.guild.id))
            and is_shown(command, member, channel)
        ]

    def _touch(self, member: Member, message: Message, data: Json) -> Reply:
        return self._begin(
            Interaction.COMPONENT, member, message.channel, data, message
        )

    def _check_sight(self, member: Member, message: Message, *, forced: bool) -> None:
        if forced:
            return
        if message.deleted:
            raise NotOffered("the message is gone")
        if message.seen_by not in (None, member.user):
            raise NotOffered(f"{member.name} does not see that message")

    def _slash(
        self, member: Member, channel: Channel, command: str, *, forced: bool
    ) -> tuple[Json, list[Json], list[Json]]:
        """The command, the way down to the sub-command, and its options."""
        name, *rest = command.split()
        top = self._command(member, channel, name, Kind.SLASH, forced=forced)
        path: list[Json] = []
        options: list[Json] = top["options"]
        for word in rest:
            named = [item for item in options if item["name"] == word]
            if not named or named[0]["type"] not in NESTED:
                raise NotOffered(f"there is no command /{command}")
            path.append(named[0])
            options = named[0]["options"]
        if any(item["type"] in NESTED for item in options):
            raise NotOffered(f"/{command} needs a sub-command")
        return top, path, options

    def _command(
        self, member: Member, channel: Channel, name: str, kind: Kind, *, forced: bool
    ) -> Json:
        guild_id = str(member.guild.id)
        found = [
            command
            for command in self._realm.commands.values()
            if (command["type"], command["name"]) == (kind, name)
            and command.get("guild_id") in (guild_id, None)
        ]
        if not found:
            raise NotOffered(f"there is no command {name}")
        command = max(found, key=lambda item: "guild_id" in item)
        if not forced and not is_shown(command, member, channel):
            raise NotOffered(f"{name} is not shown to {member.name}")
        return command

    def _begin(
        self,
        kind: Interaction,
        member: Member,
        channel: Channel,
        data: Json,
        message: Message | None = None,
    ) -> Reply:
        number = self._realm.snowflake()
        token = secrets.token_urlsafe(120)
        payload: Json = {"id": str(number), "token": token}
        payload |= interaction(self._realm, kind, member, channel, data)
        if message is not None:
            payload["message"] = message.payload()
        reply = Reply(number, token, kind, member, channel, payload, message)
        self._realm.replies[token] = reply
        while len(self._realm.replies) > REPLIES_KEPT:
            self._realm.replies.pop(next(iter(self._realm.replies)))
        self.deliver(reply)
        return reply


def _button(message: Message, wanted: str, *, forced: bool) -> Json:
    for button in message.buttons:
        names = (
            button.get("label"),
            button.get("custom_id"),
            (button.get("emoji") or {}).get("name"),
        )
        if wanted in names:
            if button.get("disabled") and not forced:
                raise NotOffered(f"{wanted} is disabled")
            if "custom_id" not in button:
                raise NotOffered(f"{wanted} is a link")
            return button
    if forced:
        return {"custom_id": wanted}
    labels = [button.get("label") for button in message.buttons]
    raise NotOffered(f"there is no button {wanted!r} among {labels}")


def _select(message: Message, custom_id: str | None) -> Json:
    for part in message.parts:
        if part["type"] in SELECTS and custom_id in (None, part["custom_id"]):
            if part.get("disabled"):
                raise NotOffered("it is disabled")
            return part
    raise NotOffered("there is no such select")


def _option_value(select: Json, wanted: object) -> str:
    for option in select["options"]:
        if wanted in (option["value"], option["label"]):
            return str(option["value"])
    raise NotOffered(f"{wanted!r} cannot be chosen")
