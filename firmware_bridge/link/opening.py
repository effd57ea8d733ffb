"""Opens a line beside whoever waits for it: looking up and calling a far host may take seconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from firmware_bridge.link.interfaces import Link, LinkError

if TYPE_CHECKING:
    from collections.abc import Callable

_NETWORK: Final = ("socket://", "rfc2217://")


class OpenedAside:
    """Calls `open_link` in a thread of its own; each call here takes what has come of it, and never waits."""

    def __init__(self, open_link: Callable[[], Link]) -> None:
        self._open_link = open_link
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._error: LinkError | None = None

    def __call__(self) -> Link | None:
        """Return the open line, or None while it is still being opened; LinkError: it can't be."""
        thread = self._thread
        if thread is None:
            # A daemon: an unreachable host must not keep the process from ending.
            self._thread = threading.Thread(target=self._run, name="opening a line", daemon=True)
            self._thread.start()
            return None
        if thread.is_alive():
            return None
        self._thread = None
        link, self._link = self._link, None
        error, self._error = self._error, None
        if error is not None:
            raise error
        return link

    def _run(self) -> None:
        try:
            self._link = self._open_link()
        except LinkError as error:
            self._error = error


def is_network(url: str) -> bool:
    """Whether opening this URL may wait for a far host."""
    return url.startswith(_NETWORK)
