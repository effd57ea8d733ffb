"""A fitted classifier as one ONNX graph: conditions in physical units to label and probabilities.

The preprocessing is ours, in double precision; the classifier is converted by skl2onnx.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import onnx
from onnx import TensorProto, compose, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType

from trainer.errors import TrainerError
from trainer.graph import IR_VERSION, OPSETS, Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.classify import Classifier
    from trainer.labelled import Labelled

# Their thresholds are compared with features that scikit-learn rounded to single precision.
ROUNDING = frozenset({"forest", "tree"})
_PREFIX = "classifier_"


def classifier_graph(fitted: Classifier, metadata: Mapping[str, str]) -> bytes:
    """Serialise: `conditions` [N, d] double to `label` [N] text and `probabilities` [N, c] double.

    Labels must have been fitted as text; TrainerError where the classifier has no probabilities.
    """
    if not hasattr(fitted.model, "predict_proba"):
        raise TrainerError(
            f"export refused: a label has too few rows to give the {fitted.algorithm} probabilities",
            remedy="add rows of it, or leave svm out of --algorithms",
        )
    before = _preprocessing(fitted)
    after = compose.add_prefix(_converted(fitted), _PREFIX).graph
    (features,) = (value.name for value in after.input)
    label, probabilities = (value.name for value in after.output)
    nodes = [
        *before.node,
        helper.make_node("Identity", ["features"], [features]),
        *after.node,
        helper.make_node("Identity", [label], ["label"]),
        # Trees give single precision, all others double.
        helper.make_node("Cast", [probabilities], ["probabilities"], to=TensorProto.DOUBLE),
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.STRING, ["N"]),
        helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["N", len(fitted.model.classes_)]),
    ]
    constants = [*before.initializer, *after.initializer]
    graph = helper.make_graph(nodes, "classifier", list(before.input), outputs, constants)
    opsets = [
        helper.make_opsetid("" if name == "ai.onnx" else name, number) for name, number in OPSETS.items()
    ]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="ostwald")
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def describe(data: Labelled, fitted: Classifier) -> dict[str, str]:
    """Metadata of the graph: algorithm, target, and as JSON its classes and inputs (name, unit, choices)."""
    assert data.label is not None
    inputs = [
        {"name": column.name, "unit": column.unit, "choices": list(column.choices)} for column in data.inputs
    ]
    return {
        "algorithm": fitted.algorithm,
        "target": data.label.name,
        "classes": json.dumps([str(name) for name in fitted.model.classes_], ensure_ascii=False),
        "inputs": json.dumps(inputs, ensure_ascii=False),
    }


def _preprocessing(fitted: Classifier) -> onnx.GraphProto:
    graph = Graph()
    features = fitted.preprocessor.add_to(graph, "conditions")
    rounds = fitted.algorithm in ROUNDING
    # The Max of one value keeps a scale of one element out of the classifier's MatMul: see Graph.
    features = graph.round_to_single(features) if rounds else graph.op("Max", features)
    model = graph.finish(
        name="preprocessing",
        inputs={"conditions": len(fitted.preprocessor.kinds)},
        outputs={"features": (features, len(fitted.preprocessor.input_of))},
    )
    return onnx.load_model_from_string(model).graph


def _converted(fitted: Classifier) -> onnx.ModelProto:
    width = len(fitted.preprocessor.input_of)
    with warnings.catch_warnings():
        # The converter reads SVC.probA_, which scikit-learn 1.9 deprecates; the calibrated SVM has none.
        warnings.filterwarnings("ignore", r"Attribute `prob[AB]_` was deprecated", FutureWarning)
        model: onnx.ModelProto = to_onnx(
            fitted.model,
            initial_types=[("features", DoubleTensorType([None, width]))],
            target_opset={"": OPSETS["ai.onnx"], "ai.onnx.ml": OPSETS["ai.onnx.ml"]},
            options={"zipmap": False},
        )
    return model
