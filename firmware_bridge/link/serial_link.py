"""A serial port, or anything that pyserial opens by URL, as a line that never waits."""

from __future__ import annotations

import errno
import io
import select
from typing import TYPE_CHECKING

from firmware_bridge.link.interfaces import READ_LIMIT, LinkError

if TYPE_CHECKING:
    import serial

_REMEDIES = {
    errno.ENOENT: "no such port: check the cable and the link's url in the rig file",
    errno.ENXIO: "no device behind this port: check the cable",
    errno.ENODEV: "no device behind this port: check the cable",
    errno.EACCES: "no permission: add this user to the group 'dialout' and log in again",
    errno.EPERM: "no permission: add this user to the group 'dialout' and log in again",
    errno.EAGAIN: "taken by another program: stop it, or name another port",
    errno.EBUSY: "taken by another program: stop it, or name another port",
    errno.ENOTTY: "not a serial port: check the link's url in the rig file",
    errno.ECONNREFUSED: "nobody listens there: start the far end, or name another address",
}


class SerialLink:
    """An open port. Holds back at most the rest of one write that the port took in part."""

    def __init__(self, name: str, port: serial.SerialBase) -> None:
        self.name = name
        self._port = port
        self._descriptor = _descriptor(port)
        if self._descriptor is not None:  # rfc2217:// refuses any write time-out
            port.write_timeout = 0.0
        self._unsent = b""

    def read(self) -> bytes:
        try:
            return bytes(self._port.read(READ_LIMIT))
        except OSError as error:  # SerialException is one
            raise LinkError(f"{self.name}: {error}") from error

    def write(self, data: bytes) -> bool:
        try:
            if self._unsent:
                self._unsent = self._send(self._unsent)
            # What is stale once the port is free again must not queue: refuse it whole.
            if self._unsent:
                return False
            rest = self._send(data)
        except OSError as error:
            raise LinkError(f"{self.name}: {error}") from error
        if len(rest) == len(data):
            return False
        self._unsent = rest
        return True

    def close(self) -> None:
        self._port.close()

    def _send(self, data: bytes) -> bytes:
        """Send what the port takes at once; return the rest."""
        # pyserial spins while a non-blocking port is full, so ask first.
        if self._descriptor is not None and not select.select((), (self._descriptor,), (), 0.0)[1]:
            return data
        sent = self._port.write(data) or 0
        return data[sent:]


def open_serial(
    url: str, *, baud_rate: int = 115_200, framing: str = "8N1", handshake: str = "none"
) -> SerialLink:
    """Open a port for this process alone. LinkError says what is in the way and what to do.

    `framing` has data bits, parity (N, E, O, M or S) and stop bits; `handshake` is none, rts/cts or xon/xoff.
    `url` is a device path or any URL that pyserial knows. A network URL's host is looked up and connected to
    here, which may wait for seconds; an `rfc2217://` port may also wait in `write`.
    """
    import serial  # noqa: PLC0415 - a process without a serial port need not load it

    try:
        port = serial.serial_for_url(
            url,
            baudrate=baud_rate,
            bytesize=int(framing[0]),
            parity=framing[1],
            stopbits=float(framing[2:]),
            rtscts=handshake == "rts/cts",
            xonxoff=handshake == "xon/xoff",
            timeout=0.0,
            exclusive=True,
        )
    except OSError as error:
        raise LinkError(f"{url}: {_REMEDIES.get(_error_number(error), str(error))}") from error
    except ValueError as error:  # an unknown URL scheme, a baud rate that the port does not have
        raise LinkError(f"{url}: {error}; see pyserial's list of URL handlers") from error
    return SerialLink(url, port)


def _descriptor(port: serial.SerialBase) -> int | None:
    try:
        return port.fileno()
    except io.UnsupportedOperation:  # a URL handler without a file descriptor, such as loop://
        return None


def _error_number(error: BaseException | None) -> int:
    """Find the operating system's error number, which pyserial often leaves in the cause's arguments."""
    while error is not None:
        number = error.args[0] if len(error.args) > 1 else None
        if isinstance(number, int):
            return number
        error = error.__context__
    return 0
