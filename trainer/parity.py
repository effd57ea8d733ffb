"""Does the exported graph answer as the fitted model does? An export that differs is refused."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import onnxruntime as ort

from trainer.errors import TrainerError
from trainer.surrogate import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats

# Values near zero are compared against this part of their target's deviation.
_FLOOR = 0.01
# Rows that go through the graph at once: bounds memory for long data sets.
_BATCH = 256
_TIMED_RUNS = 100


class Predictor(Protocol):
    """A fitted model, as its graph is compared with it."""

    @property
    def scale(self) -> Floats:
        """Deviation of each target in the training rows [m]."""

    def predict(self, x: Floats) -> Prediction:
        """Answer rows [n, d]."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest relative difference found on `rows` rows, and what was allowed."""

    worst: float
    rtol: float
    rows: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest relative difference of any row: of which output (`label`), where, and both values."""

    size: float
    label: str
    row: int
    column: int
    found: float
    expected: float


def open_session(model: bytes) -> ort.InferenceSession:
    """Load a graph as a device does: on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_onnx(model: bytes, x: Floats) -> Prediction:
    """Answer conditions [n, d] by the graph alone, as a device does."""
    session = open_session(model)
    batches = [x[start : start + _BATCH] for start in range(0, len(x), _BATCH)]
    answers = [session.run(["mean", "std", "novelty"], {"conditions": batch}) for batch in batches]
    mean, std, novelty = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return Prediction(mean, std, novelty)


def latency_ms(model: bytes, row: Floats) -> float:
    """Return the median time of one `row` [1, d] of the only input, on one thread of this machine."""
    session = open_session(model)
    feed = {session.get_inputs()[0].name: row}
    times_s = []
    for _ in range(_TIMED_RUNS):
        started_s = time.perf_counter()
        session.run(None, feed)
        times_s.append(time.perf_counter() - started_s)
    return 1e3 * statistics.median(times_s)


def largest_difference(model: bytes, predictor: Predictor, x: Floats) -> Difference:
    """Compare every value of every row of `x` [n, d]; TrainerError when a shape differs."""
    expected, found = predictor.predict(x), run_onnx(model, x)
    floor = _FLOOR * predictor.scale
    return max(
        (
            _compare("mean", expected.mean, found.mean, floor),
            _compare("std", expected.std, found.std, floor),
            _compare("novelty", expected.novelty[:, None], found.novelty.reshape(-1, 1), np.ones(1)),
        ),
        key=lambda difference: difference.size,
    )


def check_parity(
    model: bytes, predictor: Predictor, x: Floats, targets: Sequence[str], rtol: float
) -> Parity:
    """Compare shape and value for every row of `x`; TrainerError says what differs most."""
    worst = largest_difference(model, predictor, x)
    if worst.size > rtol:
        name = targets[worst.column] if worst.label != "novelty" else worst.label
        raise TrainerError(
            f"export refused: in row {worst.row}, {worst.label} of {name!r} is {worst.found!r} in the graph "
            f"and {worst.expected!r} in the model, more than {rtol:g} apart"
        )
    return Parity(worst.size, rtol, len(x))


def _compare(label: str, want: Floats, got: Floats, least: Floats) -> Difference:
    if got.shape != want.shape:
        raise TrainerError(f"export refused: {label} has shape {got.shape}, the model gives {want.shape}")
    difference = np.abs(got - want) / np.maximum(np.abs(want), least)
    # NaN counts as different, whatever the model itself answered.
    difference = np.where(np.isfinite(difference), difference, np.inf)
    row, column = divmod(int(difference.argmax()), difference.shape[1])
    return Difference(
        float(difference[row, column]), label, row, column, float(got[row, column]), float(want[row, column])
    )
