"""Which algorithm becomes a graph, how closely it follows the fitted model, how large and how fast it is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates import CANDIDATES
from trainer.errors import TrainerError
from trainer.parity import largest_difference, open_session
from trainer.split import make_split
from trainer.surrogate import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.arrays import Floats
    from trainer.dataset import Dataset
    from trainer.surrogate import Surrogate

OUTSIDE_ROWS = 200
_TIMED_RUNS = 200
# Told after every algorithm: how many are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """`worst` relative difference by kind of rows; `refused` says why not, empty where the graph is sound."""

    algorithm: str
    worst: Mapping[str, float]
    model_bytes: int
    latency_ms: float
    fit_s: float
    refused: str


def export_all(
    dataset: Dataset, algorithms: tuple[str, ...], seed: int, progress: Progress
) -> tuple[Exported, ...]:
    """Fit each algorithm to four fifths of the rows, groups kept whole, export it and compare.

    Compared are `training` rows, those `held_out`, and rows `outside` of the range of all.
    """
    split = make_split("4:1", len(dataset.x), dataset.group_of, seed)
    (fold,) = split.folds
    prepared = Prepared.of_rows(dataset, fold.train, seed)
    rows = {
        "training": dataset.x[fold.train],
        "held_out": dataset.x[fold.test],
        "outside": _outside(dataset, seed),
    }
    table = []
    for done, algorithm in enumerate(algorithms, start=1):
        started_s = time.perf_counter()
        surrogate = prepared.fit(algorithm, seed)
        table.append(_export(surrogate, rows, time.perf_counter() - started_s))
        progress(done, len(algorithms))
    return tuple(table)


def _export(surrogate: Surrogate, rows: Mapping[str, Floats], fit_s: float) -> Exported:
    try:
        model = surrogate.to_onnx("export-table")
        worst = {kind: largest_difference(model, surrogate, x).size for kind, x in rows.items()}
    except TrainerError as problem:
        return Exported(surrogate.algorithm, {}, 0, 0.0, fit_s, str(problem))
    refused = ""
    if (rtol := CANDIDATES[surrogate.algorithm].rtol) < max(worst.values()):
        kind = max(worst, key=lambda each: worst[each])
        refused = f"differs by {worst[kind]:.1e} on {kind.replace('_', '-')} rows, {rtol:g} is allowed"
    latency_ms = _latency_ms(model, rows["training"][:1])
    return Exported(surrogate.algorithm, worst, len(model), latency_ms, fit_s, refused)


def _latency_ms(model: bytes, row: Floats) -> float:
    """Return the median time of one row."""
    session = open_session(model)
    times_s = []
    for _ in range(_TIMED_RUNS):
        started_s = time.perf_counter()
        session.run(None, {"conditions": row})
        times_s.append(time.perf_counter() - started_s)
    return 1e3 * statistics.median(times_s)


def _outside(dataset: Dataset, seed: int) -> Floats:
    """Draw rows of twice the range to either side; choices stay choices, for there is no other kind."""
    rng = np.random.default_rng(seed)
    low, high = np.nanmin(dataset.x, axis=0), np.nanmax(dataset.x, axis=0)
    span = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    numbers = rng.uniform(low - 2.0 * span, high + 2.0 * span, (OUTSIDE_ROWS, len(low)))
    choices = np.floor(rng.uniform(low, high + 1.0, numbers.shape))
    return np.where([bool(column.choices) for column in dataset.inputs], choices, numbers)
