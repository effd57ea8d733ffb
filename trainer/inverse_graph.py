"""A fitted inverse forest as one ONNX graph: wanted properties to conditions, all in physical units.

Trees answer one by one, so that proposals can be told apart from their mean. The operator answers in single
precision: each leaf value goes through it as two parts, which together are as good as double.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

from trainer.errors import TrainerError
from trainer.graph import Graph

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Attributes
    from trainer.inverse import InverseForest

# Leaf values of all trees, both parts: a few hundred megabytes of graph, far below the 2 GB of a file.
MAX_LEAF_VALUES = 20_000_000
_LEAF = -1
_SIDES = ("left", "right")


def inverse_graph(fitted: InverseForest) -> bytes:
    """Serialise: `properties` [N, m] to `conditions` [N, d], `proposals` [N, t * d] and `novelty` [N].

    All are double. `proposals` holds the answer of one tree after another. TrainerError where the forest is
    too large.
    """
    graph = Graph()
    features = fitted.scaler.add_to(graph, "properties")
    trees, width = len(fitted.forest.estimators_), len(fitted.spread)
    parts = graph.tree_sum(graph.round_to_single(features), _attributes(fitted))
    parts = graph.reshape(parts, -1, 2, width)
    # Coarse and fine add up in double.
    by_tree = graph.reshape(graph.sum_axis(parts, 1), -1, trees, width)
    total = graph.sum_axis(by_tree, 1)
    mean = graph.op("Div", total, graph.constant(np.full(width, float(trees))))
    proposals = _conditions(graph, fitted, graph.reshape(by_tree, -1, width))
    novelty = graph.reshape(fitted.novelty.add_to(graph, features), -1)
    return graph.finish(
        name="inverse",
        inputs={"properties": len(fitted.scaler.kinds)},
        outputs={
            "conditions": (_conditions(graph, fitted, mean), len(fitted.widths)),
            "proposals": (
                graph.reshape(proposals, -1, trees * len(fitted.widths)),
                trees * len(fitted.widths),
            ),
            "novelty": (novelty, None),
        },
    )


def _conditions(graph: Graph, fitted: InverseForest, answer: str) -> str:
    """[n, w] in spreads to conditions [n, d] within the bounds."""
    wide = graph.op("Mul", answer, graph.constant(fitted.spread))
    columns, start = [], 0
    for width in fitted.widths:
        part = graph.columns(wide, start, start + max(width, 1))
        columns.append(_likeliest(graph, part, width) if width else part)
        start += max(width, 1)
    above = graph.op("Max", graph.concat(columns), graph.constant(fitted.low))
    # No device takes Min: it is the Max of the negatives.
    sign = graph.constant(np.full(len(fitted.low), -1.0))
    negative = graph.op("Max", graph.op("Mul", above, sign), graph.constant(-fitted.high))
    return graph.op("Mul", negative, sign)


def _likeliest(graph: Graph, shares: str, width: int) -> str:
    """[n, width] to the index [n, 1] of the first largest, in single precision."""
    rounded = graph.round_to_single(shares)
    is_largest = graph.op("Equal", rounded, graph.max_columns(rounded))
    index, none = graph.constant(np.arange(width, dtype=np.float64)), graph.constant(np.float64(width))
    return graph.min_columns(graph.op("Where", is_largest, index, none))


def _attributes(fitted: InverseForest) -> Attributes:
    """Give every tree its own columns of the answer: coarse parts, then fine ones."""
    trees = [tree.tree_ for tree in fitted.forest.estimators_]
    left, right = (np.concatenate([getattr(tree, f"children_{side}") for tree in trees]) for side in _SIDES)
    sizes = np.array([tree.node_count for tree in trees])
    tree_of = np.repeat(np.arange(len(trees)), sizes)
    number = np.concatenate([np.arange(size) for size in sizes])
    is_leaf = left == _LEAF
    width = len(fitted.spread)
    if (count := int(is_leaf.sum()) * 2 * width) > MAX_LEAF_VALUES:
        raise TrainerError(
            f"export refused: the forest holds {count} leaf values, a graph takes {MAX_LEAF_VALUES}",
            remedy="fit fewer rows",
        )
    parts = _coarse_and_fine(np.concatenate([tree.value for tree in trees])[is_leaf, :, 0])
    own = tree_of[is_leaf]
    features = np.concatenate([tree.feature for tree in trees])
    thresholds = np.concatenate([tree.threshold for tree in trees])
    return {
        "n_targets": 2 * width * len(trees),
        "nodes_treeids": tree_of.tolist(),
        "nodes_nodeids": number.tolist(),
        "nodes_featureids": np.where(is_leaf, 0, features).tolist(),
        "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(is_leaf, 0, left).tolist(),
        "nodes_falsenodeids": np.where(is_leaf, 0, right).tolist(),
        "nodes_values_as_tensor": numpy_helper.from_array(np.where(is_leaf, 0.0, thresholds)),
        "target_treeids": np.repeat(own, 2 * width).tolist(),
        "target_nodeids": np.repeat(number[is_leaf], 2 * width).tolist(),
        "target_ids": (own[:, None] * 2 * width + np.arange(2 * width)).ravel().tolist(),
        "target_weights_as_tensor": numpy_helper.from_array(parts.ravel()),
    }


def _coarse_and_fine(values: Floats) -> Floats:
    """[k, w] to [k, 2 w]: what single precision holds exactly, and the rest."""
    coarse = values.astype(np.float32).astype(np.float64)
    return np.hstack([coarse, values - coarse])
