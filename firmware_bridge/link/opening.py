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

    @property
    def is_busy(self) -> bool:
        """Whether a line is being opened, or has been and was not taken."""
        return self._thread is not None

    def wait(self, timeout_s: float) -> None:
        """Wait until the line under way is open or refused, so long at most."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._link = self._open_link()
        except LinkError as error:
            self._error = error


class OpenedWithin:
    """Opens a line for who may wait, but not for ever: longer than `timeout_s` is an error.

    The far host then has its time: who calls again meanwhile is refused at once, later takes what has come.
    """

    def __init__(self, open_link: Callable[[], Link], name: str, timeout_s: float) -> None:
        self._aside = OpenedAside(open_link)
        self._name = name
        self._timeout_s = timeout_s

    def __call__(self) -> Link:
        """Return the open line; LinkError: it can't be, or not in time."""
        waited = self._aside.is_busy
        link = self._aside()
        if link is None and not waited:
            self._aside.wait(self._timeout_s)
            link = self._aside()
        if link is None:
            raise LinkError(
                f"{self._name}: not open after {self._timeout_s:g} s: check the far host and its name"
            )
        return link


def is_network(url: str) -> bool:
    """Whether opening this URL may wait for a far host."""
    return url.startswith(_NETWORK)
