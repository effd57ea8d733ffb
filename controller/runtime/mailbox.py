"""Control's end of the mailbox: requests in, answers and status out, as JSON on a sequenced socket.

Control serves, never waits, and bounds what it takes in a tick. A connection stands for a living client: when
the service dies, the kernel closes it.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from controller.domain import plain
from controller.domain.commands import Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# A command that sets every channel of a large rig fits; anything longer is not ours.
MAX_DATAGRAM = 65536
MAX_CLIENTS = 8
MAX_COMMANDS_A_TICK = 16

Message = dict[str, object]
Mail = tuple[socket.socket, Message]


def request_from(message: Mapping[str, object]) -> Request | None:
    """Read a request; None when the message is none or is malformed."""
    if message.get("op") != "request":
        return None
    try:
        return plain.from_plain(Request, message.get("request"))
    except plain.PlainError:
        return None


class MailboxServer:
    """Control's end. `sockets` lets a lockstep loop wait until someone speaks."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(MAX_CLIENTS)
        self._clients: list[socket.socket] = []
        # Connections since the start: a new one has been told nothing yet.
        self.accepted = 0

    @property
    def connected(self) -> bool:
        return bool(self._clients)

    @property
    def sockets(self) -> list[socket.socket]:
        return [self._listener, *self._clients]

    def receive(self) -> list[Mail]:
        """Return what has come in since the last call, at most MAX_COMMANDS_A_TICK messages."""
        self._accept()
        received: list[Mail] = []
        for client in list(self._clients):
            while len(received) < MAX_COMMANDS_A_TICK:
                message = self._take(client)
                if message is None:
                    break
                received.append((client, message))
        return received

    def send(self, client: socket.socket, message: Message) -> None:
        """Answer; a client that is gone or does not read loses the answer and its connection."""
        try:
            client.send(json.dumps(message).encode())
        except OSError:
            self._drop(client)

    def broadcast(self, message: Message) -> None:
        for client in list(self._clients):
            self.send(client, message)

    def close(self) -> None:
        for each in self.sockets:
            each.close()

    def _accept(self) -> None:
        while len(self._clients) < MAX_CLIENTS:
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            client.setblocking(False)
            self.accepted += 1
            self._clients.append(client)

    def _take(self, client: socket.socket) -> Message | None:
        try:
            data = client.recv(MAX_DATAGRAM)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return None
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            message = {}
        return message if isinstance(message, dict) else {}

    def _drop(self, client: socket.socket) -> None:
        if client in self._clients:
            self._clients.remove(client)
            client.close()
