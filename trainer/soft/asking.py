"""A bundle's soft sensor, asked on this machine as a device asks it: by its graph alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ostwald.bundle import read_manifest

from trainer.errors import TrainerError, UsageError
from trainer.parity import run_onnx
from trainer.soft.curves import read_curve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# As on the device: beyond it, an answer is not to be acted on.
TRUSTED_NOVELTY = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One property of one spectrum, in `unit`, with its standard deviation."""

    name: str
    mean: float
    std: float
    unit: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sensor says of the spectrum in `file`."""

    file: str
    readings: tuple[Reading, ...]
    novelty: float

    @property
    def trusted(self) -> bool:
        return self.novelty <= TRUSTED_NOVELTY


def ask(bundle: Path, files: Sequence[Path]) -> list[Answer]:
    """Answer each file's spectrum; UsageError where the bundle is no soft sensor.

    Errors of a spectrum name its file: SpectrumError where it does not give what the grid needs, TrainerError
    where it can't be read or the graph finds no answer.
    """
    manifest = read_manifest(bundle)
    if manifest.spectrum is None:
        raise UsageError(
            f"{bundle}: is a surrogate, no soft sensor", remedy="make one with `soft-sensor fit`"
        )
    grid, rows = manifest.spectrum, []
    for file in files:
        curve = read_curve(file, grid.signal)
        rows.append(grid.resample(curve.nm.tolist(), curve.signal.tolist(), curve.where))
    found = run_onnx((bundle / "model.onnx").read_bytes(), np.array(rows))
    answers = []
    for file, mean, std, novelty in zip(files, found.mean, found.std, found.novelty, strict=True):
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and np.isfinite(novelty)):
            raise TrainerError(f"{file}: the sensor answers NaN", remedy="check the spectrum")
        readings = tuple(
            Reading(output.name, float(mean[index]), float(std[index]), output.unit)
            for index, output in enumerate(manifest.outputs)
        )
        answers.append(Answer(str(file), readings, float(novelty)))
    return answers
