from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.v1 import loops_pb2 as pb
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from controller.domain.commands import EndAutotune, LoopMode, Retune, SetLoopMode, StartAutotune
from controller.domain.errors import ControllerError, Kind
from controller.domain.plan import ScheduledTuning
from controller.domain.status import LoopStatus, TuningProposal
from tests.unit.controller.rpc.conftest import PLAN, RUN
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from controller.domain.commands import Command
    from tests.unit.controller.rpc.conftest import Bench

HEAT = LoopStatus("heat", LoopMode.AUTO, 60.0, 45.5, 32.0, 1.0, 10.0, 0.0)


def stub(bench: Bench) -> Any:
    return ReactorServiceStub(bench.channel)


async def the_loop(bench: Bench, status: LoopStatus) -> pb.Loop:
    bench.reactor.loops = (status,)
    answer = await stub(bench).ListLoops(pb.ListLoopsRequest())
    assert (answer.time.seconds, answer.time.boot_id) == (2.0, 7)
    loop: pb.Loop = answer.loops[0]
    return loop


# Every mutation that reaches a loop, and the command that it becomes.
MUTATIONS: dict[str, tuple[Any, Command]] = {
    "SetLoopMode": (
        pb.SetLoopModeRequest(request_id="a", loop="heat", mode=pb.LOOP_MODE_MANUAL, output=30.0),
        SetLoopMode("heat", LoopMode.MANUAL, 30.0),
    ),
    "RetuneLoop": (
        pb.RetuneLoopRequest(
            request_id="a", loop="heat", tuning=pb.Tuning(gain=2.5, integral_s=60.0, derivative_s=5.0)
        ),
        Retune("heat", 2.5, 60.0, 5.0),
    ),
    "StartAutotune": (
        pb.StartAutotuneRequest(request_id="a", loop="heat", target=45.0, amplitude=20.0),
        StartAutotune("heat", 45.0, 20.0),
    ),
    "EndAutotune": (
        pb.EndAutotuneRequest(request_id="a", loop="heat", accept=True),
        EndAutotune("heat", accept=True),
    ),
}
every_mutation = pytest.mark.parametrize("method", MUTATIONS)


async def ask(bench: Bench, method: str, **metadata: str) -> Any:
    headers = tuple((f"ostwald-{name}", value) for name, value in metadata.items())
    return await getattr(stub(bench), method)(MUTATIONS[method][0], metadata=headers)


async def test_a_loop_is_told_with_what_it_joins_and_how_it_stands(bench: Bench) -> None:
    loop = await the_loop(bench, HEAT)
    assert (loop.name, loop.sensor, loop.actuator) == ("heat", "reactor.temperature", "reactor.heater")
    assert (loop.mode, loop.target, loop.setpoint, loop.output) == (pb.LOOP_MODE_AUTO, 60.0, 45.5, 32.0)
    assert (loop.output_unit, loop.tuning.gain, loop.tuning.integral_s) == ("%", 1.0, 10.0)
    assert loop.autotune == pb.AUTOTUNE_PHASE_UNSPECIFIED
    assert not loop.scheduled


async def test_what_a_loop_does_not_ask_is_left_out(bench: Bench) -> None:
    off = replace(HEAT, mode=LoopMode.OFF, target=nan, setpoint=nan, output=nan)
    loop = await the_loop(bench, off)
    assert [loop.HasField(name) for name in ("target", "setpoint", "output", "proposal")] == [False] * 4


async def test_a_proposal_is_told_with_what_was_found_of_the_plant(bench: Bench) -> None:
    proposal = TuningProposal(2.0, 40.0, 4.0, "lag 40 s, dead time 3 s")
    loop = await the_loop(bench, replace(HEAT, tuning="proposed", proposal=proposal))
    assert loop.autotune == pb.AUTOTUNE_PHASE_PROPOSED
    assert (loop.proposal.gain, loop.proposal.integral_s, loop.proposal.derivative_s) == (2.0, 40.0, 4.0)
    assert loop.proposal_summary == "lag 40 s, dead time 3 s"


async def test_a_failed_experiment_says_why(bench: Bench) -> None:
    loop = await the_loop(bench, replace(HEAT, tuning="failed", problem="the swing is lost in the noise"))
    assert (loop.autotune, loop.problem) == (pb.AUTOTUNE_PHASE_FAILED, "the swing is lost in the noise")


async def test_a_split_range_is_told_in_percent_and_a_schedule_is_named(bench: Bench) -> None:
    point = ScheduledTuning(20.0, 1.0, 10.0, 0.0)
    loop = replace(PLAN.loops[0], cooler="pump.silver", schedule=(point,), schedule_on="reactor.temperature")
    bench.reactor.plan = replace(PLAN, loops=(loop,))
    told = await the_loop(bench, HEAT)
    assert (told.output_unit, told.scheduled) == ("%", True)


async def test_loops_that_control_has_not_told_of_can_be_asked_for_again(bench: Bench) -> None:
    bench.reactor.loops = ()
    async with refused() as refusal:
        await stub(bench).ListLoops(pb.ListLoopsRequest())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "LOOPS_UNKNOWN")


