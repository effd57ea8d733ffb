"""Which graphs may be loaded at all: judged as data, before the runtime sees them.

Imports onnx: only the vetting process, under its limits, imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import onnx
from onnx import AttributeProto, TensorProto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ostwald.manifest import Manifest

# What the trainer's graphs are made of. Nothing that loops, branches, draws random numbers or reads files.
_PLAIN = (
    "Add Cast Concat Div Equal Exp Identity IsNaN MatMul Max Mul ReduceMax ReduceMin ReduceSum Reshape Slice "
    "Sqrt Sub Tanh Where"
)
ALLOWED: Final = frozenset(
    [f"ai.onnx:{name}" for name in _PLAIN.split()] + ["ai.onnx.ml:TreeEnsembleRegressor"]
)
DOMAINS: Final = frozenset(name.partition(":")[0] for name in ALLOWED)
OUTPUTS: Final = ("mean", "std", "novelty")
_VALUES: Final = frozenset(
    {
        AttributeProto.FLOAT,
        AttributeProto.FLOATS,
        AttributeProto.INT,
        AttributeProto.INTS,
        AttributeProto.STRING,
        AttributeProto.STRINGS,
        AttributeProto.TENSOR,
    }
)
# Whatever an attribute calls itself: what it may not hold is not there.
_FOREIGN_FIELDS: Final = ("g", "graphs", "sparse_tensor", "sparse_tensors", "tensors", "tp", "type_protos")


def check_graph(model: onnx.ModelProto, manifest: Manifest) -> str:
    """Say what is wrong with a parsed graph; empty when nothing is."""
    return _check_operators(model) or _check_data(model.graph) or _check_faces(model.graph, manifest)


def opsets(model: onnx.ModelProto) -> dict[str, int]:
    """Return the operator sets that a graph is written in, by domain."""
    return {each.domain or "ai.onnx": each.version for each in model.opset_import}


def empty_model(model: onnx.ModelProto) -> bytes:
    """Return a graph that does nothing, of the same format and operator sets as `model`."""
    value = onnx.helper.make_tensor_value_info("value", TensorProto.DOUBLE, [1])
    same = onnx.helper.make_tensor_value_info("same", TensorProto.DOUBLE, [1])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["value"], ["same"])], "empty", [value], [same]
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(made.SerializeToString())


def _check_operators(model: onnx.ModelProto) -> str:
    foreign = {f"{node.domain or 'ai.onnx'}:{node.op_type}" for node in model.graph.node} - ALLOWED
    if foreign:
        return f"operator {min(foreign)} is not allowed"
    if unknown := set(opsets(model)) - DOMAINS:
        return f"operator set {min(unknown)} is not allowed"
    if len(opsets(model)) < len(model.opset_import):
        return "an operator set stands twice"
    if len(model.functions):
        return "local functions are not allowed"
    if len(model.training_info):
        return "training graphs are not allowed"
    return ""


def _check_data(graph: onnx.GraphProto) -> str:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g") or len(attribute.graphs):
                return "subgraphs are not allowed"
            held = {each.name for each, _ in attribute.ListFields()}
            if attribute.type not in _VALUES or held.intersection(_FOREIGN_FIELDS) or attribute.ref_attr_name:
                return f"attribute {attribute.name} of {node.op_type} holds what is not allowed"
    if len(graph.sparse_initializer):
        return "sparse data is not allowed"
    if any(tensor.external_data or tensor.data_location for tensor in _tensors(graph)):
        return "external data is not allowed"
    return ""


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (attribute.t for attribute in node.attribute if attribute.HasField("t"))


def _check_faces(graph: onnx.GraphProto, manifest: Manifest) -> str:
    if [each.name for each in graph.input] != ["conditions"]:
        return "its only input must be 'conditions'"
    if tuple(each.name for each in graph.output) != OUTPUTS:
        return f"its outputs must be {', '.join(OUTPUTS)}"
    shape = graph.input[0].type.tensor_type.shape.dim
    width = shape[-1].dim_value if len(shape) else 0
    if width != len(manifest.inputs):
        return f"its input has {width} columns, its manifest {len(manifest.inputs)}"
    return ""
