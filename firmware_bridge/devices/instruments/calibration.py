"""Calibration of a pump by weight: what it really delivers, as a line over what it was set to.

    delivered = factor x set + intercept        (mirrored for flows into the syringe; nothing at rest)

A calibration comes from runs: a set rate, a time, the mass that was collected, the density of the liquid.
The line is fitted by least squares weighted with 1/set^2, as a pump's error is a share of its flow. With runs
at one rate only, it goes through zero.

A pump that a board steps has a factor alone: its steps for a microlitre.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import copysign, fsum, inf, isfinite, sqrt
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)(?:, ([+-]?\d{1,6}(?:\.\d{1,9})?) uL/min)?")
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
"""Beyond these a syringe was named wrongly, not measured inexactly."""
_SURE: Final = 3.0
"""Standard errors from which on an intercept is there ..."""
_MATTERS: Final = 1e-3
"""... and the share of the smallest flow from which on it matters."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a pump delivers: `factor` times what it is set to, and `intercept_ul_min` more while it runs."""

    factor: float = 1.0
    intercept_ul_min: float = 0.0

    def delivered_ul_min(self, set_ul_min: float) -> float:
        """Tell the flow behind a set rate; both negative into the syringe."""
        if set_ul_min == 0.0:
            return 0.0
        size_ul_min = self.factor * abs(set_ul_min) + self.intercept_ul_min
        return copysign(max(size_ul_min, 0.0), set_ul_min)

    def set_ul_min(self, delivered_ul_min: float) -> float:
        """Tell the rate to set for a flow; 0 for one that is smaller than the intercept alone."""
        size_ul_min = (abs(delivered_ul_min) - self.intercept_ul_min) / self.factor
        if delivered_ul_min == 0.0 or size_ul_min <= 0.0:
            return 0.0
        return copysign(size_ul_min, delivered_ul_min)

    def volume_ul(self, counted_ul: float) -> float:
        """Tell the volume behind a pump's own count. The intercept is left out: it needs the time."""
        return self.factor * counted_ul

    def __str__(self) -> str:
        """Write it as the option `calibration` of a rig file takes it."""
        return f"{self.factor:.5f}, {self.intercept_ul_min:.5f} uL/min"


def read_calibration(text: str) -> Calibration:
    """Read "0.98731" or "0.98731, 0.05200 uL/min"; DeviceError says how it is written."""
    found = _TEXT.fullmatch(text)
    if found is None or not LEAST_FACTOR <= float(found[1]) <= MOST_FACTOR:
        raise DeviceError(
            f"calibration {text[:64]!r}: write a factor from {LEAST_FACTOR:g} to {MOST_FACTOR:g}, "
            'and the intercept if there is one: "0.98731, 0.052 uL/min"'
        )
    return Calibration(float(found[1]), float(found[2] or 0.0))


@dataclass(frozen=True, slots=True)
class WeighedRun:
    """One run onto a balance: at `set_ul_min` for `time_s`, `mass_g` of a liquid of `density_g_ml`."""

    set_ul_min: float
    time_s: float
    mass_g: float
    density_g_ml: float

    def __post_init__(self) -> None:
        for name in ("set_ul_min", "time_s", "mass_g", "density_g_ml"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise DeviceError(f"{name} {value:g}: a weighed run needs a number above zero")

    @property
    def delivered_ul_min(self) -> float:
        return self.mass_g / self.density_g_ml * 1000.0 / (self.time_s / 60.0)


@dataclass(frozen=True, slots=True)
class WeighedCalibration:
    """The fitted line, and how well it is known: standard errors; `worst` is the largest relative residual.

    An error is infinite where there were too few runs to tell.
    """

    calibration: Calibration
    factor_error: float
    intercept_error_ul_min: float
    worst: float


def fit_calibration(runs: Sequence[WeighedRun]) -> WeighedCalibration:
    """Fit weighed runs; DeviceError when they can't give a calibration, or give one that can't be."""
    if not runs:
        raise DeviceError("no weighed runs: collect and weigh at least one")
    several = len({run.set_ul_min for run in runs}) > 1
    return _plausible(_fit_line(runs) if several else _fit_through_zero(runs))


def fit_steps(runs: Sequence[WeighedRun], steps_per_ul: float) -> WeighedCalibration:
    """Fit runs of a stepped pump; its new steps for a microlitre are `steps_per_ul` over the factor.

    DeviceError as from `fit_calibration`, and where the runs show an intercept: steps have none.
    """
    if not (isfinite(steps_per_ul) and steps_per_ul > 0.0):
        raise DeviceError(f"{steps_per_ul:g} steps for a microlitre: give what the rig file says now")
    line = fit_calibration(runs)
    intercept_ul_min = line.calibration.intercept_ul_min
    least_ul_min = _MATTERS * min(run.set_ul_min for run in runs)
    if abs(intercept_ul_min) > max(_SURE * line.intercept_error_ul_min, least_ul_min):
        raise DeviceError(
            f"the runs miss {intercept_ul_min:+.3f} uL/min at every flow, which no number of steps mends: "
            "look for a leak or a check valve, or weigh at the flows that you use"
        )
    return _plausible(_fit_through_zero(runs))


def _plausible(fitted: WeighedCalibration) -> WeighedCalibration:
    factor = fitted.calibration.factor
    if not LEAST_FACTOR <= factor <= MOST_FACTOR:
        raise DeviceError(
            f"the runs give a factor of {factor:.3f}: check the syringe, the density, the units of the masses"
        )
    return fitted


def _fit_line(runs: Sequence[WeighedRun]) -> WeighedCalibration:
    # With weights 1/x^2, y = a x + b becomes y/x = a + b (1/x): a plain line over 1/x.
    inverse = [1.0 / run.set_ul_min for run in runs]
    ratio = [run.delivered_ul_min / run.set_ul_min for run in runs]
    count = len(runs)
    mean_inverse, mean_ratio = fsum(inverse) / count, fsum(ratio) / count
    spread = fsum((x - mean_inverse) ** 2 for x in inverse)
    covariance = fsum((x - mean_inverse) * (y - mean_ratio) for x, y in zip(inverse, ratio, strict=True))
    intercept = covariance / spread
    factor = mean_ratio - intercept * mean_inverse
    residuals = [y - factor - intercept * x for x, y in zip(inverse, ratio, strict=True)]
    variance = fsum(each**2 for each in residuals) / (count - 2) if count > 2 else inf
    return WeighedCalibration(
        Calibration(factor, intercept),
        factor_error=sqrt(variance * (1.0 / count + mean_inverse**2 / spread)),
        intercept_error_ul_min=sqrt(variance / spread),
        worst=max(map(abs, residuals)),
    )


def _fit_through_zero(runs: Sequence[WeighedRun]) -> WeighedCalibration:
    ratio = [run.delivered_ul_min / run.set_ul_min for run in runs]
    count = len(runs)
    factor = fsum(ratio) / count
    residuals = [each - factor for each in ratio]
    variance = fsum(each**2 for each in residuals) / (count - 1) if count > 1 else inf
    return WeighedCalibration(
        Calibration(factor),
        factor_error=sqrt(variance / count),
        intercept_error_ul_min=inf,
        worst=max(map(abs, residuals)),
    )
