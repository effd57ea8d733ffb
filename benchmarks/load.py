"""What else a device does meanwhile: telemetry to eight clients, inference without a pause, an fsync storm.

As a program, `python -m benchmarks.load streams ADDRESS | inference | fsync FOLDER` is one part of it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.children import BenchmarkError, Child, run_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAMS: Final = 8
# The daemon's own control must not compete at our priority: in scaled time it has none.
_CLOCK: Final = "scaled:10"
_RIG: Final = Path(__file__).parents[1] / "examples" / "rigs" / "silver-twin.toml"
_READY_WITHIN_S: Final = 60.0
_LAYERS: Final = (8, 256, 256, 256, 4)
_BATCH: Final = 64
_BLOCK: Final = bytes(64 * 1024)
_BLOCKS_A_FILE: Final = 256


class Load:
    """The processes that make up the load."""

    def __init__(self, children: list[Child]) -> None:
        self._children = children

    def check(self) -> None:
        """Raise BenchmarkError if a part of the load has ended: what is measured would not be under load."""
        for child in self._children:
            child.check()


@contextmanager
def run_load() -> Iterator[Load]:
    """Start every part, wait until each works, and end them all."""
    with TemporaryDirectory(prefix="ostwald-load-") as folder, ExitStack() as stack:
        place = Path(folder)
        address = f"127.0.0.1:{_free_port()}"
        daemon = run_module("controller", "run", "--rig", str(_RIG), "--listen", address, "--clock", _CLOCK)
        parts = {
            "the daemon": (*daemon, "--state", str(place / "state")),
            "the streams": run_module("benchmarks.load", "streams", address),
            "the inference": run_module("benchmarks.load", "inference"),
            "the fsync storm": run_module("benchmarks.load", "fsync", folder),
        }
        children = []
        for name, arguments in parts.items():
            child = stack.enter_context(Child(name, arguments, place / f"{name.split()[-1]}.log"))
            children.append(child)
        for child in children[1:]:
            child.wait_ready(_READY_WITHIN_S)
        yield Load(children)


def stream(address: str) -> None:
    """Follow telemetry as eight clients until killed."""
    asyncio.run(_stream(address))


async def _stream(address: str) -> None:
    # Only this part needs the client: the others start quicker and smaller without it.
    from ostwald.client import AsyncOstwald, DeviceUnreachableError  # noqa: PLC0415

    async def follow(heard: Callable[[], None]) -> None:
        async with AsyncOstwald(address) as device:
            deadline_s = asyncio.get_running_loop().time() + _READY_WITHIN_S
            while asyncio.get_running_loop().time() < deadline_s:
                try:
                    async for _ in device.telemetry():
                        heard()
                except DeviceUnreachableError:
                    await asyncio.sleep(0.2)
            raise BenchmarkError(f"telemetry of {address} ended")

    waiting = set(range(STREAMS))

    def hear(number: int) -> None:
        if number in waiting:
            waiting.remove(number)
            if not waiting:
                _say_ready()

    async with asyncio.TaskGroup() as group:
        for number in range(STREAMS):
            group.create_task(follow(lambda number=number: hear(number)))  # type: ignore[misc]


def infer() -> None:
    """Run a network of the size of a surrogate without a pause until killed."""
    import numpy as np  # noqa: PLC0415
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(_network(), options, providers=["CPUExecutionProvider"])
    rows = np.random.default_rng(0).normal(size=(_BATCH, _LAYERS[0])).astype(np.float32)
    session.run(None, {"conditions": rows})
    _say_ready()
    while True:
        session.run(None, {"conditions": rows})


def _network() -> bytes:
    import numpy as np  # noqa: PLC0415
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    rng = np.random.default_rng(0)
    nodes, weights, name = [], [], "conditions"
    for number, (width, next_width) in enumerate(pairwise(_LAYERS)):
        weights.append(
            numpy_helper.from_array(
                rng.normal(size=(width, next_width), scale=width**-0.5).astype(np.float32), f"w{number}"
            )
        )
        nodes.append(helper.make_node("MatMul", [name, f"w{number}"], [f"z{number}"]))
        nodes.append(helper.make_node("Tanh", [f"z{number}"], [f"h{number}"]))
        name = f"h{number}"
    graph = helper.make_graph(
        nodes,
        "load",
        [helper.make_tensor_value_info("conditions", TensorProto.FLOAT, [None, _LAYERS[0]])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, _LAYERS[-1]])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def storm(folder: Path) -> None:
    """Write and fsync, block after block, until killed."""
    _say_ready()
    with (folder / "storm").open("wb", buffering=0) as file:
        while True:
            file.seek(0)
            for _ in range(_BLOCKS_A_FILE):
                file.write(_BLOCK)
                os.fsync(file.fileno())


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["streams", address]:
            stream(address)
        case ["inference"]:
            infer()
        case ["fsync", folder]:
            storm(Path(folder))
        case _:
            sys.exit("use: python -m benchmarks.load streams ADDRESS | inference | fsync FOLDER")
