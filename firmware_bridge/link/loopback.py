"""A line inside this process: two ends, and what one writes the other reads."""

from __future__ import annotations

from firmware_bridge.link.interfaces import READ_LIMIT, LinkError

CAPACITY = 16 * 1024
"""Bytes that wait in one direction, four times what Linux keeps for a serial port."""


class _Pipe:
    """One direction of the line. Closed as soon as either end is."""

    __slots__ = ("closed", "waiting")

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.closed = False


class LoopbackLink:
    """One end of an in-process line; made in pairs by `loopback_pair`."""

    def __init__(self, name: str, incoming: _Pipe, outgoing: _Pipe) -> None:
        self.name = name
        self._incoming = incoming
        self._outgoing = outgoing

    def read(self) -> bytes:
        waiting = self._incoming.waiting
        if not waiting:
            self._check_open()
            return b""
        data = bytes(waiting[:READ_LIMIT])
        del waiting[:READ_LIMIT]
        return data

    def write(self, data: bytes) -> bool:
        self._check_open()
        waiting = self._outgoing.waiting
        if len(waiting) + len(data) > CAPACITY:
            return False
        waiting += data
        return True

    def close(self) -> None:
        """Close both directions: the peer reads what waits, then gets LinkError, as if unplugged."""
        self._incoming.closed = self._outgoing.closed = True
        self._incoming.waiting.clear()

    def _check_open(self) -> None:
        if self._outgoing.closed:
            raise LinkError(f"{self.name}: the in-process line is closed")


def loopback_pair(name: str = "loopback") -> tuple[LoopbackLink, LoopbackLink]:
    """Make a line and return its host end and its device end."""
    to_device, to_host = _Pipe(), _Pipe()
    return LoopbackLink(name, to_host, to_device), LoopbackLink(name, to_device, to_host)
