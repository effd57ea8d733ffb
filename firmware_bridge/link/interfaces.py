"""What a driver needs of a line: bytes out, bytes in, never waiting."""

from __future__ import annotations

from typing import Final, Protocol

from firmware_bridge.errors import BridgeError

READ_LIMIT: Final = 4096
"""Most bytes of one read: some 70 frames of inputs, so that a babbling peer cannot hold up a tick."""


class LinkError(BridgeError):
    """A line could not be opened, or is gone."""


class Link(Protocol):
    """A line that carries bytes both ways. No call waits for the peer."""

    @property
    def name(self) -> str:
        """What a person calls this line: the port's URL."""
        ...

    def read(self) -> bytes:
        """Take what has arrived, at most `READ_LIMIT` bytes; empty when nothing has. LinkError: line gone."""
        ...

    def write(self, data: bytes) -> bool:
        """Send all of `data`, or False and nothing of it when the line is full. LinkError: line gone."""
        ...

    def close(self) -> None:
        """Release the line; closing twice is harmless."""
        ...
