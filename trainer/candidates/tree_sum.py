"""A sum of regression trees, as arrays and as one operator of a graph, in double precision.

The operator adds up in double precision but answers in single. So each leaf value is sent as two parts: a
multiple of a quantum so coarse that sums of such multiples are exact in single precision, and a rest so small
that its rounding does not count. Splits compare as scikit-learn does: features rounded to single, thresholds
in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.tree import DecisionTreeRegressor

    from trainer.arrays import Floats, Ints
    from trainer.candidates.targets import Components
    from trainer.graph import Attributes, Graph

_LARGEST_SINGLE = float(np.finfo(np.float32).max)
# Bits of a single-precision number, less one for the sum of rounding.
_EXACT_BITS = 23
_LEAF = -1


@dataclass(frozen=True)
class TreeSum:
    """Nodes of all trees in a row: `feature` (-1: leaf), `threshold`, `left`, `right` [k], `values` [k, q].

    `sizes` [t] nodes of each tree; children are counted from the tree's first node.
    """

    sizes: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    values: Floats
    components: Components

    def predict(self, z: Floats) -> tuple[Floats, None]:
        rounded = np.clip(z, -_LARGEST_SINGLE, _LARGEST_SINGLE).astype(np.float32).astype(np.float64)
        total = np.zeros((len(z), self.values.shape[1]))
        for start in self._starts():
            total += self.values[self._leaves(rounded, int(start))]
        return total @ self.components.mixing + self.components.offset, None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        sums = graph.tree_sum(graph.round_to_single(features), self._attributes())
        mixing = np.vstack([self.components.mixing, self.components.mixing])
        mean = graph.op("MatMul", sums, graph.constant(mixing))
        return graph.op("Add", mean, graph.constant(self.components.offset)), None

    def _starts(self) -> Ints:
        return np.asarray(np.cumsum(self.sizes) - self.sizes)

    def _leaves(self, z: Floats, start: int) -> Ints:
        """Walk all rows down one tree at once."""
        node = np.full(len(z), start, dtype=np.int64)
        walking = np.arange(len(z))
        while len(walking := walking[self.feature[node[walking]] != _LEAF]):
            at = node[walking]
            goes_left = z[walking, self.feature[at]] <= self.threshold[at]
            node[walking] = start + np.where(goes_left, self.left[at], self.right[at])
        return node

    def _attributes(self) -> Attributes:
        is_leaf = self.feature == _LEAF
        tree_of = np.repeat(np.arange(len(self.sizes)), self.sizes)
        number = np.arange(len(tree_of)) - np.repeat(self._starts(), self.sizes)
        parts = np.hstack(self._coarse_and_fine())
        # A leaf must hold something, even if it adds nothing.
        stays = is_leaf[:, None] & (parts != 0.0)
        stays[:, 0] |= is_leaf
        leaf, target = np.nonzero(stays)
        return {
            "n_targets": parts.shape[1],
            "nodes_treeids": tree_of.tolist(),
            "nodes_nodeids": number.tolist(),
            "nodes_featureids": np.where(is_leaf, 0, self.feature).tolist(),
            "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
            "nodes_truenodeids": np.where(is_leaf, 0, self.left).tolist(),
            "nodes_falsenodeids": np.where(is_leaf, 0, self.right).tolist(),
            "nodes_values_as_tensor": numpy_helper.from_array(np.where(is_leaf, 0.0, self.threshold)),
            "target_treeids": tree_of[leaf].tolist(),
            "target_nodeids": number[leaf].tolist(),
            "target_ids": target.tolist(),
            "target_weights_as_tensor": numpy_helper.from_array(parts[leaf, target]),
        }

    def _coarse_and_fine(self) -> tuple[Floats, Floats]:
        """Return the multiples of a quantum and the rests, each [k, q]."""
        bound = np.maximum.reduceat(np.abs(self.values), self._starts(), axis=0).sum(axis=0)
        exponent = np.ceil(np.log2(np.where(bound > 0.0, bound, 1.0)))
        quantum = 2.0 ** (exponent + 1.0 - _EXACT_BITS)
        coarse = np.rint(self.values / quantum) * quantum
        return coarse, self.values - coarse


def sum_trees(
    trees: Sequence[tuple[DecisionTreeRegressor, int | None]], factor: float, components: Components
) -> TreeSum:
    """Join fitted trees, every value times `factor`; a tree of one score comes with its column."""
    count = len(components.mixing)
    values = []
    for tree, column in trees:
        # [nodes, scores, 1] to [nodes, scores].
        found = np.asarray(tree.tree_.value)[:, :, 0] * factor
        wide = found if column is None else np.zeros((len(found), count))
        if column is not None:
            wide[:, column] = found[:, 0]
        values.append(wide)
    inner = [tree.tree_ for tree, _ in trees]
    left = np.concatenate([tree.children_left for tree in inner])
    return TreeSum(
        sizes=np.array([tree.node_count for tree in inner]),
        feature=np.where(left == _LEAF, _LEAF, np.concatenate([tree.feature for tree in inner])),
        threshold=np.concatenate([tree.threshold for tree in inner]),
        left=left,
        right=np.concatenate([tree.children_right for tree in inner]),
        values=np.vstack(values),
        components=components,
    )
