"""Writes an ONNX graph in double precision, one named operator after another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

# What onnxruntime 1.20 on aarch64 runs, and what the device's vetting lets in.
OPSETS = {"ai.onnx": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
_PLAIN = (
    "Add Cast Concat Div Equal Exp Identity IsNaN MatMul Max Mul ReduceMax ReduceMin ReduceSum Reshape Slice "
    "Sqrt Sub Tanh Where"
)
ALLOWED_OPERATORS = frozenset(
    [f"ai.onnx:{name}" for name in _PLAIN.split()] + ["ai.onnx.ml:TreeEnsembleRegressor"]
)

Attributes = dict[str, int | float | str | list[int] | list[float] | list[str] | onnx.TensorProto]


class Graph:
    """Collects nodes and constants. Every method returns the name of what it adds."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._constant_names: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._scaled: set[str] = set()
        self._products: set[str] = set()

    def constant(self, value: npt.NDArray[np.generic] | float) -> str:
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constant_names:
            name = f"c{len(self._constants)}"
            self._constants[name] = numpy_helper.from_array(
                np.ascontiguousarray(array).reshape(array.shape), name
            )
            self._constant_names[key] = name
        return self._constant_names[key]

    def op(self, kind: str, *inputs: str, attributes: Attributes | None = None, domain: str = "") -> str:
        guarded = [self._guard(kind, name, inputs) for name in inputs]
        name = f"t{len(self._nodes)}"
        node = helper.make_node(kind, guarded, [name], name=f"n{len(self._nodes)}", domain=domain)
        node.attribute.extend(helper.make_attribute(*item) for item in (attributes or {}).items())
        self._nodes.append(node)
        if kind == "MatMul" or (self._products.intersection(guarded) and self._is_idle(kind, inputs)):
            self._products.add(name)
        elif self._scales(kind, inputs):
            self._scaled.add(name)
        return name

    def _guard(self, kind: str, name: str, inputs: Sequence[str]) -> str:
        """Keep a factor of one element and a MatMul apart.

        onnxruntime draws such a factor into the product, where it has single precision, or cannot run at all
        before FusedMatMul had a double kernel (onnxruntime issue 28136). The Max of one value stops that.
        """
        if kind == "MatMul":
            meets = name in self._scaled
        else:
            meets = name in self._products and self._scales(kind, inputs)
        return self.op("Max", name) if meets else name

    def _scales(self, kind: str, inputs: Sequence[str]) -> bool:
        constants = [self._constants[name] for name in inputs if name in self._constants]
        return kind in {"Mul", "Div"} and any(math.prod(constant.dims) == 1 for constant in constants)

    def _is_idle(self, kind: str, inputs: Sequence[str]) -> bool:
        """Return whether an operator changes nothing: onnxruntime leaves it out and joins its sides."""
        neutral = {"Add": 0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}.get(kind)
        constants = [self._constants[name] for name in inputs if name in self._constants]
        return neutral is not None and any(
            bool((numpy_helper.to_array(constant) == neutral).all()) for constant in constants
        )

    def tree_sum(self, source: str, attributes: Attributes) -> str:
        """Sum leaves of trees over features [n, p]; each sum was single precision on its way to double."""
        total = self.op("TreeEnsembleRegressor", source, attributes=attributes, domain="ai.onnx.ml")
        return self.cast_double(total)

    def columns(self, source: str, start: int, stop: int) -> str:
        bounds = [self.constant(np.array([bound], dtype=np.int64)) for bound in (start, stop, 1)]
        return self.op("Slice", source, *bounds)

    def concat(self, parts: Sequence[str]) -> str:
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, attributes={"axis": 1})

    def cast_double(self, source: str) -> str:
        return self.op("Cast", source, attributes={"to": int(TensorProto.DOUBLE)})

    def cast_float(self, source: str) -> str:
        return self.op("Cast", source, attributes={"to": int(TensorProto.FLOAT)})

    def sum_columns(self, source: str) -> str:
        """[n, p] to [n, 1]."""
        return self.sum_axis(source, 1, keep=True)

    def sum_axis(self, source: str, axis: int, *, keep: bool = False) -> str:
        """Sum over one axis, which stays with size 1 if asked to."""
        axes = self.constant(np.array([axis], dtype=np.int64))
        return self.op("ReduceSum", source, axes, attributes={"keepdims": int(keep)})

    def reshape(self, source: str, *shape: int) -> str:
        """Give another shape; -1 stands for the rows."""
        return self.op("Reshape", source, self.constant(np.array(shape, dtype=np.int64)))

    def round_to_single(self, source: str) -> str:
        """Round double values to single precision and keep them as doubles."""
        return self.cast_double(self.cast_float(source))

    def min_columns(self, source: str) -> str:
        return self.op("ReduceMin", source, attributes={"axes": [1], "keepdims": 1})

    def max_columns(self, source: str) -> str:
        return self.op("ReduceMax", source, attributes={"axes": [1], "keepdims": 1})

    def squared_distances(self, source: str, points: npt.NDArray[np.float64]) -> str:
        """[n, p] and constant points [k, p] to [n, k], by |a|^2 + |b|^2 - 2ab, never below 0."""
        own = self.sum_columns(self.op("Mul", source, source))
        cross = self.op("MatMul", source, self.constant(-2.0 * points.T))
        total = self.op("Add", self.op("Add", own, self.constant((points**2).sum(axis=1))), cross)
        return self.op("Max", total, self.constant(np.float64(0.0)))

    def absolute_distances(self, source: str, points: npt.NDArray[np.float64]) -> str:
        """[n, p] and constant points [k, p] to [n, k], the sum of |a - b|; it holds n x k x p values."""
        spread = self.reshape(source, -1, 1, points.shape[1])
        other = self.constant(points)
        size = self.op("Max", self.op("Sub", spread, other), self.op("Sub", other, spread))
        return self.sum_axis(size, 2)

    def finish(
        self, *, name: str, inputs: Mapping[str, int], outputs: Mapping[str, tuple[str, int | None]]
    ) -> bytes:
        """Serialise. `inputs`: columns by name; `outputs`: source and columns (None: flat) by name."""
        for output, (source, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [source], [output], name=f"{output}_out"))
        graph = helper.make_graph(
            self._nodes,
            name,
            [_value(label, width) for label, width in inputs.items()],
            [_value(label, width) for label, (_, width) in outputs.items()],
            list(self._constants.values()),
        )
        domains = {node.domain for node in self._nodes}
        opsets = [helper.make_opsetid("", OPSETS["ai.onnx"])]
        if "ai.onnx.ml" in domains:
            opsets.append(helper.make_opsetid("ai.onnx.ml", OPSETS["ai.onnx.ml"]))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="ostwald")
        onnx.checker.check_model(model, full_check=True)
        if foreign := set(operators(model)) - ALLOWED_OPERATORS:
            raise TrainerError(f"the graph needs {min(foreign)}, which no device takes")
        return model.SerializeToString(deterministic=True)


def operators(model: onnx.ModelProto) -> tuple[str, ...]:
    """Operators in use, sorted, as `domain:Operator`."""
    return tuple(sorted({f"{node.domain or 'ai.onnx'}:{node.op_type}" for node in model.graph.node}))


def _value(name: str, width: int | None) -> onnx.ValueInfoProto:
    shape: list[str | int] = ["N"] if width is None else ["N", width]
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape)
