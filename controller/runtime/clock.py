"""The reactor's clock as the service sees it: followed in real and scaled time, granted in lockstep."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_POLL_S = 0.02
# Set within a participant, so that an exposure within a run counts once.
_PARTICIPATING: ContextVar[bool] = ContextVar("participating", default=False)


class FollowedClock:
    """Time as control publishes it, `speed` times as fast as ours; sleeps are checked against it."""

    def __init__(self, read_s: Callable[[], float], speed: float = 1.0) -> None:
        self._read_s = read_s
        self._speed = speed

    def now_s(self) -> float:
        return self._read_s()

    async def sleep(self, duration_s: float) -> None:
        until_s = self._read_s() + duration_s
        # The clock ticks in another process: there is no event to wait for.
        while (left_s := until_s - self._read_s()) > 0.0:  # noqa: ASYNC110
            await asyncio.sleep(max(left_s / self._speed, _POLL_S / self._speed))

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        """Real time waits for nobody."""
        yield


class LockstepClock:
    """Time that stands still until all participants sleep, then runs to the earliest of their ends."""

    def __init__(self, read_s: Callable[[], float], advance: Callable[[float], Awaitable[None]]) -> None:
        self._read_s = read_s
        self._advance = advance
        self._awake = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0
        self._driver: asyncio.Task[None] | None = None

    def now_s(self) -> float:
        return self._read_s()

    async def sleep(self, duration_s: float) -> None:
        """Sleep as a participant; a sleeper that never joined is one for as long as it sleeps."""
        woken = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._read_s() + duration_s, self._order, woken))
        self._awake -= 1
        self._drive()
        try:
            await woken
        finally:
            if not woken.done() or woken.cancelled():
                self._sleepers = [each for each in self._sleepers if each[2] is not woken]
                heapq.heapify(self._sleepers)
                self._awake += 1

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        """Hold time while the body does not sleep; within a participant it adds nothing."""
        if _PARTICIPATING.get():
            yield
            return
        entered = _PARTICIPATING.set(True)
        self._awake += 1
        try:
            yield
        finally:
            _PARTICIPATING.reset(entered)
            self._awake -= 1
            self._drive()

    def _drive(self) -> None:
        if self._awake <= 0 and self._sleepers and (self._driver is None or self._driver.done()):
            self._driver = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._awake <= 0 and self._sleepers:
            until_s = self._sleepers[0][0]
            try:
                left_s = until_s - self._read_s()
                if left_s > 0.0:
                    await self._advance(left_s)
            except Exception as error:  # noqa: BLE001 - handed to the sleepers, who can act on it
                self._fail(error)
                return
            self._wake()

    def _wake(self) -> None:
        until_s = self._read_s() + 1e-9
        while self._sleepers and self._sleepers[0][0] <= until_s:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._awake += 1
                woken.set_result(None)

    def _fail(self, error: Exception) -> None:
        sleepers, self._sleepers = self._sleepers, []
        for _, _, woken in sleepers:
            if not woken.done():
                self._awake += 1
                woken.set_exception(error)
