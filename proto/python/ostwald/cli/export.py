"""A campaign's trials as rows of a tidy table. Pure."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostwald.values import Campaign, Trial

PREDICTED: Final = "absorbance_"
"""Begins the name of a column of the spectrum, and of a surrogate's output for it; the wavelength follows."""
_EMISSION: Final = "emission_at_"
_OF_OLD: Final = {"peak_wavelength": "nm", "fwhm": "nm", "absorbance": "1"}


def usable_trials(campaign: Campaign, trials: Sequence[Trial]) -> list[Trial]:
    """Return those that show every objective or, without any, the peak, or whatever else is measured."""
    units = campaign.property_units or _OF_OLD
    wanted = [each.property_name for each in campaign.objectives]
    wanted = wanted or [name for name in units if name in ("peak_wavelength", "emission_peak")] or list(units)
    return [each for each in trials if all(name in each.properties for name in wanted)]


def table_of(campaign: Campaign, trials: Sequence[Trial], grid: Sequence[float]) -> list[list[str]]:
    """Return a header and a row for each trial: conditions as achieved, properties, spectra at `grid` nm.

    A cell is empty where a trial does not show a property. A spectrum has columns where any trial has it.
    """
    units = campaign.property_units or _OF_OLD
    absorbs = any(each.spectrum is not None and each.spectrum.absorbance for each in trials)
    emits = any(each.emission is not None for each in trials)
    header = [f"{each.name} [{each.unit}]" for each in campaign.conditions]
    header += [f"{name} [{unit}]" for name, unit in units.items()]
    header += [f"{PREDICTED}{nm:g} [1]" for nm in grid] if absorbs or not trials else []
    header += [f"{_EMISSION}{nm:g} [1/s]" for nm in grid] if emits else []
    rows = [header]
    for trial in trials:
        conditions = [each.name for each in campaign.conditions]
        row = [repr(trial.achieved.get(name, trial.asked[name])) for name in conditions]
        row += [repr(trial.properties[name]) if name in trial.properties else "" for name in units]
        if absorbs:
            seen = trial.spectrum
            row += _at(grid, seen.wavelengths_nm, seen.absorbance) if seen is not None else [""] * len(grid)
        if emits:
            lit = trial.emission
            row += _at(grid, lit.wavelengths_nm, lit.emission) if lit is not None else [""] * len(grid)
        rows.append(row)
    return rows


def _at(grid: Sequence[float], nm: Sequence[float], values: Sequence[float]) -> list[str]:
    """Interpolate a spectrum, shape (pixels,), onto the grid; empty cells where it has no values."""
    if len(values) < 2:
        return [""] * len(grid)
    found = []
    for at in grid:
        right = min(max(bisect_left(nm, at), 1), len(nm) - 1)
        share = (at - nm[right - 1]) / (nm[right] - nm[right - 1])
        found.append(repr(values[right - 1] + share * (values[right] - values[right - 1])))
    return found
