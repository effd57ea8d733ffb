"""What a graph may not hold is found before the runtime sees it, wherever it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper

from controller.inference import graphs
from tests.unit.controller.inference.bundles import MANIFEST, constant, linear

if TYPE_CHECKING:
    from collections.abc import Callable


def check(model: onnx.ModelProto) -> str:
    return graphs.check_graph(model, MANIFEST)


def elsewhere(tensor: onnx.TensorProto) -> onnx.TensorProto:
    """The same tensor, its values in a file of the device."""
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def attribute(model: onnx.ModelProto, name: str = "extra") -> AttributeProto:
    return model.graph.node[0].attribute.add(name=name, type=AttributeProto.FLOAT)


def add_subgraph(model: onnx.ModelProto) -> None:
    # It lies about what it is.
    attribute(model).g.CopyFrom(linear().graph)


def add_subgraphs(model: onnx.ModelProto) -> None:
    attribute(model).graphs.add().CopyFrom(linear().graph)


def hide_file_in_attribute(model: onnx.ModelProto) -> None:
    tensor = attribute(model)
    tensor.type = AttributeProto.TENSOR
    tensor.t.CopyFrom(elsewhere(constant("far", 1.0)))


def hide_file_in_attributes(model: onnx.ModelProto) -> None:
    tensors = attribute(model)
    tensors.type = AttributeProto.TENSORS
    tensors.tensors.add().CopyFrom(elsewhere(constant("far", 1.0)))


def hide_file_in_lying_attribute(model: onnx.ModelProto) -> None:
    attribute(model).tensors.add().CopyFrom(elsewhere(constant("far", 1.0)))


def hide_file_in_sparse_data(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().values.CopyFrom(elsewhere(constant("far", 1.0)))


def add_sparse_attribute(model: onnx.ModelProto) -> None:
    sparse = attribute(model)
    sparse.type = AttributeProto.SPARSE_TENSOR
    sparse.sparse_tensor.values.CopyFrom(elsewhere(constant("far", 1.0)))


def add_function(model: onnx.ModelProto) -> None:
    model.functions.add(name="f", domain="ai.onnx")


def add_training(model: onnx.ModelProto) -> None:
    model.training_info.add().algorithm.CopyFrom(linear().graph)


def refer(model: onnx.ModelProto) -> None:
    attribute(model).ref_attr_name = "outer"


def test_a_sound_graph_is_taken() -> None:
    assert check(linear()) == ""


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (add_subgraph, "subgraphs are not allowed"),
        (add_subgraphs, "subgraphs are not allowed"),
        (lambda model: elsewhere(model.graph.initializer[0]), "external data is not allowed"),
        (hide_file_in_attribute, "external data is not allowed"),
        (hide_file_in_attributes, "attribute extra of Mul holds what is not allowed"),
        (hide_file_in_lying_attribute, "attribute extra of Mul holds what is not allowed"),
        (add_sparse_attribute, "attribute extra of Mul holds what is not allowed"),
        (refer, "attribute extra of Mul holds what is not allowed"),
        (hide_file_in_sparse_data, "sparse data is not allowed"),
        (add_function, "local functions are not allowed"),
        (add_training, "training graphs are not allowed"),
        (lambda model: model.graph.node.add(op_type="Loop"), "operator ai.onnx:Loop is not allowed"),
        (
            lambda model: model.graph.node.add(op_type="Add", domain="com.microsoft"),
            "operator com.microsoft:Add is not allowed",
        ),
        (
            lambda model: model.opset_import.add(domain="com.microsoft", version=1),
            "operator set com.microsoft is not allowed",
        ),
        (
            lambda model: model.opset_import.add(domain="ai.onnx", version=9),
            "an operator set stands twice",
        ),
        (
            lambda model: model.graph.input.add(name="more"),
            "its only input must be 'conditions'",
        ),
        (lambda model: model.graph.output.pop(), "its outputs must be mean, std, novelty"),
        (
            lambda model: model.graph.input[0].type.tensor_type.shape.dim.pop(),
            "its input has 0 columns, its manifest 1",
        ),
    ],
)
def test_what_a_surrogate_needs_not_is_refused(spoil: Callable[[onnx.ModelProto], object], said: str) -> None:
    model = linear()
    spoil(model)
    assert check(model) == said


def test_the_empty_graph_has_the_operator_sets_of_the_one_that_it_stands_for() -> None:
    model = linear()
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    empty = onnx.load_from_string(graphs.empty_model(model))
    assert graphs.opsets(empty) == {"ai.onnx": 17, "ai.onnx.ml": 3}
    assert (empty.ir_version, len(empty.graph.node)) == (8, 1)
