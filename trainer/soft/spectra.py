"""The rows that a soft sensor is fitted on: spectra on one grid, and what is known of the same samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ostwald.manifest import MAX_INPUTS, MAX_OUTPUTS
from ostwald.spectral import LEAST_POINTS, SIGNALS, SpectralGrid

from trainer.columns import Column, read_targets
from trainer.errors import TrainerError, UsageError
from trainer.experiments import read_experiments
from trainer.roles import resolve
from trainer.rows import Rows, drop_incomplete
from trainer.soft.curves import Curve, curves_of
from trainer.split import what_is_scored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.arrays import Floats, Ints

MAX_POINTS = MAX_INPUTS
# Round steps in nm: as fine as was measured, and no more points than a graph takes.
_STEPS_NM = (0.25, 0.5, 1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0, 12.5, 16.0, 20.0, 25.0, 40.0, 50.0)


@dataclass(frozen=True, slots=True)
class SpectraRequest:
    """What to read of a table; `range_nm` and `step_nm` of the grid are chosen where None."""

    targets: tuple[str, ...]
    spectra: str
    signal: str = "absorbance"
    group_by: tuple[str, ...] = ()
    range_nm: tuple[float, float] | None = None
    step_nm: float | None = None

    def __post_init__(self) -> None:
        if self.signal not in SIGNALS:
            raise UsageError(f"--signal {self.signal!r} is unknown", remedy=f"use {' or '.join(SIGNALS)}")
        if self.step_nm is not None and not self.step_nm > 0.0:
            raise UsageError(f"--step-nm {self.step_nm:g} is not above zero")


@dataclass(frozen=True)
class SpectraSet:
    """`x` [n, p] on the `grid`, `targets` of n values each, `group_of` [n] or None."""

    grid: SpectralGrid
    x: Floats
    targets: tuple[Column, ...]
    group_of: Ints | None
    group_columns: tuple[str, ...]
    source: str
    scored: str
    notes: tuple[str, ...]

    @property
    def y(self) -> Floats:
        return np.column_stack([column.data for column in self.targets])

    def to_csv(self) -> bytes:
        """Write what was fitted, as `--spectra wide` reads it."""
        frame: dict[str, object] = dict(zip(self.grid.names(), self.x.T, strict=True))
        frame.update((column.header, column.data) for column in self.targets)
        if self.group_of is not None:
            frame["group"] = self.group_of
        return pd.DataFrame(frame).to_csv(index=False, lineterminator="\n").encode()


def load_spectra(path: Path, request: SpectraRequest, split: str) -> SpectraSet:
    """Read a table, or a schema that joins several, and its spectra; errors say what to correct."""
    table, _ = read_experiments(path, None, has_header=True)
    headers = [str(header) for header in table.cells.columns]
    targets = read_targets(table, resolve(request.targets, headers, "--target", table.source))
    if len(targets) > MAX_OUTPUTS:
        raise UsageError(f"{table.source}: {len(targets)} targets, more than {MAX_OUTPUTS}")
    groups = resolve(request.group_by, headers, "--group-by", table.source)
    lines = table.cells.index.to_numpy(dtype=np.int64)
    group_of = None
    if groups:
        group_of = np.asarray(table.cells.groupby(list(groups), sort=False, dropna=False).ngroup())
    rows = drop_incomplete(
        Rows(table.source, (), tuple(targets), lines, group_of, None, table.notes), gaps_too=False
    )
    _check_targets(rows)
    table = replace(table, cells=table.cells.loc[rows.lines])
    curves, own = curves_of(table, path.parent, request.spectra, request.signal)
    if clash := set(own).intersection(column.header for column in targets):
        raise UsageError(f"{table.source}: {min(clash)!r} is target and spectrum at once")
    grid = choose_grid(curves, request)
    x = np.array([grid.resample(curve.nm.tolist(), curve.signal.tolist(), curve.where) for curve in curves])
    scored = what_is_scored(split, groups, groups_by_inputs=False, repeats=False)
    return SpectraSet(
        grid, x, rows.targets, rows.group_of, tuple(groups), table.source, scored, _notes(rows, grid, scored)
    )


def choose_grid(curves: Sequence[Curve], request: SpectraRequest) -> SpectralGrid:
    """Choose the finest round step over what all curves cover, or take range and step as requested."""
    finite = [curve.nm[np.isfinite(curve.signal)] for curve in curves]
    low, high = max(float(nm[0]) for nm in finite), min(float(nm[-1]) for nm in finite)
    if request.range_nm is not None:
        low, high = request.range_nm
    measured = max(float(np.median(np.diff(curve.nm))) for curve in curves)
    steps = _STEPS_NM if request.step_nm is None else (request.step_nm,)
    grids = [_points(low, high, step) for step in steps if request.step_nm or step >= 0.999 * measured]
    fitting = [points for points in grids if LEAST_POINTS <= len(points) <= MAX_POINTS]
    if not fitting:
        why = "was asked for" if request.range_nm else "all spectra cover"
        raise UsageError(
            f"from {low:g} to {high:g} nm, which {why}, no step gives {LEAST_POINTS} to {MAX_POINTS} points",
            remedy="pass other values for --range and --step-nm, or leave out spectra that are too short",
        )
    return SpectralGrid(request.signal, fitting[0])


def _points(low_nm: float, high_nm: float, step_nm: float) -> tuple[float, ...]:
    first, last = int(np.ceil(low_nm / step_nm - 1e-9)), int(np.floor(high_nm / step_nm + 1e-9))
    # One more than a graph takes is enough to be refused.
    last = min(last, first + MAX_POINTS)
    return tuple(round(index * step_nm, 6) for index in range(first, last + 1))


def _check_targets(rows: Rows) -> None:
    for column in rows.targets:
        if np.ptp(column.data) == 0.0:
            raise TrainerError(
                f"{rows.source}: target {column.header!r} is {column.data[0]:g} in every row: "
                "nothing to learn",
                remedy="choose another target",
            )


def _notes(rows: Rows, grid: SpectralGrid, scored: str) -> tuple[str, ...]:
    nm = grid.wavelengths_nm
    told = [f"spectra on {len(nm)} points, {nm[0]:g} to {nm[-1]:g} nm in steps of {grid.step_nm:g} nm"]
    if rows.group_of is None:
        told.append("each row counts as a sample of its own: name what repeats share with --group-by")
    return (*rows.notes, *told, f"the score is one of {scored}")
