"""A bundle is judged by a process of its own, which is told little and allowed little."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto

from controller.domain.errors import ControllerError
from controller.inference import sandbox, vetting
from tests.unit.controller.inference.bundles import MANIFEST

if TYPE_CHECKING:
    import onnx

    from tests.unit.controller.inference.bundles import Foundry


async def fault(bundle) -> str:
    with pytest.raises(ControllerError) as refused:
        await vetting.vet(bundle)
    assert refused.value.reason == "MODEL_REFUSED"
    return refused.value.message


async def test_a_sound_bundle_passes_under_all_limits(foundry: Foundry) -> None:
    await vetting.vet(foundry.bundle())


async def test_an_operator_set_that_the_runtime_does_not_know_is_named(foundry: Foundry) -> None:
    def age(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 999

    said = await fault(foundry.bundle(spoil=age))
    assert "here does not know its operator sets (ai.onnx 999) or its format (IR 8)" in said


async def test_golden_vectors_are_rerun(foundry: Foundry) -> None:
    golden = replace(MANIFEST.golden, mean=((7.0,), (12.0,)))
    said = await fault(foundry.bundle(golden=golden))
    assert "golden row 1, mean of 'peak': 11.0 instead of 12.0" in said


async def test_what_is_no_graph_is_refused_in_one_line(foundry: Foundry) -> None:
    said = await fault(foundry.bundle(raw=b"\xff" * 40))
    assert "judging it failed: google.protobuf.message.DecodeError: " in said
    assert "\n" not in said


async def test_a_graph_that_the_runtime_can_not_build_is_refused_in_one_line(foundry: Foundry) -> None:
    def break_off(model: onnx.ModelProto) -> None:
        model.graph.node[0].input[1] = "nowhere"

    said = await fault(foundry.bundle(spoil=break_off))
    assert "model toy can't be loaded" in said
    assert "Traceback" not in said


async def test_a_hidden_file_is_not_read(foundry: Foundry) -> None:
    def reach_out(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="manifest.json")

    assert await fault(foundry.bundle(spoil=reach_out)) == (
        "the bundle is refused: external data is not allowed"
    )


def test_nothing_of_our_environment_reaches_the_process() -> None:
    assert not set(sandbox.environment()) & {"PATH", "HOME", "PYTHONPATH", "OSTWALD_LEASE"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-signal.SIGXCPU, "its graph took more than 30 s of processor time"),
        (-signal.SIGSEGV, "its graph ended the process that judged it with SIGSEGV"),
        (1, "judging it failed: code 1"),
    ],
)
def test_how_the_process_ended_is_told(code: int, said: str) -> None:
    assert vetting._why(code, "") == said


def confined(then: str) -> subprocess.CompletedProcess[str]:
    program = f"from controller.inference import sandbox\nsandbox.confine()\n{then}"
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=sandbox.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_confined_process_writes_no_file(tmp_path) -> None:
    path = tmp_path / "out"
    ended = confined(f"open({str(path)!r}, 'wb', buffering=0).write(b'x')")
    assert "File too large" in ended.stderr
    assert path.stat().st_size == 0


def test_a_confined_process_gets_no_more_memory_than_its_graph_warrants() -> None:
    ended = confined("sandbox.allow_memory(1000)\nbytes(200 << 20)\nbytes(300 << 20)\nprint('never')")
    assert ended.stdout == ""
    assert "MemoryError" in ended.stderr


def test_the_memory_allowed_grows_with_the_graph_and_suits_a_small_computer() -> None:
    assert sandbox.allowance_bytes(1 << 20) < sandbox.allowance_bytes(2 << 20)
    assert sandbox.allowance_bytes(32 << 20) <= 768 << 20


def test_a_confined_process_dumps_no_memory_and_gains_no_privilege() -> None:
    # prctl(2): 3 asks whether it may be dumped, 39 whether it may gain privileges.
    shown = confined(
        "import ctypes, resource\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), ctypes.CDLL(None).prctl(39, 0, 0, 0, 0),"
        " resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_CPU))"
    )
    assert shown.stdout == "0 1 (0, 0) (30, 31)\n"
