"""Judges a model before anything else touches it, in a subprocess with limits: a hostile graph harms nobody.

The parent calls `vet`; the child, `python -m controller.inference.vetting FOLDER`, parses the graph, checks
it against the surrogate contract, loads it and reruns the golden vectors on this processor.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ostwald.bundle import read_manifest
from ostwald.errors import OstwaldError

from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    import onnx
    from ostwald.manifest import Manifest

# What the trainer's graphs are made of. Nothing that loops, branches, draws random numbers or reads files.
_PLAIN = (
    "Add Cast Concat Div Equal Exp Identity IsNaN MatMul Max Mul ReduceMax ReduceMin ReduceSum Reshape Slice "
    "Sqrt Sub Tanh Where"
)
ALLOWED = frozenset([f"ai.onnx:{name}" for name in _PLAIN.split()] + ["ai.onnx.ml:TreeEnsembleRegressor"])
_MEMORY_BYTES = 4 << 30
_CPU_S = 30
_WALL_S = 60.0
_OUTPUTS = ("mean", "std", "novelty")


async def vet(folder: Path) -> None:
    """Judge an unpacked bundle; ControllerError MODEL_REFUSED says what is wrong with it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "controller.inference.vetting",
        str(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        _, said = await asyncio.wait_for(child.communicate(), _WALL_S)
    except TimeoutError:
        child.kill()
        await child.wait()
        raise refused(f"its graph took longer than {_WALL_S:g} s") from None
    if child.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise refused(lines[-1] if lines else f"vetting it ended with code {child.returncode}")


def refused(why: str) -> ControllerError:
    """Return the error of a bundle that is not taken."""
    return ControllerError(
        f"the bundle is refused: {why}",
        reason="MODEL_REFUSED",
        remedy="make it anew with 'ostwald-trainer fit --out DIR' and push that",
    )


def check_graph(model: onnx.ModelProto, manifest: Manifest) -> str:
    """Say what is wrong with a parsed graph; empty when nothing is."""
    graph = model.graph
    foreign = {f"{node.domain or 'ai.onnx'}:{node.op_type}" for node in graph.node} - ALLOWED
    if foreign:
        return f"operator {min(foreign)} is not allowed"
    if len(model.functions):
        return "local functions are not allowed"
    if any(tensor.external_data or tensor.data_location for tensor in graph.initializer):
        return "external data is not allowed"
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return "subgraphs are not allowed"
    if [each.name for each in graph.input] != ["conditions"]:
        return "its only input must be 'conditions'"
    if tuple(each.name for each in graph.output) != _OUTPUTS:
        return f"its outputs must be {', '.join(_OUTPUTS)}"
    width = graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    if width != len(manifest.inputs):
        return f"its input has {width} columns, its manifest {len(manifest.inputs)}"
    return ""


def _judge(folder: Path) -> str:
    import onnx  # noqa: PLC0415 - loaded only in the child, under its limits

    from controller.inference.sessions import Session  # noqa: PLC0415

    manifest = read_manifest(folder)
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    if fault := check_graph(model, manifest):
        return fault
    golden = manifest.golden
    mean, std, novelty = Session(folder, manifest).run([list(row) for row in golden.conditions])
    mismatch = manifest.golden_mismatch(mean.tolist(), std.tolist(), novelty.tolist())
    return f"its golden vectors differ on this processor: {mismatch}" if mismatch else ""


def _main(folder: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        fault = _judge(folder)
    except (OstwaldError, ControllerError, ValueError, OSError, RuntimeError, MemoryError) as error:
        fault = f"{error}" or type(error).__name__
    if fault:
        sys.stderr.write(f"{fault}\n")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
