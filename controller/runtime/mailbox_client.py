"""The service's end of the mailbox: requests with answers, and status that control sends unasked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind
from controller.runtime.mailbox import MAX_DATAGRAM, Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REPLY_TIMEOUT_S = 10.0
_AT_ONCE = 64
"""Messages taken in one turn of the loop, which has more to do than to hear control."""


class MailboxClient:
    """One line to control; opens again on use after control restarts."""

    def __init__(self, path: Path, on_status: Callable[[Message], None]) -> None:
        self._path = path
        self._on_status = on_status
        self._socket: socket.socket | None = None
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
        if self._socket is not None:
            # Another was quicker.
            line.close()
            return
        self._socket = line
        # Called by the loop itself: a task that awaits each message costs it thrice the turns.
        asyncio.get_running_loop().add_reader(line, self._read, line)

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
        self._hang_up()

    def _read(self, line: socket.socket) -> None:
        """Take what has come; a line that ends, or on which nonsense comes, is hung up."""
        stays = False
        try:
            with contextlib.suppress(OSError):
                stays = self._take(line)
        finally:
            if not stays:
                self._hang_up()

    def _take(self, line: socket.socket) -> bool:
        """Deliver what waits; False at the line's end."""
        for _ in range(_AT_ONCE):
            try:
                data = line.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._deliver(json.loads(data))
        return True

    def _deliver(self, message: Message) -> None:
        number = message.get("id")
        if number is None:
            self._on_status(message)
        elif isinstance(number, int) and (answer := self._waiting.get(number)) and not answer.done():
            answer.set_result(message)

    def _hang_up(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
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
