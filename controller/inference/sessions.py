"""A loaded surrogate: rows of conditions in, predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from controller.domain.errors import ControllerError, Kind, Violation
from controller.domain.surrogates import Estimate, Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from ostwald.manifest import Manifest

MAX_ROWS = 4096
# They have no common base. None of them is the caller's fault.
_RUNTIME_ERRORS = (
    runtime.EPFail,
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NoSuchFile,
    runtime.NotImplemented,
    runtime.RuntimeException,
)


class Session:
    """Implements `domain.ports.Surrogate` for one bundle."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Load a bundle's graph; ControllerError MODEL_UNLOADABLE."""
        try:
            self._session = _open(str(folder / "model.onnx"))
        except _RUNTIME_ERRORS as error:
            raise _failed(f"model {manifest.name} can't be loaded", "MODEL_UNLOADABLE", error) from error
        self._manifest = manifest

    @property
    def inputs(self) -> Sequence[str]:
        return [each.name for each in self._manifest.inputs]

    def run(
        self, rows: Sequence[Sequence[float]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return mean (n, m), std (n, m), novelty (n,) of rows (n, d) in the manifest's order and units.

        Raises ControllerError MODEL_FAILED.
        """
        conditions = np.asarray(rows, dtype=np.float64)
        try:
            mean, std, novelty = self._session.run(["mean", "std", "novelty"], {"conditions": conditions})
        except _RUNTIME_ERRORS as error:
            raise _failed(f"model {self._manifest.name} failed", "MODEL_FAILED", error) from error
        return np.asarray(mean), np.asarray(std), np.asarray(novelty)

    def predict(self, rows: Sequence[Mapping[str, float | str]]) -> list[Prediction]:
        """Predict rows by input name; ControllerError for a missing, unknown or unreadable input."""
        if not 0 < len(rows) <= MAX_ROWS:
            raise ControllerError(
                f"{len(rows)} rows can't be predicted",
                reason="TOO_MANY_ROWS",
                remedy=f"ask for 1 to {MAX_ROWS} at a time",
            )
        mean, std, novelty = self.run([self._row(index, row) for index, row in enumerate(rows)])
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and np.isfinite(novelty).all()):
            raise ControllerError(
                f"model {self._manifest.name} answered NaN",
                reason="MODEL_NOT_FINITE",
                remedy="check the conditions; if they are right, promote another version",
            )
        outputs = self._manifest.outputs
        return [
            Prediction(
                {
                    output.name: Estimate(float(mean[row, column]), float(std[row, column]), output.unit)
                    for column, output in enumerate(outputs)
                },
                float(novelty[row]),
            )
            for row in range(len(rows))
        ]

    def _row(self, index: int, row: Mapping[str, float | str]) -> list[float]:
        names = [each.name for each in self._manifest.inputs]
        faults = [Violation(f"rows[{index}].{name}", "is missing") for name in names if name not in row]
        faults += [Violation(f"rows[{index}].{name}", "is no input") for name in row if name not in names]
        values = []
        for each in self._manifest.inputs:
            value = row.get(each.name, 0.0)
            if each.choices and value in each.choices:
                values.append(float(each.choices.index(str(value))))
            elif each.choices or isinstance(value, str):
                choices = ", ".join(each.choices) or "a number"
                faults.append(Violation(f"rows[{index}].{each.name}", f"{value!r}: give {choices}"))
            else:
                values.append(float(value))
        if faults:
            raise ControllerError(
                f"model {self._manifest.name} can't read row {index}",
                reason="CONDITIONS_INVALID",
                remedy=f"its inputs are {', '.join(names)}",
                violations=tuple(faults),
            )
        return values


def is_loadable(model: bytes) -> bool:
    """Whether the runtime takes this graph."""
    try:
        _open(model)
    except _RUNTIME_ERRORS:
        return False
    return True


def _open(model: str | bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread that does not spin: control needs the other cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _failed(what: str, reason: str, error: Exception) -> ControllerError:
    lines = str(error).splitlines() or [type(error).__name__]
    return ControllerError(
        f"{what}: {lines[0]}",
        reason=reason,
        kind=Kind.REFUSED,
        remedy="push it again, or promote another version",
    )
