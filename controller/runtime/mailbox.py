"""Commands into the control process and its answers out: JSON datagrams on a local sequenced socket.

Control serves, never waits, and bounds what it takes in a tick. A connection stands for a living client: when
the service dies, the kernel closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING

from controller.domain import plain
from controller.domain.commands import Request
from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# A command that sets every channel of a large rig fits; anything longer is not ours.
MAX_DATAGRAM = 65536
MAX_CLIENTS = 8
MAX_COMMANDS_A_TICK = 16
REPLY_TIMEOUT_S = 10.0

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
        except ValueError:
            message = {}
        return message if isinstance(message, dict) else {}

    def _drop(self, client: socket.socket) -> None:
        if client in self._clients:
            self._clients.remove(client)
            client.close()


class MailboxClient:
    """The service's end: requests with answers, and status that control sends unasked.

    Reconnects on use after control restarts.
    """

    def __init__(self, path: Path, on_status: Callable[[Message], None]) -> None:
        self._path = path
        self._on_status = on_status
        self._socket: socket.socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._last_id = 0

    async def connect(self) -> None:
        """Open the connection unless it stands; ControllerError CONTROL_GONE when nobody listens."""
        if self._socket is not None:
            return
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            await asyncio.get_running_loop().sock_connect(line, str(self._path))
        except OSError:
            line.close()
            raise _gone() from None
        self._socket = line
        self._reader = asyncio.create_task(self._read(line))

    async def request(self, message: Message, *, timeout_s: float | None = REPLY_TIMEOUT_S) -> Message:
        """Send and wait for the answer; ControllerError CONTROL_GONE when control dies meanwhile."""
        await self.connect()
        assert self._socket is not None
        self._last_id += 1
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number := self._last_id] = answer
        try:
            data = json.dumps({**message, "id": number}).encode()
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
            return await asyncio.wait_for(answer, timeout_s)
        except (OSError, TimeoutError):
            raise _gone() from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        self._hang_up()

    async def _read(self, line: socket.socket) -> None:
        try:
            while data := await asyncio.get_running_loop().sock_recv(line, MAX_DATAGRAM):
                self._deliver(json.loads(data))
        except OSError:
            pass
        finally:
            self._hang_up()

    def _deliver(self, message: Message) -> None:
        number = message.get("id")
        if number is None:
            self._on_status(message)
        elif isinstance(number, int) and (answer := self._waiting.get(number)) and not answer.done():
            answer.set_result(message)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_gone())


def _gone() -> ControllerError:
    return ControllerError(
        "the control process does not answer",
        reason="CONTROL_GONE",
        kind=Kind.UNAVAILABLE,
        remedy="ostwaldd restarts it; try again in a moment, or see its log",
    )
