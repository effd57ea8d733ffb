"""A fitted surrogate: conditions in physical units to calibrated properties, and as an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates import CANDIDATES
from trainer.candidates.base import merge_replicates
from trainer.candidates.tuned import Tuned
from trainer.dataset import same_rows
from trainer.errors import UsageError
from trainer.graph import Graph
from trainer.novelty import Novelty
from trainer.preprocess import Preprocessor
from trainer.roots import Roots
from trainer.target_scale import Scales

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import Algorithm, Regressor, TrainingSet
    from trainer.dataset import Dataset
    from trainer.preprocess import InputKind
    from trainer.target_scale import TargetScale


@dataclass(frozen=True)
class Prediction:
    """`mean` and `std` [n, m] in the units of the targets, `novelty` [n]."""

    mean: Floats
    std: Floats
    novelty: Floats


@dataclass(frozen=True)
class Prepared:
    """What all algorithms share on one set of training rows."""

    preprocessor: Preprocessor
    novelty: Novelty
    data: TrainingSet
    centre: Floats
    scale: Floats
    roots: Roots
    scales: Scales | None = None

    @staticmethod
    def of_rows(dataset: Dataset, rows: Ints, seed: int) -> Prepared:
        """Learn from some rows of a data set."""
        return Prepared.of(
            dataset.x[rows],
            dataset.y[rows],
            dataset.kinds,
            seed,
            dataset.scales,
            None if dataset.group_of is None else dataset.group_of[rows],
        )

    @staticmethod
    def of(
        x: Floats,
        y: Floats,
        kinds: Sequence[InputKind],
        seed: int,
        scales: Sequence[TargetScale] = (),
        group_of: Ints | None = None,
    ) -> Prepared:
        """Learn scaling, replicates and novelty from `x` [n, d] and `y` [n, m], its targets on `scales`.

        `group_of` [n]: rows of which whole groups will be new to the model.
        """
        fitted_scales, y = Scales.fit(scales, y)
        preprocessor = Preprocessor.fit(x, kinds)
        centre, deviation = y.mean(axis=0), y.std(axis=0)
        constant = deviation <= 1e-12 * np.abs(y).max(axis=0)
        scale = np.where(constant, 1.0, deviation)
        standard = np.where(constant, 0.0, (y - centre) / scale)
        z = preprocessor.transform(x)
        data = merge_replicates(z, standard, same_rows(x), preprocessor.input_of, group_of)
        novelty = Novelty.fit(preprocessor, data.z, seed)
        roots = Roots.fit(preprocessor, data.z)
        data = replace(data, z=roots.apply(data.z))
        return Prepared(preprocessor, novelty, data, centre, scale, roots, fitted_scales)

    def fit(self, algorithm: str, seed: int, settings: Mapping[str, float] | None = None) -> Surrogate:
        """Fit one algorithm, not yet calibrated; of `settings` that are given, it chooses none itself.

        UsageError names a setting that the algorithm does not have.
        """
        chosen = CANDIDATES[algorithm].load()
        if settings:
            chosen = _with_settings(algorithm, chosen, settings)
        return Surrogate(algorithm, self, chosen(self.data, seed), np.ones_like(self.scale))


def _with_settings(algorithm: str, chosen: Algorithm, settings: Mapping[str, float]) -> Algorithm:
    space = chosen.space if isinstance(chosen, Tuned) else {}
    if foreign := set(settings) - set(space):
        known = ", ".join(sorted(space)) or "none"
        raise UsageError(f"{algorithm} has no setting {min(foreign)!r}", remedy=f"it has {known}")
    assert isinstance(chosen, Tuned)
    # What is not given stays as in the algorithm's own grid, and as its last fit sets it.
    final = {name: value for name, value in chosen.final.items() if name not in settings}
    return replace(chosen, grid=({**chosen.grid[0], **settings},), final=final)


@dataclass(frozen=True)
class Surrogate:
    """`calibration` [m] multiplies the predicted deviation; see `calibration.calibrate`."""

    algorithm: str
    prepared: Prepared
    regressor: Regressor
    calibration: Floats

    @property
    def scale(self) -> Floats:
        return self.prepared.scale

    def calibrated(self, calibration: Floats) -> Surrogate:
        return replace(self, calibration=calibration)

    def predict(self, x: Floats) -> Prediction:
        """Answer conditions [n, d]; without an own deviation, one grows with novelty above 1."""
        z = self.prepared.preprocessor.transform(x)
        novelty = self.prepared.novelty.measure(z)
        mean, deviation = self.regressor.predict(self.prepared.roots.apply(z))
        if deviation is None:
            deviation = np.maximum(novelty, 1.0)[:, None]
        mean = mean * self.prepared.scale + self.prepared.centre
        std = deviation * (self.prepared.scale * self.calibration)
        if self.prepared.scales is not None:
            mean, std = self.prepared.scales.inverse(mean, np.broadcast_to(std, mean.shape))
        return Prediction(mean, std, novelty)

    def to_onnx(self, name: str) -> bytes:
        """Serialise `predict`: `conditions` [N, d] to `mean`, `std` [N, m] and `novelty` [N], all double."""
        graph = Graph()
        features = self.prepared.preprocessor.add_to(graph, "conditions")
        novelty = self.prepared.novelty.add_to(graph, features)
        mean, deviation = self.regressor.add_to(graph, self.prepared.roots.add_to(graph, features))
        if deviation is None:
            deviation = graph.op("Max", novelty, graph.constant(np.float64(1.0)))
        std = graph.op("Mul", deviation, graph.constant(self.prepared.scale * self.calibration))
        mean = graph.op("Mul", mean, graph.constant(self.prepared.scale))
        mean = graph.op("Add", mean, graph.constant(self.prepared.centre))
        if self.prepared.scales is not None:
            mean, std = self.prepared.scales.add_to(graph, mean, std)
        flat = graph.op("Reshape", novelty, graph.constant(np.array([-1], dtype=np.int64)))
        targets = len(self.prepared.scale)
        inputs = len(self.prepared.preprocessor.kinds)
        return graph.finish(
            name=name,
            inputs={"conditions": inputs},
            outputs={"mean": (mean, targets), "std": (std, targets), "novelty": (flat, None)},
        )
