"""Makes bundles whose graph is small enough to read: mean = 2 flow + 1, std = 0.5, novelty = |flow| / 10."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from ostwald.bundle import CONTENT_NAMES, Golden, Input, Manifest, Output, Provenance, pack_archive
from ostwald.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPSETS = {"": 17}


def constant(name: str, *values: float, shape: tuple[int, ...] = (1, 1)) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.float64).reshape(shape), name)


def linear() -> onnx.ModelProto:
    """The graph of a sound bundle."""
    nodes = [
        helper.make_node("Mul", ["conditions", "two"], ["twice"]),
        helper.make_node("Add", ["twice", "one"], ["mean"]),
        helper.make_node("Mul", ["conditions", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "half"], ["std"]),
        helper.make_node("Mul", ["conditions", "tenth"], ["scaled"]),
        helper.make_node("ReduceMax", ["scaled"], ["novelty"], axes=[1], keepdims=0),
    ]
    constants = [
        constant("two", 2.0),
        constant("one", 1.0),
        constant("zero", 0.0),
        constant("half", 0.5),
        constant("tenth", 0.1),
    ]
    faces: dict[str, list[str | int]] = {"mean": ["n", 1], "std": ["n", 1], "novelty": ["n"]}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("conditions", TensorProto.DOUBLE, ["n", 1])],
        [helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape) for name, shape in faces.items()],
        constants,
    )
    opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


MANIFEST = Manifest(
    name="toy",
    serial=1,
    min_serial=1,
    created=datetime(2026, 3, 1, tzinfo=UTC),
    algorithm="ridge",
    inputs=(Input("flow", "uL/min", 0.0, 10.0),),
    outputs=(Output("peak", "nm", 1.0, 21.0),),
    opset={"ai.onnx": 17},
    operators=("ai.onnx:Add", "ai.onnx:Mul", "ai.onnx:ReduceMax"),
    model_bytes=1,
    latency_budget_ms=20.0,
    golden=Golden(((3.0,), (5.0,)), ((7.0,), (11.0,)), ((0.5,), (0.5,)), (0.3, 0.5), 1e-6),
    metrics={"r2": 0.9},
    provenance=Provenance("ab" * 32, "0.1.0", {}, 0, "kfold:10"),
)


class Foundry:
    """Writes bundle folders below `folder`, signed with a key."""

    def __init__(self, folder: Path, private_key: Path) -> None:
        self._folder = folder
        self._private_key = private_key

    def bundle(
        self,
        serial: int = 1,
        spoil: Callable[[onnx.ModelProto], None] = lambda _model: None,
        *,
        raw: bytes | None = None,
        golden: Golden = MANIFEST.golden,
    ) -> Path:
        """Make a bundle; `spoil` changes its graph, `raw` stands in place of it."""
        folder = self._folder / f"bundle-{serial}"
        folder.mkdir(parents=True)
        model = linear()
        spoil(model)
        content = model.SerializeToString() if raw is None else raw
        for name in CONTENT_NAMES:
            (folder / name).write_text(name)
        (folder / "model.onnx").write_bytes(content)
        manifest = replace(MANIFEST, serial=serial, model_bytes=len(content), golden=golden)
        (folder / "manifest.json").write_bytes(manifest.to_json())
        sign(folder, self._private_key)
        return folder

    def archive(self, serial: int = 1) -> Path:
        """Make a sound bundle and pack it."""
        return self.pack(self.bundle(serial))

    def pack(self, bundle: Path) -> Path:
        path = bundle.with_suffix(".tar")
        path.write_bytes(pack_archive(bundle))
        return path
