"""A fitted soft sensor: spectra on its grid to calibrated properties, and as an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.base import TrainingSet, merge_replicates
from trainer.graph import Graph
from trainer.preprocess import InputKind, Preprocessor
from trainer.rows import same_rows
from trainer.surrogate import Prediction

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import Regressor
    from trainer.soft.front import Front
    from trainer.soft.novelty import SpectralNovelty


@dataclass(frozen=True)
class Standard:
    """Training rows as an algorithm takes them, and the way there; `centre`, `scale` [m] of the targets."""

    preprocessor: Preprocessor
    data: TrainingSet
    centre: Floats
    scale: Floats

    @staticmethod
    def of(values: Floats, y: Floats, group_of: Ints | None, *, by_column: bool) -> Standard:
        """Centre and scale what a front gave, `values` [n, q].

        `by_column`: each to deviation 1, for features of unlike units. Otherwise all by one factor, so that
        wavelengths at which nothing but noise varies stay small.
        """
        preprocessor = Preprocessor.fit(values, [InputKind()] * values.shape[1])
        if not by_column:
            spread = float(np.sqrt(values.var(axis=0).mean()))
            preprocessor = replace(preprocessor, scale=np.full(values.shape[1], spread or 1.0))
        centre, deviation = y.mean(axis=0), y.std(axis=0)
        constant = deviation <= 1e-12 * np.abs(y).max(axis=0)
        scale = np.where(constant, 1.0, deviation)
        standard = np.where(constant, 0.0, (y - centre) / scale)
        z = preprocessor.transform(values)
        data = merge_replicates(z, standard, same_rows(values), preprocessor.input_of, group_of)
        return Standard(preprocessor, data, centre, scale)


@dataclass(frozen=True)
class SoftSensor:
    """`calibration` [m] multiplies the deviation, which grows with a novelty above 1."""

    method: str
    front: Front
    standard: Standard
    regressor: Regressor
    novelty: SpectralNovelty
    calibration: Floats

    @property
    def scale(self) -> Floats:
        return self.standard.scale

    def calibrated(self, calibration: Floats) -> SoftSensor:
        return replace(self, calibration=calibration)

    def predict(self, x: Floats) -> Prediction:
        """Answer spectra [n, p] on the grid."""
        novelty = self.novelty.measure(x)
        mean, _ = self.regressor.predict(self.standard.preprocessor.transform(self.front.transform(x)))
        mean = mean * self.scale + self.standard.centre
        return Prediction(mean, np.maximum(novelty, 1.0)[:, None] * (self.scale * self.calibration), novelty)

    def to_onnx(self, name: str) -> bytes:
        """Serialise `predict`: `conditions` [N, p] to `mean`, `std` [N, m] and `novelty` [N], all double."""
        graph = Graph()
        novelty = self.novelty.add_to(graph, "conditions")
        values = self.standard.preprocessor.add_to(graph, self.front.build(graph, "conditions"))
        mean, _ = self.regressor.add_to(graph, values)
        mean = graph.op("Mul", mean, graph.constant(self.scale))
        mean = graph.op("Add", mean, graph.constant(self.standard.centre))
        deviation = graph.op("Max", novelty, graph.constant(np.float64(1.0)))
        std = graph.op("Mul", deviation, graph.constant(self.scale * self.calibration))
        flat, targets = graph.reshape(novelty, -1), len(self.scale)
        return graph.finish(
            name=name,
            inputs={"conditions": self.front.points},
            outputs={"mean": (mean, targets), "std": (std, targets), "novelty": (flat, None)},
        )
