"""A campaign's trials as rows of a tidy table. Pure."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostwald.values import Campaign, Trial

    Curve = tuple[Sequence[float], Sequence[float]]

PREDICTED: Final = "absorbance_"
"""Begins the name of a column of the spectrum, and of a surrogate's output for it; the wavelength follows."""
_EMISSION: Final = "emission_at_"
_ROUNDING_NM: Final = 1e-6
_OF_OLD: Final = {"peak_wavelength": "nm", "fwhm": "nm", "absorbance": "1"}


def usable_trials(campaign: Campaign, trials: Sequence[Trial]) -> list[Trial]:
    """Return those that show every objective or, without any, the peak, or whatever else is measured."""
    units = campaign.property_units or _OF_OLD
    wanted = [each.property_name for each in campaign.objectives]
    wanted = wanted or [name for name in units if name in ("peak_wavelength", "emission_peak")] or list(units)
    return [each for each in trials if all(name in each.properties for name in wanted)]


def table_of(
    campaign: Campaign,
    trials: Sequence[Trial],
    step_nm: float,
    window_nm: tuple[float, float] | None = None,
) -> list[list[str]]:
    """Return a header and a row for each trial: conditions as achieved, properties, spectra on a grid.

    Either kind of spectrum has a `grid_nm` of its own. A cell is empty where a trial does not show a
    property. OstwaldError where the window goes beyond what was measured.
    """
    units = campaign.property_units or _OF_OLD
    absorbed, emitted = [_absorbance(each) for each in trials], [_emission(each) for each in trials]
    at, lit_at = (
        grid_nm([each for each in found if each], step_nm, window_nm) for found in (absorbed, emitted)
    )
    header = [f"{each.name} [{each.unit}]" for each in campaign.conditions]
    header += [f"{name} [{unit}]" for name, unit in units.items()]
    header += [f"{PREDICTED}{nm:g} [1]" for nm in at]
    header += [f"{_EMISSION}{nm:g} [1/s]" for nm in lit_at]
    rows = [header]
    for trial, seen, lit in zip(trials, absorbed, emitted, strict=True):
        conditions = [each.name for each in campaign.conditions]
        row = [repr(trial.achieved.get(name, trial.asked[name])) for name in conditions]
        row += [repr(trial.properties[name]) if name in trial.properties else "" for name in units]
        rows.append(row + _at(at, seen) + _at(lit_at, lit))
    return rows


def grid_nm(
    curves: Sequence[Curve], step_nm: float, window_nm: tuple[float, float] | None = None
) -> list[float]:
    """Return the multiples of a step at which all curves were measured, within the window if one is given.

    Empty without a curve. OstwaldError where a window goes beyond what all of them have.
    """
    if not curves:
        return []
    low, high = max(nm[0] for nm, _ in curves), min(nm[-1] for nm, _ in curves)
    if window_nm is not None:
        if not low - _ROUNDING_NM <= window_nm[0] <= window_nm[1] <= high + _ROUNDING_NM:
            raise OstwaldError(
                f"not all spectra reach from {window_nm[0]:g} to {window_nm[1]:g} nm",
                remedy=f"ask for {ceil(low)}:{floor(high)}, which all have, or less",
            )
        low, high = window_nm
    first, last = ceil((low - _ROUNDING_NM) / step_nm), floor((high + _ROUNDING_NM) / step_nm)
    return [index * step_nm for index in range(first, last + 1)]


def _absorbance(trial: Trial) -> Curve | None:
    seen = trial.spectrum
    return None if seen is None or len(seen.absorbance) < 2 else (seen.wavelengths_nm, seen.absorbance)


def _emission(trial: Trial) -> Curve | None:
    seen = trial.emission
    return None if seen is None or len(seen.emission) < 2 else (seen.wavelengths_nm, seen.emission)


def _at(grid: Sequence[float], curve: Curve | None) -> list[str]:
    """Interpolate a curve onto a grid within it; empty cells without one."""
    if curve is None:
        return [""] * len(grid)
    nm, values = curve
    found = []
    for at in grid:
        right = min(max(bisect_left(nm, at), 1), len(nm) - 1)
        # A grid may touch an end of the curve, but for rounding.
        share = min(max((at - nm[right - 1]) / (nm[right] - nm[right - 1]), 0.0), 1.0)
        found.append(repr(values[right - 1] + share * (values[right] - values[right - 1])))
    return found
