"""The driver of a framed serial spectrometer, for a worker thread. It waits for the wire, never for light."""

from __future__ import annotations

import math
import time
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar

from firmware_bridge.devices.interfaces import (
    DeviceError,
    Exposure,
    NoAnswerError,
    NotReadyError,
    SpectrometerIdentity,
)
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import DELIMITER, SEQUENCES, FrameStream
from firmware_bridge.wire.layout import Message, MessageError

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES: Final = 4
MAX_PIXELS: Final = 8192
"""Twice the longest line sensor in use: bounds what an instrument can make us ask for."""
MAX_INTEGRATION_S: Final = 3600.0
"""What fits the wire, rounded down; an instrument says its own, shorter limit."""
POLL_S: Final = 0.0005

_Reply = TypeVar("_Reply", bound=Message)


class FramedSpectrometer:
    """One spectrometer behind a line that `open_link` opens, and opens again after it failed.

    `clock` and `pause` measure the wire's time, which is real even where the light's is simulated.
    """

    def __init__(
        self,
        open_link: Callable[[], Link],
        *,
        reply_timeout_s: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open_link = open_link
        self._reply_timeout_s = reply_timeout_s
        self._clock = clock
        self._pause = pause
        self._link: Link | None = None
        self._frames = FrameStream()
        self._sequence = 0
        self._identity: SpectrometerIdentity | None = None

    def identify(self) -> SpectrometerIdentity:
        """Ask the spectrometer what it is; LinkError, NoAnswerError, or DeviceError for nonsense."""
        request = m.Identify()
        reply = _expect(m.Identity, self._answer(request), request)
        if not 2 <= reply.pixels <= MAX_PIXELS:
            raise DeviceError(f"spectrometer {reply.serial_number!r} claims {reply.pixels} pixels")
        self._identity = SpectrometerIdentity(
            model=reply.model,
            serial_number=reply.serial_number,
            wavelengths_nm=_wavelengths_nm(reply),
            max_counts=reply.max_counts,
            min_integration_s=reply.min_integration_us / 1e6,
            max_integration_s=reply.max_integration_us / 1e6,
        )
        return self._identity

    def start(self, integration_s: float, scans: int) -> Exposure:
        """Start to average `scans` exposures of `integration_s`; ends the exposure before it."""
        if not 0.0 < integration_s <= MAX_INTEGRATION_S:
            raise DeviceError(
                f"an integration time of {integration_s} s is not in 0 to {MAX_INTEGRATION_S} s"
            )
        request = m.Expose(round(integration_s * 1e6), scans)
        # Repeating it after a lost reply starts the exposure anew, which costs time and nothing else.
        reply = _expect(m.Exposing, self._answer(request), request)
        return Exposure(reply.exposure_id, reply.ready_in_ms / 1000.0)

    def fetch(self, exposure: Exposure) -> array[int]:
        """Read an exposure's counts, one for each pixel; NotReadyError while it has not ended."""
        pixels = (self._identity or self.identify()).pixels
        counts = array("H")
        while len(counts) < pixels:
            counts.extend(self._fetch_from(exposure.id, len(counts), pixels))
        return counts

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _fetch_from(self, exposure_id: int, first_pixel: int, pixels: int) -> tuple[int, ...]:
        request = m.Fetch(exposure_id, first_pixel)
        answer = self._answer(request)
        if isinstance(answer, m.NotReady):
            raise NotReadyError(answer.ready_in_ms / 1000.0)
        reply = _expect(m.Pixels, answer, request)
        due = min(pixels - first_pixel, m.PIXELS_PER_FRAME)
        if (reply.exposure_id, reply.first_pixel, reply.count) != (exposure_id, first_pixel, due):
            raise DeviceError(
                f"asked for {due} pixels from {first_pixel} of exposure {exposure_id}, got {reply.count} "
                f"from {reply.first_pixel} of exposure {reply.exposure_id}"
            )
        return reply.counts[:due]

    def _answer(self, request: Message) -> Message:
        """Ask until an answer comes, `TRIES` times at most."""
        failure: LinkError | None = None
        for _ in range(TRIES):
            try:
                reply = self._ask_once(request)
            except LinkError as error:
                self.close()
                failure = error
                continue
            if reply is not None:
                return reply
        if failure is not None:
            raise failure
        raise NoAnswerError(
            f"{self._name()}: no answer to {type(request).__name__.upper()} in {TRIES} tries of "
            f"{self._reply_timeout_s:g} s: check the spectrometer's power and cable"
        )

    def _ask_once(self, request: Message) -> Message | None:
        """Send a request and wait for its reply; None when none comes in time."""
        link = self._link or self._open()
        sequence = self._sequence
        self._sequence = (sequence + 1) % SEQUENCES
        deadline_s = self._clock() + self._reply_timeout_s
        data = DELIMITER + m.encode(sequence, request)
        while not link.write(data):
            if self._clock() >= deadline_s:
                return None
            self._pause(POLL_S)
        while True:
            reply = self._find_reply(link.read(), sequence)
            if reply is not None or self._clock() >= deadline_s:
                return reply
            self._pause(POLL_S)

    def _find_reply(self, chunk: bytes, sequence: int) -> Message | None:
        for frame in self._frames.feed(chunk):
            if frame.sequence == sequence:
                try:
                    return m.decode(frame, m.SPECTROMETER_REPLIES)
                except MessageError as error:
                    raise DeviceError(f"{self._name()}: {error}") from error
        return None

    def _open(self) -> Link:
        self._frames.reset()
        self._link = self._open_link()
        return self._link

    def _name(self) -> str:
        return "spectrometer" if self._link is None else self._link.name


def _expect(kind: type[_Reply], answer: Message, request: Message) -> _Reply:
    if isinstance(answer, kind):
        return answer
    name = type(request).__name__.upper()
    if isinstance(answer, m.Refused):
        reason = answer.reason.name.lower().replace("_", " ")
        raise DeviceError(f"the spectrometer refused {name}: {reason}")
    raise DeviceError(f"the spectrometer answered {name} with {type(answer).__name__.upper()}")


def _wavelengths_nm(identity: m.Identity) -> array[float]:
    """Evaluate the polynomial at every pixel; DeviceError unless the wavelengths are finite and rise."""
    c0, c1, c2, c3 = identity.coefficients_nm
    wavelengths_nm = array("d", (((c3 * p + c2) * p + c1) * p + c0 for p in range(identity.pixels)))
    if not all(map(math.isfinite, wavelengths_nm)) or any(b <= a for a, b in pairwise(wavelengths_nm)):
        raise DeviceError(
            f"spectrometer {identity.serial_number!r}: its wavelength polynomial {identity.coefficients_nm} "
            "does not rise: calibrate it"
        )
    return wavelengths_nm
