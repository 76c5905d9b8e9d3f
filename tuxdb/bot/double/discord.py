"""The double as tests and the playground use it."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from tuxdb.bot.double.faults import Faults, Request
from tuxdb.bot.double.gateway import Gateway
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.limits import Limits
from tuxdb.bot.double.messages import Message
from tuxdb.bot.double.options import NotOffered
from tuxdb.bot.double.people import People
from tuxdb.bot.double.places import Channel, Json, Member, User
from tuxdb.bot.double.realm import Realm
from tuxdb.bot.double.replies import Reply
from tuxdb.bot.double.scenery import Scenery
from tuxdb.bot.double.server import API, Server


class DiscordDouble(Scenery):
    """Discord, as far as a bot can tell; listens while entered."""

    def __init__(self, *, token: str | None = None) -> None:
        super().__init__(Realm(token=token))
        self.faults = Faults()
        self.gateway = Gateway(self.realm, self.faults)
        self.realm.teller = self.gateway
        self.people = People(self.realm)
        self._server = Server(self.realm, self.faults, self.gateway)

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gateway.drop()
        await self._server.stop()

    @property
    def api_base(self) -> str:
        """What `TUXDB_DISCORD_API_BASE` is set to."""
        return self.realm.site + API

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.realm.token

    @property
    def application_id(self) -> int:
        """The application's id, which is the bot's as well."""
        return self.realm.application_id

    @property
    def owner(self) -> User:
        """Who owns the application."""
        return self.realm.owner

    @property
    def limits(self) -> Limits:
        """Rate limits: `.add("POST /channels/", 5, 5.0)`."""
        return self._server.limits

    @property
    def requests(self) -> list[Request]:
        """All requests, oldest first."""
        return list(self.realm.requests)

    @property
    def replies(self) -> list[Reply]:
        """What came of every interaction, oldest first."""
        return list(self.realm.replies.values())

    @property
    def commands(self) -> list[Json]:
        """What is registered, with defaults and translations."""
        return list(self.realm.commands.values())

    def command(self, name: str) -> Json:
        """One registered command."""
        return next(item for item in self.commands if item["name"] == name)

    @property
    def sessions(self) -> int:
        """How many sessions have a socket now."""
        return sum(
            session.connection is not None for session in self.gateway.sessions.values()
        )

    def allow_intents(self, *names: str) -> None:
        """Switch privileged intents on in the portal, as `guild_members`."""
        for name in names:
            self.realm.allowed_intents |= Intent[name.upper()]

    def ago(self, seconds: float) -> AbstractContextManager[None]:
        """Have what people do within be of the past, by its id."""
        return self.realm.snowflake.ago(seconds)

    async def slash(
        self,
        member: Member,
        command: str,
        /,
        *,
        where: Channel | None = None,
        forced: bool = False,
        **options: object,
    ) -> Reply:
        """Use a command and wait for the answer.

        `forced` sends what Discord's client would not: hidden commands, values out of
        range. Without it, `NotOffered` is raised for them. `where` may be `direct`.
        """
        reply = self.start(member, command, where=where, forced=forced, **options)
        return await reply.finished()

    def start(
        self,
        member: Member,
        command: str,
        /,
        *,
        where: Channel | None = None,
        forced: bool = False,
        **options: object,
    ) -> Reply:
        """Use a command without waiting; `await reply.finished()` does."""
        return self.people.use(
            member, command, where=where, forced=forced, options=options
        )

    async def menu(
        self,
        member: Member,
        name: str,
        target: Member | Message,
        *,
        where: Channel | None = None,
        forced: bool = False,
    ) -> Reply:
        """Choose an entry of a context menu."""
        reply = self.people.menu(member, name, target, where=where, forced=forced)
        return await reply.finished()

    async def press(
        self,
        member: Member,
        on: Reply | Message,
        button: str,
        *,
        forced: bool = False,
    ) -> Reply:
        """Press a button by its label, emoji or custom id."""
        return await self.start_press(member, on, button, forced=forced).finished()

    def start_press(
        self,
        member: Member,
        on: Reply | Message,
        button: str,
        *,
        forced: bool = False,
    ) -> Reply:
        """Press a button without waiting."""
        return self.people.press(member, _message(on), button, forced=forced)

    async def select(
        self,
        member: Member,
        on: Reply | Message,
        *values: object,
        custom_id: str | None = None,
    ) -> Reply:
        """Choose in a select."""
        message = _message(on)
        reply = self.people.select(member, message, list(values), custom_id)
        return await reply.finished()

    async def submit(self, member: Member, on: Reply, **values: object) -> Reply:
        """Fill in the modal that a reply has shown, by custom id or label."""
        return await self.people.submit(member, on, values).finished()

    async def autocomplete(
        self,
        member: Member,
        command: str,
        /,
        focused: str,
        value: object = "",
        **options: object,
    ) -> list[Json]:
        """Type into an option; the choices that the bot offers."""
        reply = self.people.complete(member, command, focused, value, options)
        await reply.finished()
        if reply.choices is None:
            raise NotOffered(reply.error or "no choices came")
        return reply.choices

    def say(self, member: Member, text: str, where: Channel | None = None) -> Message:
        """Write a message."""
        return self.people.say(member, text, where)

    def direct(self, user: User) -> Channel:
        """The channel in which the bot and a user are alone."""
        return self.realm.direct(user)

    def redeliver(self, reply: Reply) -> None:
        """Send the same interaction again."""
        self.people.deliver(reply)

    def reconnect(self) -> None:
        """Ask the bot to reconnect and resume."""
        self.gateway.reconnect()

    def invalid_session(self, *, resumable: bool = False) -> None:
        """Tell the bot that its session is invalid."""
        self.gateway.invalidate(resumable=resumable)

    def drop_sockets(self) -> None:
        """Cut the gateway's sockets; events meanwhile are repeated at a resume."""
        self.gateway.drop()

    def forget_sessions(self) -> None:
        """Have no session to resume."""
        self.gateway.forget()

    async def close_sockets(self, code: int, reason: str = "") -> None:
        """Close the gateway's sockets with a code, as 4014 or 1000."""
        await self.gateway.close(code, reason)


def _message(on: Reply | Message) -> Message:
    """The message that is shown last and has something to press."""
    if isinstance(on, Message):
        return on
    pressable = [message for message in on.seen if message.components]
    shown = pressable[-1] if pressable else on.shown
    if shown is None:
        raise NotOffered("the reply shows nothing")
    return shown
