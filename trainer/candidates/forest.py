"""Random forest, all targets in one; its graph is the one operator that skl2onnx makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import RandomForestRegressor

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

TREES = 200
# A leaf holds a value for every target: fewer trees keep the model of a whole spectrum small.
TREES_FOR_SPECTRA = 64
SPECTRUM_TARGETS = 8


@dataclass(frozen=True)
class ForestModel:
    """A fitted forest of `feature_count` features, `target_count` targets."""

    forest: RandomForestRegressor
    feature_count: int
    target_count: int

    def predict(self, z: Floats) -> tuple[Floats, None]:
        mean = np.asarray(self.forest.predict(z), dtype=np.float64)
        return mean.reshape(len(z), self.target_count), None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        # Only a winning forest pays for this import.
        from skl2onnx import to_onnx  # noqa: PLC0415

        sample = np.zeros((1, self.feature_count), dtype=np.float32)
        converted = to_onnx(self.forest, sample, target_opset={"": 17, "ai.onnx.ml": 3})
        (node,) = (node for node in converted.graph.node if node.op_type == "TreeEnsembleRegressor")
        single = graph.adopt(node, graph.cast_float(features))
        return graph.cast_double(single), None


def fit(data: TrainingSet, seed: int) -> ForestModel:
    """Fit; conditions measured more often weigh more."""
    targets = data.y.shape[1]
    trees = TREES if targets < SPECTRUM_TARGETS else TREES_FOR_SPECTRA
    forest = RandomForestRegressor(n_estimators=trees, random_state=seed, n_jobs=-1)
    forest.fit(data.z, data.y.ravel() if targets == 1 else data.y, sample_weight=data.counts)
    return ForestModel(forest, data.z.shape[1], targets)
