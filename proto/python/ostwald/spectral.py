"""The grid of a soft sensor: from a spectrum as it was measured to the values that its graph takes.

Trainer and device bring spectra onto the grid by this code alone. Pure; stdlib only.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNALS = ("absorbance", "emission")
LEAST_POINTS = 8
# A spectrometer has some thousands; more would only cost time.
MAX_PIXELS = 1 << 16
_ROUNDING = 1e-6
# Wavelengths are written with few digits.
_UNEVEN = 1e-3


class SpectrumError(OstwaldError):
    """A spectrum that does not give a value at every point of a grid."""


@dataclass(frozen=True, slots=True)
class SpectralGrid:
    """`signal` is one of SIGNALS; `wavelengths_nm` ascend in equal steps, LEAST_POINTS of them or more.

    Raises SpectrumError where they do not.
    """

    signal: str
    wavelengths_nm: tuple[float, ...]

    def __post_init__(self) -> None:
        nm = self.wavelengths_nm
        if self.signal not in SIGNALS:
            raise SpectrumError(f"signal {self.signal!r} is none of {', '.join(SIGNALS)}")
        if len(nm) < LEAST_POINTS:
            raise SpectrumError(f"a grid of {len(nm)} wavelengths, {LEAST_POINTS} are needed")
        step = (nm[-1] - nm[0]) / (len(nm) - 1)
        even = all(abs(point - nm[0] - index * step) <= _UNEVEN * step for index, point in enumerate(nm))
        if not (nm[0] > 0.0 and step > 0.0 and even):
            raise SpectrumError("the wavelengths of a grid ascend from above 0 in equal steps")

    @property
    def step_nm(self) -> float:
        return (self.wavelengths_nm[-1] - self.wavelengths_nm[0]) / (len(self.wavelengths_nm) - 1)

    def names(self) -> tuple[str, ...]:
        """Name the inputs of a graph: `absorbance_402.5`."""
        return tuple(f"{self.signal}_{point:.10g}" for point in self.wavelengths_nm)

    @staticmethod
    def from_names(names: Sequence[str]) -> SpectralGrid:
        """Read the grid off the names of a model's inputs; SpectrumError where they are no spectrum's."""
        parts = [name.rpartition("_") for name in names]
        signals = {signal for signal, _, _ in parts}
        try:
            grid = SpectralGrid(" ".join(sorted(signals)), tuple(float(nm) for _, _, nm in parts))
        except (ValueError, SpectrumError) as problem:
            raise SpectrumError("its inputs are no spectrum", remedy="ask a soft sensor") from problem
        return grid

    def resample(
        self, wavelengths_nm: Sequence[float], values: Sequence[float], where: str
    ) -> tuple[float, ...]:
        """Average the line through the measured points over a step around each wavelength of the grid.

        At the ends of what was measured, over the part of the step that was. SpectrumError names `where`.
        """
        nm, known = self._covering(wavelengths_nm, values, where)
        areas = [0.0]
        for index in range(1, len(nm)):
            width = nm[index] - nm[index - 1]
            areas.append(areas[-1] + 0.5 * width * (known[index] + known[index - 1]))
        half = 0.5 * self.step_nm
        found = []
        for point in self.wavelengths_nm:
            low, high = max(point - half, nm[0]), min(point + half, nm[-1])
            area = _area_to(high, nm, known, areas) - _area_to(low, nm, known, areas)
            found.append(area / (high - low))
        return tuple(found)

    def _covering(
        self, wavelengths_nm: Sequence[float], values: Sequence[float], where: str
    ) -> tuple[list[float], list[float]]:
        """Return the finite points that the grid needs, once they are sure to be enough."""
        if len(wavelengths_nm) != len(values):
            raise SpectrumError(f"{where}: {len(wavelengths_nm)} wavelengths, {len(values)} values")
        if not 2 <= len(values) <= MAX_PIXELS:
            raise SpectrumError(f"{where}: {len(values)} points, not 2 to {MAX_PIXELS}")
        for index in range(1, len(wavelengths_nm)):
            if not wavelengths_nm[index] > wavelengths_nm[index - 1]:
                raise SpectrumError(
                    f"{where}: {wavelengths_nm[index]:g} nm comes after {wavelengths_nm[index - 1]:g} nm",
                    remedy="sort the wavelengths, each once",
                )
        first, last, slack = self.wavelengths_nm[0], self.wavelengths_nm[-1], _ROUNDING * self.step_nm
        if not (wavelengths_nm[0] <= first + slack and wavelengths_nm[-1] >= last - slack):
            raise SpectrumError(
                f"{where}: reaches from {wavelengths_nm[0]:g} to {wavelengths_nm[-1]:g} nm, "
                f"the sensor needs {first:g} to {last:g} nm",
                remedy="measure that range, or fit a sensor with a narrower --range",
            )
        start = max(bisect_left(wavelengths_nm, first - 0.5 * self.step_nm) - 1, 0)
        stop = bisect_left(wavelengths_nm, last + 0.5 * self.step_nm) + 1
        nm, known = list(wavelengths_nm[start:stop]), list(values[start:stop])
        for point, value in zip(nm, known, strict=True):
            if not isfinite(value):
                raise SpectrumError(
                    f"{where}: no value at {point:g} nm",
                    remedy="measure with more light, or fit a sensor with a narrower --range",
                )
        return nm, known


def _area_to(at_nm: float, nm: list[float], values: list[float], areas: list[float]) -> float:
    """Integrate the line through the points from the first of them to `at_nm`, which lies among them."""
    index = min(max(bisect_left(nm, at_nm), 1), len(nm) - 1)
    width = nm[index] - nm[index - 1]
    part = at_nm - nm[index - 1]
    slope = (values[index] - values[index - 1]) / width
    return areas[index - 1] + part * (values[index - 1] + 0.5 * part * slope)
