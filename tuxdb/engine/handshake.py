"""Just enough of PostgreSQL's protocol to ask the embedded server how it is.

A driver would cost ten times the milliseconds, and `ensure()` stands before every
command. Unix sockets with peer authentication only.
"""

import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tuxdb.errors import DatabaseUnavailable

PROTOCOL = 3 << 16
SOCKET_NAME = ".s.PGSQL.5432"
PATIENCE_SECONDS = 5.0
MESSAGE_SIZES = range(4, 1 << 20)
WRONG_ACCOUNT = "28000"


class Answer(Enum):
    """What the server says to a client that wants in."""

    READY = "ready"
    NO_DATABASE = "no such database"
    NOT_NOW = "starting or stopping"
    REFUSED = "refused"
    ABSENT = "nobody listens"


STATES = {
    "3D000": Answer.NO_DATABASE,
    "57P01": Answer.NOT_NOW,
    "57P02": Answer.NOT_NOW,
    "57P03": Answer.NOT_NOW,
    "53300": Answer.READY,  # too many clients: it runs, and the driver will tell
}


class ServerError(Exception):
    """The server's answer was an error; `sqlstate` says which."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@dataclass
class Session:
    """One connection, from its first packet to its last."""

    connection: socket.socket
    parameters: dict[str, str] = field(default_factory=dict)

    def login(self, user: str, database: str) -> None:
        """Introduce ourselves; raises ServerError."""
        options = ("user", user, "database", database, "application_name", "tuxdb")
        packet = b"".join(text.encode() + b"\0" for text in options) + b"\0"
        head = struct.pack("!ii", len(packet) + 8, PROTOCOL)
        self.connection.sendall(head + packet)
        self._read_until_ready()

    def query(self, statement: str) -> list[str]:
        """Run a statement; the first column of its rows."""
        packet = statement.encode() + b"\0"
        self.connection.sendall(b"Q" + struct.pack("!i", len(packet) + 4) + packet)
        return self._read_until_ready()

    def _read_until_ready(self) -> list[str]:
        rows: list[str] = []
        while True:
            kind, body = self._message()
            if kind == b"Z":
                return rows
            if kind == b"E":
                raise _server_error(body)
            if kind == b"S":
                name, value = body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            if kind == b"D":
                (size,) = struct.unpack("!i", body[2:6])
                rows.append(body[6 : 6 + size].decode())
            if kind == b"R" and body != b"\0\0\0\0":
                raise ServerError("28000", "the server wants another authentication")

    def _message(self) -> tuple[bytes, bytes]:
        kind, size = struct.unpack("!ci", self._exactly(5))
        if size not in MESSAGE_SIZES:
            raise ServerError("08P01", "what answers there is no PostgreSQL server")
        return kind, self._exactly(size - 4)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise ConnectionResetError
            data += piece
        return bytes(data)


@dataclass(frozen=True)
class Greeting:
    """The server's answer and, where it had one, its version and its words."""

    answer: Answer
    version: str | None = None
    message: str | None = None
    rows: tuple[str, ...] = ()
    sqlstate: str | None = None

    def refusal(self, home: Path) -> DatabaseUnavailable:
        """The error that tells of a login which the server of a folder refused."""
        others = self.sqlstate in (None, WRONG_ACCOUNT)
        return DatabaseUnavailable(
            f"the embedded server of {home} refuses the login: {self.message}",
            hint="it belongs to the account that started it; set TUXDB_HOME for another"
            if others
            else "tuxdb db logs",
        )


def greet(
    folder: Path, user: str, database: str, statement: str | None = None
) -> Greeting:
    """Log in at the socket of a folder, run a statement if given, leave.

    Errors of the statement raise ServerError; those of the login are the answer.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(folder / SOCKET_NAME))
            session = Session(connection)
            try:
                session.login(user, database)
            except ServerError as error:
                answer = STATES.get(error.sqlstate, Answer.REFUSED)
                return Greeting(answer, message=str(error), sqlstate=error.sqlstate)
            rows = tuple(session.query(statement)) if statement else ()
            connection.sendall(b"X\0\0\0\4")
            version = session.parameters.get("server_version")
            return Greeting(Answer.READY, version, rows=rows)
    except (TimeoutError, BlockingIOError):
        return Greeting(Answer.NOT_NOW, message="it does not answer")
    except PermissionError:
        return Greeting(Answer.REFUSED, message="its socket belongs to another account")
    except OSError:
        return Greeting(Answer.ABSENT)


def _server_error(body: bytes) -> ServerError:
    parts = [part for part in body.split(b"\0") if part]
    fields = {part[:1]: part[1:].decode(errors="replace") for part in parts}
    return ServerError(fields.get(b"C", "XX000"), fields.get(b"M", "unknown error"))
