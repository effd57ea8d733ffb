"""Where a simulated device meets a host: a real pseudo-terminal, or an in-process line."""

from __future__ import annotations

import os
import tty
from typing import TYPE_CHECKING, Protocol

from firmware_bridge.link.interfaces import READ_LIMIT, LinkError

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_bridge.link.interfaces import Link


class DevicePort(Protocol):
    """The serial port of a simulated device."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes from the host and return what the device answers."""
        ...


class LoopbackEndpoint:
    """Serves a device on the far end of an in-process line."""

    def __init__(self, link: Link, device: DevicePort) -> None:
        self._link = link
        self._device = device

    def pump(self) -> None:
        """Carry what waits, both ways. A reply that the line has no room for is lost, as on a wire."""
        reply = self._device.feed(self._link.read())
        if reply:
            self._link.write(reply)


class PtyEndpoint:
    """Serves a device on a pseudo-terminal that any serial program can open by its path.

    `link_path` is a stable second name for it: a symbolic link, replaced if there is one, removed on close.
    The host may close and open the terminal as it likes.
    """

    def __init__(self, device: DevicePort, *, link_path: Path | None = None) -> None:
        self._device = device
        self._unsent = b""
        self.lost_bytes = 0
        """Reply bytes dropped because no host took them."""
        # We keep the slave open: reading the master would fail with EIO whenever no host had it open.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._terminal = os.ttyname(self._slave)
        self._link_path = link_path
        if link_path is not None:
            try:
                _point(link_path, self._terminal)
            except BaseException:
                self._close_terminal()
                raise

    @property
    def path(self) -> str:
        """What the host opens."""
        return self._terminal if self._link_path is None else str(self._link_path)

    def fileno(self) -> int:
        """Return the descriptor that is readable when the host has sent something."""
        return self._master

    def pump(self) -> int:
        """Carry what waits, both ways, without waiting; return how many bytes came from the host."""
        try:
            chunk = os.read(self._master, READ_LIMIT)
        except BlockingIOError:
            chunk = b""
        reply = self._device.feed(chunk)
        self._flush()
        if self._unsent:  # the host does not read: what is late is worthless
            self.lost_bytes += len(reply)
        else:
            self._unsent = reply
            self._flush()
        return len(chunk)

    def close(self) -> None:
        """Remove the symbolic link, if it is still ours, and the terminal."""
        path = self._link_path
        if path is not None and path.is_symlink() and str(path.readlink()) == self._terminal:
            path.unlink()
        self._close_terminal()

    def _flush(self) -> None:
        if self._unsent:
            try:
                self._unsent = self._unsent[os.write(self._master, self._unsent) :]
            except BlockingIOError:
                return

    def _close_terminal(self) -> None:
        os.close(self._master)
        os.close(self._slave)


def _point(link_path: Path, target: str) -> None:
    """Make or move a symbolic link in one step; LinkError when something else bears its name."""
    if link_path.exists() and not link_path.is_symlink():
        raise LinkError(f"{link_path}: exists and is no symbolic link: remove it, or choose another name")
    temporary = link_path.with_name(f".{link_path.name}.{os.getpid()}")
    try:
        temporary.symlink_to(target)
        temporary.replace(link_path)
    except OSError as error:
        raise LinkError(f"{link_path}: {error.strerror}: choose another place for the link") from error
