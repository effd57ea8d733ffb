"""The twin of a serial spectrometer, byte for byte, in simulated time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import ceil
from struct import pack, unpack
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import FrameStream
from firmware_bridge.wire.layout import MessageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Plant
    from firmware_bridge.wire.framing import Frame
    from firmware_bridge.wire.layout import Message

DEGREE: Final = 3
WORST_FIT_NM: Final = 0.05
"""A tenth of what a bench spectrometer resolves."""
_ROUNDING_S: Final = 1e-9
"""What adding up time steps may be off by."""
_EXPOSURE_IDS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class SpectrometerModel:
    """What one spectrometer is."""

    model: str = "OST-TWIN"
    serial_number: str = "TWIN-S001"
    max_counts: int = 65535
    min_integration_s: float = 0.001
    max_integration_s: float = 10.0
    max_scans: int = 1000


@dataclass(slots=True)
class _Exposure:
    id: int
    integration_s: float
    scans: int
    ends_s: float
    counts: array[int] | None = None


class SpectrometerTwin:
    """Answers as the instrument would; its light comes from the plant."""

    def __init__(self, plant: Plant, model: SpectrometerModel | None = None) -> None:
        self.model = SpectrometerModel() if model is None else model
        self._plant = plant
        self._coefficients_nm = fit_wavelengths(plant.wavelengths_nm)
        self._pixels = len(plant.wavelengths_nm)
        self._frames = FrameStream()
        self._time_s = 0.0
        self._next_id = 0
        self._exposure: _Exposure | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes from the host and return what the spectrometer answers to them."""
        replies = []
        for frame in self._frames.feed(chunk):
            reply = self._answer(frame)
            if reply is not None:
                replies.append(m.encode(frame.sequence, reply))
        return b"".join(replies)

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass; an exposure that ends in it is read out at its end."""
        self._time_s += dt_s
        exposure = self._exposure
        if exposure is not None and exposure.counts is None and self._time_s >= exposure.ends_s - _ROUNDING_S:
            light = self._plant.expose(exposure.integration_s, exposure.scans)
            exposure.counts = self._convert(light)

    def _convert(self, light: NDArray[np.float64]) -> array[int]:
        """Digitise: whole counts, saturated at both ends."""
        counts = np.clip(np.rint(light), 0, self.model.max_counts).astype(np.uint16)
        return array("H", counts.tobytes())

    def _answer(self, frame: Frame) -> Message | None:
        try:
            message = m.decode(frame, m.SPECTROMETER_REQUESTS)
        except m.UnknownTypeError:
            # Never answer a reply: on a line that echoes, that would not end.
            return None if frame.number & m.REPLY_BIT else m.Refused(frame.number, m.Refusal.UNKNOWN_TYPE)
        except MessageError:
            return m.Refused(frame.number, m.Refusal.MALFORMED)
        match message:
            case m.Expose():
                return self._expose(message, frame.number)
            case m.Fetch():
                return self._fetch(message, frame.number)
            case _:
                return self._identity()

    def _identity(self) -> m.Identity:
        model = self.model
        return m.Identity(
            model=model.model,
            serial_number=model.serial_number,
            pixels=self._pixels,
            coefficients_nm=self._coefficients_nm,
            max_counts=model.max_counts,
            min_integration_us=round(model.min_integration_s * 1e6),
            max_integration_us=round(model.max_integration_s * 1e6),
        )

    def _expose(self, expose: m.Expose, number: int) -> Message:
        model = self.model
        integration_s = expose.integration_us / 1e6
        if (
            not model.min_integration_s <= integration_s <= model.max_integration_s
            or not 0 < expose.scans <= model.max_scans
        ):
            return m.Refused(number, m.Refusal.OUT_OF_RANGE)
        ends_s = self._time_s + integration_s * expose.scans
        self._exposure = _Exposure(self._next_id, integration_s, expose.scans, ends_s)
        self._next_id = (self._next_id + 1) % _EXPOSURE_IDS
        return m.Exposing(self._exposure.id, self._milliseconds_to(ends_s))

    def _fetch(self, fetch: m.Fetch, number: int) -> Message:
        exposure = self._exposure
        if exposure is None or exposure.id != fetch.exposure_id:
            return m.Refused(number, m.Refusal.NO_SUCH_EXPOSURE)
        if exposure.counts is None:
            return m.NotReady(exposure.id, self._milliseconds_to(exposure.ends_s))
        if fetch.first_pixel >= self._pixels:
            return m.Refused(number, m.Refusal.NO_SUCH_PIXEL)
        counts = exposure.counts[fetch.first_pixel : fetch.first_pixel + m.PIXELS_PER_FRAME]
        padding = (0,) * (m.PIXELS_PER_FRAME - len(counts))
        return m.Pixels(exposure.id, fetch.first_pixel, len(counts), (*counts, *padding))

    def _milliseconds_to(self, time_s: float) -> int:
        return ceil(max(time_s - self._time_s - _ROUNDING_S, 0.0) * 1000.0)


def fit_wavelengths(wavelengths_nm: NDArray[np.float64]) -> tuple[float, ...]:
    """Find the polynomial over pixel numbers that an instrument would report, lowest power first.

    ValueError when a cubic misses a pixel by more than `WORST_FIT_NM`: no spectrometer has such a grating.
    """
    pixels = np.arange(len(wavelengths_nm), dtype=np.float64)
    degree = min(DEGREE, len(pixels) - 1)
    fitted = np.polynomial.Polynomial.fit(pixels, wavelengths_nm, degree).convert().coef
    padded = [*fitted.tolist(), *([0.0] * (DEGREE + 1 - len(fitted)))]
    # Single precision, as it crosses the wire, so that what is checked is what the host computes.
    single = unpack("<4f", pack("<4f", *padded))
    miss_nm = float(np.max(np.abs(np.polynomial.polynomial.polyval(pixels, single) - wavelengths_nm)))
    if miss_nm > WORST_FIT_NM:
        raise ValueError(f"wavelengths are {miss_nm:.2f} nm off any cubic in the pixel number")
    return single
