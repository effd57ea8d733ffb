"""Words to systemd over its notification socket (sd_notify(3)); without one, nothing is said."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send for instance "READY=1" or "WATCHDOG=1"."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(state.encode(), address)
