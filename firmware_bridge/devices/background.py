"""A spectrometer whose light has to be waited for: it is exposed in a thread of its own, and fetched later.

Everything that is said to the device is said in that one thread, in turn.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, pairwise
from math import inf, isfinite, isnan
from threading import Event
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import DeviceError, Exposure, NotReadyError, SpectrometerIdentity
from firmware_bridge.devices.spectrometer import MAX_PIXELS
from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor, Future

MAX_SCANS: Final = 1000
LATE_S: Final = 0.02
"""When to ask again for an exposure that should have ended."""
_NO_COUNTS: Final = array("i")


@dataclass(slots=True)
class _Running:
    """The newest exposure. `ends_s` is when its light should be in, on the clock of `start`."""

    exposure: Exposure
    integration_s: float
    scans: int
    ends_s: float
    cancelled: Event = field(default_factory=Event)
    result: Future[array[int]] | None = None


class BackgroundSpectrometer(ABC):
    """What such spectrometers share; a device differs in `_connect`, `_expose_for`, `_scan` and `_release`.

    `worker` runs one call after another; `clock` is real time, in s.
    """

    EXTRA_SCANS = 0
    """How many scans the device needs beside those that count."""

    def __init__(
        self, *, worker: Executor | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._worker = ThreadPoolExecutor(1, "spectrometer") if worker is None else worker
        self._clock = clock
        self._identity: SpectrometerIdentity | None = None
        self._running: _Running | None = None
        self._ids = count()
        self._closed = False
        self._wire_s = 0.0
        """How long a scan took beside its light, when it was last seen."""

    def identify(self) -> SpectrometerIdentity:
        """Say what the spectrometer is; it is asked once, and again after it was lost."""
        return self._identity or self._worker.submit(self._identify).result()

    def start(self, integration_s: float, scans: int) -> Exposure:
        """Start to average `scans` exposures of `integration_s`; ends the exposure before it."""
        identity = self.identify()
        if not identity.min_integration_s <= integration_s <= identity.max_integration_s:
            raise DeviceError(
                f"an integration time of {integration_s:g} s is not in {identity.min_integration_s:g} to "
                f"{identity.max_integration_s:g} s"
            )
        if not 1 <= scans <= MAX_SCANS:
            raise DeviceError(f"{scans} scans are not in 1 to {MAX_SCANS}")
        scan_s = integration_s + self._wire_s
        ready_in_s = self._end_running() + scan_s * (scans + self.EXTRA_SCANS)
        exposure = Exposure(next(self._ids), ready_in_s)
        running = _Running(exposure, integration_s, scans, self._clock() + ready_in_s)
        running.result = self._worker.submit(self._expose, running)
        self._running = running
        return exposure

    def fetch(self, exposure: Exposure) -> array[int]:
        """Return the counts, one for each pixel; NotReadyError, or what went wrong, as BridgeError."""
        running = self._running
        if running is None or running.exposure != exposure or running.result is None:
            raise DeviceError(f"exposure {exposure.id} has been ended by a later one")
        if not running.result.done():
            raise NotReadyError(max(running.ends_s - self._clock(), LATE_S))
        return running.result.result()

    def close(self) -> None:
        """Let go of the device for good, once the scan under way has ended; twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._end_running()
        self._worker.submit(self._forget)
        self._worker.shutdown(wait=False)

    def _end_running(self) -> float:
        """Take no further scan; return how long the one under way may still take, in s."""
        running = self._running
        if running is None or running.result is None or running.result.done():
            return 0.0
        running.cancelled.set()
        return min(max(running.ends_s - self._clock(), 0.0), running.integration_s)

    def _identify(self) -> SpectrometerIdentity:
        if self._identity is None:
            try:
                self._identity = _checked(self._connect())
            except BridgeError:
                self._forget()
                raise
        return self._identity

    def _expose(self, running: _Running) -> array[int]:
        try:
            identity = self._identify()
            self._expose_for(running.integration_s)
            for _ in range(self.EXTRA_SCANS):
                self._scan(running.integration_s)
            return self._average(running, identity)
        except BridgeError:
            self._forget()
            raise

    def _average(self, running: _Running, identity: SpectrometerIdentity) -> array[int]:
        """Average the scans; a pixel that was saturated in one of them counts as saturated."""
        totals = [0.0] * identity.pixels
        began_s = self._clock()
        for _ in range(running.scans):
            if running.cancelled.is_set():
                return _NO_COUNTS  # nobody can fetch it any more
            scan = self._scan(running.integration_s)
            if len(scan) != identity.pixels:
                raise DeviceError(f"a spectrum of {len(scan)} values for {identity.pixels} pixels")
            if any(map(isnan, scan)):
                raise DeviceError("a spectrum with values that are no counts")
            totals = [total + value for total, value in zip(totals, scan, strict=True)]
        self._wire_s = max((self._clock() - began_s) / running.scans - running.integration_s, 0.0)
        most, scans = identity.max_counts, running.scans
        return array("i", (most if total == inf else round(total / scans) for total in totals))

    def _forget(self) -> None:
        """Drop the device, so that it is looked for anew: it may come back on another port."""
        self._identity = None
        self._release()

    @abstractmethod
    def _connect(self) -> SpectrometerIdentity:
        """Find the device and ask what it is; BridgeError says what is in the way."""

    @abstractmethod
    def _expose_for(self, integration_s: float) -> None:
        """Set the integration time."""

    @abstractmethod
    def _scan(self, integration_s: float) -> Sequence[float]:
        """Wait for one exposure, and return its counts; inf for a saturated pixel."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of the device; harmless when it is not held. Raises nothing for one that is gone."""


def _checked(identity: SpectrometerIdentity) -> SpectrometerIdentity:
    """Refuse what no spectrometer can be."""
    wavelengths_nm = identity.wavelengths_nm
    if not 2 <= identity.pixels <= MAX_PIXELS:
        raise DeviceError(f"spectrometer {identity.serial_number!r} claims {identity.pixels} pixels")
    if not all(map(isfinite, wavelengths_nm)) or any(b <= a for a, b in pairwise(wavelengths_nm)):
        raise DeviceError(
            f"spectrometer {identity.serial_number!r}: its wavelengths do not rise: calibrate it"
        )
    if not 0.0 < identity.min_integration_s < identity.max_integration_s or identity.max_counts < 1:
        raise DeviceError(f"spectrometer {identity.serial_number!r}: its limits can't be: {identity}")
    return identity
