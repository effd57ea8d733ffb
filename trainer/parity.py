"""Does the exported graph answer as the fitted model does? An export that differs is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from trainer.errors import TrainerError
from trainer.surrogate import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats
    from trainer.surrogate import Surrogate

# Values near zero are compared against this part of their target's deviation.
_FLOOR = 0.01
# Rows that go through the graph at once: bounds memory for long data sets.
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest relative difference found on `rows` rows, and what was allowed."""

    worst: float
    rtol: float
    rows: int


def run_onnx(model: bytes, x: Floats) -> Prediction:
    """Answer conditions [n, d] by the graph alone, as a device does."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    batches = [x[start : start + _BATCH] for start in range(0, len(x), _BATCH)]
    answers = [session.run(["mean", "std", "novelty"], {"conditions": batch}) for batch in batches]
    mean, std, novelty = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return Prediction(mean, std, novelty)


def check_parity(
    model: bytes, surrogate: Surrogate, x: Floats, targets: Sequence[str], rtol: float
) -> Parity:
    """Compare shape and value for every row of `x`; TrainerError says what differs most."""
    expected, found = surrogate.predict(x), run_onnx(model, x)
    floor = _FLOOR * surrogate.prepared.scale
    worst = 0.0
    for label, want, got, least in (
        ("mean", expected.mean, found.mean, floor),
        ("std", expected.std, found.std, floor),
        ("novelty", expected.novelty[:, None], found.novelty.reshape(-1, 1), np.ones(1)),
    ):
        if got.shape != want.shape:
            raise TrainerError(f"export refused: {label} has shape {got.shape}, the model gives {want.shape}")
        difference = np.abs(got - want) / np.maximum(np.abs(want), least)
        # NaN counts as different, whatever the model itself answered.
        difference = np.where(np.isfinite(difference), difference, np.inf)
        row, column = divmod(int(difference.argmax()), difference.shape[1])
        if difference[row, column] > rtol:
            name = targets[column] if label != "novelty" else label
            raise TrainerError(
                f"export refused: in row {row}, {label} of {name!r} is {got[row, column]!r} in the graph and "
                f"{want[row, column]!r} in the model, more than {rtol:g} apart"
            )
        worst = max(worst, float(difference[row, column]))
    return Parity(worst, rtol, len(x))
