"""The gateway: sessions, their events, and how they are cut, resumed or refused."""

import asyncio
import json
import time

from aiohttp import WSMsgType, web

from tuxdb.bot.double.connections import Close, Connection
from tuxdb.bot.double.faults import Faults
from tuxdb.bot.double.intents import Intent, application_flags
from tuxdb.bot.double.packets import (
    checked_intents,
    checked_presence,
    checked_shard,
    matches,
    undecodable,
)
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.realm import Realm, Told
from tuxdb.bot.double.sessions import Session
from tuxdb.bot.double.snowflakes import shard_of

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE = range(5)
RESUME, RECONNECT = 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
PACKETS, PER_SECONDS = 120, 60.0
CHUNK = 1000


class Gateway:
    """Serves `GET /gateway`; the realm's teller."""

    def __init__(self, realm: Realm, faults: Faults) -> None:
        self._realm, self._faults = realm, faults
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identifies = 0
        self.resumes = 0
        self.heartbeat_ms = 41_250
        self.identify_seconds = 0.0
        """How far apart identifies must be, as Discord has it at 5 s."""
        self._identified_at = float("-inf")
        self.presences: list[Json] = []

    def dispatch(
        self, event: str, told: Told, *, guild_id: int = 0, needs: Intent = Intent.NONE
    ) -> None:
        """Tell every living session of the shard that asked for such events."""
        for session in list(self.sessions.values()):
            asked = needs in session.intents
            if asked and session.shard == shard_of(guild_id, session.shard_count):
                data = told(session.intents) if callable(told) else told
                session.tell(event, data)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket to its end."""
        status = self._faults.take_gateway_refusal()
        if status is not None:
            return web.Response(status=status)
        connection = await Connection.accept(request, self._faults)
        self.connections.add(connection)
        try:
            if request.query.get("v") != "10" or not connection.known_encoding:
                raise Close(4012, "Invalid API version")
            hello = {"heartbeat_interval": self.heartbeat_ms, "_trace": ["double"]}
            connection.send({"op": HELLO, "d": hello, "s": None, "t": None})
            await self._read(connection)
        except Close as close:
            await connection.close(close.code, str(close))
        finally:
            self.connections.discard(connection)
            self._leave(connection)
            await connection.finish()
        return connection.socket

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                raise undecodable()
            try:
                packet = json.loads(message.data)
                op = packet["op"]
            except (ValueError, TypeError, KeyError):
                raise undecodable() from None
            self._count(connection)
            self._take(connection, op, packet.get("d"))

    def _count(self, connection: Connection) -> None:
        now = time.monotonic()
        packets = connection.packets
        packets.append(now)
        while packets[0] < now - PER_SECONDS:
            packets.popleft()
        if len(packets) > PACKETS:
            raise Close(4008, "Rate limited.")

    def _take(self, connection: Connection, op: object, data: object) -> None:
        if op == HEARTBEAT:
            if data is not None and not isinstance(data, int):
                raise undecodable()
            if not self._faults.heartbeats_unanswered:
                connection.send({"op": HEARTBEAT_ACK, "d": None, "s": None, "t": None})
            return
        if op not in (IDENTIFY, PRESENCE, VOICE, RESUME, REQUEST_MEMBERS):
            raise Close(4001, "Unknown opcode.")
        if not isinstance(data, dict):
            raise undecodable()
        if op in (IDENTIFY, RESUME):
            self._authenticate(connection, data)
            (self._identify if op == IDENTIFY else self._resume)(connection, data)
        elif connection.session is None:
            raise Close(4003, "Not authenticated.")
        elif op == REQUEST_MEMBERS:
            self._chunk(connection.session, data)
        elif op == PRESENCE:
            self.presences.append(checked_presence(data))

    def _authenticate(self, connection: Connection, data: Json) -> None:
        if connection.session is not None:
            raise Close(4005, "Already authenticated.")
        if data.get("token") != self._realm.token:
            raise Close(4004, "Authentication failed.")

    def _identify(self, connection: Connection, data: Json) -> None:
        shard, count = checked_shard(data)
        intents = checked_intents(data, self._realm.allowed_intents)
        now = time.monotonic()
        too_soon = now - self._identified_at < self.identify_seconds
        if too_soon or self._realm.session_starts <= 0:
            connection.send(_invalid(resumable=False))
            return
        self._identified_at = now
        self.identifies += 1
        self._realm.session_starts -= 1
        session = Session(shard, count, intents)
        self.sessions = {
            key: other
            for key, other in self.sessions.items()
            if other.connection or other.shard != shard
        }
        self.sessions[session.id] = session
        session.attach(connection)
        session.tell("READY", self._ready(session))
        for guild in self._realm.guilds.values():
            here = shard == shard_of(guild.id, count)
            me = guild.members.get(self._realm.bot.id)
            if here and me and Intent.GUILDS in intents and not guild.unavailable:
                everybody = Intent.GUILD_MEMBERS in intents
                members = list(guild.members.values()) if everybody else [me]
                session.tell("GUILD_CREATE", guild.on_create(members))

    def _ready(self, session: Session) -> Json:
        realm = self._realm
        mine = [
            guild for guild in realm.guilds.values() if realm.bot.id in guild.members
        ]
        guilds = [
            {"id": str(guild.id), "unavailable": True}
            for guild in mine
            if session.shard == shard_of(guild.id, session.shard_count)
        ]
        account = {"verified": True, "email": None, "mfa_enabled": True, "flags": 0}
        return {
            "v": 10,
            "user": {**realm.bot.payload(), **account},
            "guilds": guilds,
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shard_count],
            "application": {
                "id": str(realm.application_id),
                "flags": application_flags(realm.allowed_intents),
            },
        }

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._realm.site.replace("http:", "ws:") + "/gateway"

    def _resume(self, connection: Connection, data: Json) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int):
            connection.send(_invalid(resumable=False))
            return
        if sequence > session.sequence:
            raise Close(4007, "Invalid seq")
        if session.connection is not None:
            session.connection.cut()
        missed = session.after(sequence)
        if missed is None:
            connection.send(_invalid(resumable=False))
            return
        self.resumes += 1
        session.attach(connection)
        for packet in missed:
            connection.send(packet)
        session.tell("RESUMED", {"_trace": ["double"]})

    def _chunk(self, session: Session, data: Json) -> None:
        guild = self._realm.guilds.get(int(data.get("guild_id") or 0))
        wanted, query = data.get("user_ids"), data.get("query")
        if wanted is None and Intent.GUILD_MEMBERS not in session.intents:
            raise Close(4014, "Disallowed intent(s).")
        if guild is None:
            return
        found = [
            member
            for member in guild.members.values()
            if matches(member, wanted, query)
        ][: int(data.get("limit") or CHUNK)]
        chunk = {
            "guild_id": str(guild.id),
            "members": [member.payload() for member in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
            **({"nonce": data["nonce"]} if "nonce" in data else {}),
        }
        session.tell("GUILD_MEMBERS_CHUNK", chunk)

    def _leave(self, connection: Connection) -> None:
        """Let go of a session; an orderly farewell ends it, a cut does not."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if connection.socket.close_code in (1000, 1001) and not connection.was_cut:
            self.sessions.pop(session.id, None)

    def reconnect(self) -> None:
        """Ask every session to reconnect and resume, as Discord does now and then."""
        for connection in list(self.connections):
            connection.send({"op": RECONNECT, "d": None, "s": None, "t": None})

    def invalidate(self, *, resumable: bool) -> None:
        """Tell every session that it is invalid; a resumable one may come back."""
        for connection in list(self.connections):
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)
            connection.send(_invalid(resumable=resumable))

    def drop(self) -> None:
        """Cut every socket, without a word."""
        for connection in list(self.connections):
            connection.cut()

    async def close(self, code: int, reason: str = "") -> None:
        """Close every socket with a code."""
        closing = [item.close(code, reason) for item in list(self.connections)]
        await asyncio.gather(*closing)

    def forget(self) -> None:
        """Know no session any more: no resume will succeed."""
        self.sessions.clear()


def _invalid(*, resumable: bool) -> Json:
    return {"op": INVALID_SESSION, "d": resumable, "s": None, "t": None}
