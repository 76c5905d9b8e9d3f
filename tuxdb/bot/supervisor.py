"""Telling systemd how far the bot is: a datagram to the socket that it names."""

import socket
from contextlib import suppress

from tuxdb.settings import environment

READY = "READY=1"
STOPPING = "STOPPING=1"


def tell(state: str) -> None:
    """Say it; without systemd, or if nobody listens, nothing happens."""
    address = environment().get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
    ):
        line.connect(address)
        line.sendall(state.encode())