@every_mutation
async def test_a_mutation_is_asked_of_control_by_whom_and_under_which_lease(
    bench: Bench, method: str
) -> None:
    answer = await ask(bench, method, actor="ann@bench", lease="secret")
    asked = bench.reactor.asked[0]
    assert asked.command == MUTATIONS[method][1]
    assert (asked.actor, asked.lease) == ("ann@bench (127.0.0.1)", "secret")
    assert answer.time.seconds == 2.0


@every_mutation
async def test_a_mutation_that_is_repeated_acts_once(bench: Bench, method: str) -> None:
    await ask(bench, method)
    await bench.restart()
    await ask(bench, method)
    assert [each.command for each in bench.reactor.asked] == [MUTATIONS[method][1]]


@every_mutation
async def test_a_run_keeps_its_loops_to_itself(bench: Bench, method: str) -> None:
    bench.runs.active = RUN
    async with refused() as refusal:
        await ask(bench, method)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REACTOR_HELD_BY_RUN")
    assert "ostwald run abort r1" in refusal.metadata["remedy"]
    assert bench.reactor.asked == []


@every_mutation
async def test_a_campaign_keeps_its_loops_between_trials_too(bench: Bench, method: str) -> None:
    bench.campaigns.active = "c1"
    async with refused() as refusal:
        await ask(bench, method)
    assert refusal.reason == "REACTOR_HELD_BY_CAMPAIGN"
    assert "ostwald campaign abort c1" in refusal.metadata["remedy"]


async def test_an_experiment_may_be_ended_while_a_run_goes_on(bench: Bench) -> None:
    bench.runs.active = RUN
    await stub(bench).EndAutotune(pb.EndAutotuneRequest(request_id="a", loop="heat", accept=False))
    assert [each.command for each in bench.reactor.asked] == [EndAutotune("heat", accept=False)]


@every_mutation
async def test_a_misspelt_loop_brings_up_the_closest(bench: Bench, method: str) -> None:
    request = deepcopy(MUTATIONS[method][0])
    request.loop = "heta"
    async with refused() as refusal:
        await getattr(stub(bench), method)(request)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "LOOP_UNKNOWN")
    assert refusal.metadata["remedy"] == "did you mean heat?"
    assert bench.reactor.asked == []


async def test_a_name_like_no_other_points_to_the_list_and_is_cut(bench: Bench) -> None:
    request = pb.SetLoopModeRequest(request_id="a", loop="\x1b" + "z" * 5000, mode=pb.LOOP_MODE_OFF)
    async with refused() as refusal:
        await stub(bench).SetLoopMode(request)
    assert "ostwald loop list" in refusal.metadata["remedy"]
    assert refusal.message.startswith(f"there is no loop '{'z' * 63}'")


async def test_a_loop_is_switched_without_an_output_too(bench: Bench) -> None:
    request = pb.SetLoopModeRequest(request_id="a", loop="heat", mode=pb.LOOP_MODE_AUTO)
    await stub(bench).SetLoopMode(request)
    assert bench.reactor.asked[0].command == SetLoopMode("heat", LoopMode.AUTO, None)


@pytest.mark.parametrize("mode", [0, 9])
async def test_a_mode_that_is_none_is_refused(bench: Bench, mode: pb.LoopMode.ValueType) -> None:
    async with refused() as refusal:
        await stub(bench).SetLoopMode(pb.SetLoopModeRequest(request_id="a", loop="heat", mode=mode))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "LOOP_REQUEST_INVALID")
    assert refusal.fields == ["mode"]


async def test_a_retune_needs_a_tuning(bench: Bench) -> None:
    async with refused() as refusal:
        await stub(bench).RetuneLoop(pb.RetuneLoopRequest(request_id="a", loop="heat"))
    assert (refusal.reason, refusal.fields) == ("LOOP_REQUEST_INVALID", ["tuning"])


async def test_a_target_may_be_written_in_another_unit(bench: Bench) -> None:
    request = pb.StartAutotuneRequest(
        request_id="a", loop="heat", target=113.0, target_unit="degF", amplitude=20.0
    )
    await stub(bench).StartAutotune(request)
    assert bench.reactor.asked[0].command == StartAutotune("heat", 45.0, 20.0)


@pytest.mark.parametrize("unit", ["bar", "furlongs per fortnight", "9**9**9"])
async def test_a_target_in_no_unit_of_the_sensor_is_refused(bench: Bench, unit: str) -> None:
    request = pb.StartAutotuneRequest(
        request_id="a", loop="heat", target=1.0, target_unit=unit, amplitude=9.0
    )
    async with refused() as refusal:
        await stub(bench).StartAutotune(request)
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["target_unit"])
    assert bench.reactor.asked == []


@every_mutation
async def test_what_control_refuses_comes_back_with_its_reason_and_may_be_tried_again(
    bench: Bench, method: str
) -> None:
    bench.reactor.refusal = ControllerError(
        "is in an experiment", reason="AUTOTUNE_RUNNING", kind=Kind.REFUSED
    )
    async with refused() as refusal:
        await ask(bench, method)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "AUTOTUNE_RUNNING")
    bench.reactor.refusal = None
    await ask(bench, method)
    assert [each.command for each in bench.reactor.asked] == [MUTATIONS[method][1]]
