"""Judges a model before anything else touches it, in a subprocess with limits: a hostile graph harms nobody.

The parent calls `vet`; the child, `python -m controller.inference.vetting FOLDER`, parses the graph, checks
it against the surrogate contract, loads it and reruns the golden vectors on this processor.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ostwald.bundle import read_manifest
from ostwald.errors import OstwaldError

from controller.domain.errors import ControllerError
from controller.inference import sandbox

if TYPE_CHECKING:
    import onnx

_WALL_S = 60.0
# A peer's graph may make the runtime talk without end; its last line is all that we tell.
_MAX_SAID = 64 << 10
# Python itself ends with 1 or 2: then what went wrong is not what we looked for.
_REFUSED = 3


async def vet(folder: Path) -> None:
    """Judge an unpacked bundle; ControllerError MODEL_REFUSED says what is wrong with it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",  # neither the environment nor the working folder says what is imported
        "-m",
        "controller.inference.vetting",
        str(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=sandbox.environment(),
    )
    assert child.stderr is not None
    try:
        async with asyncio.timeout(_WALL_S):
            said = await _last_line(child.stderr)
            await child.wait()
    except TimeoutError:
        raise refused(f"its graph took longer than {_WALL_S:g} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise refused(_why(child.returncode or 0, said))


def refused(why: str) -> ControllerError:
    """Return the error of a bundle that is not taken."""
    return ControllerError(
        f"the bundle is refused: {why}",
        reason="MODEL_REFUSED",
        remedy="make it anew with 'ostwald-trainer fit --out DIR' and push that",
    )


async def _last_line(stream: asyncio.StreamReader) -> str:
    """Read to the end, keeping no more than the end."""
    said = b""
    while chunk := await stream.read(_MAX_SAID):
        said = (said + chunk)[-_MAX_SAID:]
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _why(code: int, said: str) -> str:
    if code == -signal.SIGXCPU:
        return f"its graph took more than {sandbox.CPU_S} s of processor time"
    if code < 0:
        return f"its graph ended the process that judged it with {signal.Signals(-code).name}"
    return said if code == _REFUSED else f"judging it failed: {said or f'code {code}'}"


def _judge(folder: Path) -> str:
    """Say what is wrong with a bundle; empty when nothing is."""
    import onnx  # noqa: PLC0415 - loaded only in the child, under its limits

    from controller.inference import graphs  # noqa: PLC0415
    from controller.inference.sessions import Session, is_loadable  # noqa: PLC0415

    manifest = read_manifest(folder)
    sandbox.allow_memory(manifest.model_bytes)
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    if fault := graphs.check_graph(model, manifest):
        return fault
    if not is_loadable(graphs.empty_model(model)):
        return _too_new(graphs.opsets(model), model)
    golden = manifest.golden
    mean, std, novelty = Session(folder, manifest).run([list(row) for row in golden.conditions])
    mismatch = manifest.golden_mismatch(mean.tolist(), std.tolist(), novelty.tolist())
    return f"its golden vectors differ on this processor: {mismatch}" if mismatch else ""


def _too_new(opsets: dict[str, int], model: onnx.ModelProto) -> str:
    import onnxruntime  # noqa: PLC0415 - only in the child

    sets = ", ".join(f"{domain} {number}" for domain, number in sorted(opsets.items()))
    return (
        f"onnxruntime {onnxruntime.__version__} here does not know its operator sets ({sets}) "
        f"or its format (IR {model.ir_version})"
    )


def _main(folder: Path) -> int:
    sandbox.confine()
    try:
        fault = _judge(folder)
    except MemoryError:
        fault = "its graph needs more memory than one of its size should"
    except (OstwaldError, ControllerError, OSError) as error:
        fault = str(error)
    if fault:
        sys.stderr.write(f"{fault}\n")
    return _REFUSED if fault else 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
