"""The one base class of everything the bridge raises on purpose."""

from __future__ import annotations


class BridgeError(Exception):
    """Something on a wire, a link or a device went wrong; the text says what and what to do."""
