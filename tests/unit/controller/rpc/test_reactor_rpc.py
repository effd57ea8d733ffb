from __future__ import annotations

import asyncio
from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from ostwald.v1 import reactor_pb2 as pb
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from controller.domain.readings import ReactorState, Snapshot
from controller.domain.run import Run, RunState
from controller.rpc.telemetry import Cadence, Sample
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

SNAPSHOT = Snapshot(7, 100, 2.0, ReactorState.READY, 0, -1, 3, (), (), ())
RUN = Run("r9", "silver", RunState.EXECUTE, 3, 7, 1.0)


def asked(channel: str, value: float, unit: str = "") -> pb.Setpoint:
    return pb.Setpoint(channel=channel, value=value, unit=unit)


async def test_describes_rig_links_and_tripped_interlocks(bench: Bench) -> None:
    bench.reactor.now = replace(bench.reactor.now, trips=0b10, first_out=1)
    answer = await ReactorServiceStub(bench.channel).GetReactor(pb.GetReactorRequest())
    assert [(each.name, each.tripped, each.first_out) for each in answer.interlocks] == [
        ("hot", False, False),
        ("burst", True, True),
        ("heater", False, False),
        ("lag", False, False),
        ("gone", False, False),
        ("button", False, False),
    ]
    assert answer.channels[0].driven_by == "reactor.heater"
    assert not answer.channels[0].HasField("safe_value")
    assert answer.channels[2].HasField("safe_value")
    assert (answer.clock, answer.version, answer.links[0].retries) == ("lockstep", "1.2.3", 2)
    assert [each.writable for each in answer.channels] == [True, False, True, True]


async def test_interlocks_of_every_kind_say_their_rule_and_the_one_channel_that_they_watch(
    bench: Bench,
) -> None:
    answer = await ReactorServiceStub(bench.channel).GetReactor(pb.GetReactorRequest())
    rules = {each.name: (each.channel, each.rule) for each in answer.interlocks}
    assert rules["hot"][0] == rules["lag"][0] == "reactor.temperature"
    assert rules["hot"][1].startswith("reactor.temperature above 85 degC")
    assert rules["lag"][1].endswith("makes pump.silver safe; releases by itself")
    assert {rules[name][0] for name in ("heater", "gone", "button")} == {""}
    assert "device board is lost" in rules["gone"][1]
    assert "a stop button is pressed" in rules["button"][1]


async def test_what_the_machine_did_not_permit_is_told(bench: Bench) -> None:
    bench.reactor.warnings = ("no real-time priority: ticks may come late",)
    answer = await ReactorServiceStub(bench.channel).GetReactor(pb.GetReactorRequest())
    assert list(answer.warnings) == ["no real-time priority: ticks may come late"]


async def test_reads_named_channels_and_leaves_out_what_nobody_asked(bench: Bench) -> None:
    request = pb.ReadChannelsRequest(channels=["pump.silver", "reactor.pressure"])
    answer = await ReactorServiceStub(bench.channel).ReadChannels(request)
    assert [(each.channel, each.value) for each in answer.readings] == [
        ("pump.silver", 50.0),
        ("reactor.pressure", 1.0),
    ]
    assert answer.readings[0].setpoint == 50.0
    assert not answer.readings[1].HasField("setpoint")


async def test_a_misspelt_channel_brings_up_the_closest(bench: Bench) -> None:
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).ReadChannels(pb.ReadChannelsRequest(channels=["pump.silvr"]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CHANNEL_UNKNOWN")
    assert "pump.silver" in refusal.metadata["remedy"]


async def test_setpoints_are_taken_in_the_channels_own_units(bench: Bench) -> None:
    request = pb.WriteSetpointsRequest(
        request_id="a", setpoints=[asked("reactor.temperature", 194.0, "degF"), asked("pump.silver", 9.0)]
    )
    answer = await ReactorServiceStub(bench.channel).WriteSetpoints(request)
    assert bench.reactor.calls == [{"reactor.temperature": 90.0, "pump.silver": 9.0}]
    assert [each.unit for each in answer.setpoints] == ["degC", "uL/min"]


async def test_every_wrong_setpoint_is_named_and_none_is_written(bench: Bench) -> None:
    wrong = [
        asked("pump.silver", 501.0),
        asked("reactor.pressure", 1.0),
        asked("reactor.heater", 1.0, "nm"),
        asked("pump.silver", 1.0),
    ]
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).WriteSetpoints(
            pb.WriteSetpointsRequest(request_id="a", setpoints=wrong)
        )
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SETPOINTS_INVALID")
    assert len(refusal.fields) == 3
    assert bench.reactor.calls == []


async def test_nan_is_no_setpoint(bench: Bench) -> None:
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).WriteSetpoints(
            pb.WriteSetpointsRequest(request_id="a", setpoints=[asked("pump.silver", float("nan"))])
        )
    assert refusal.fields == ["setpoints[0].pump.silver"]


@pytest.mark.parametrize("kind", [pb.SPECTRUM_KIND_DARK, pb.SPECTRUM_KIND_REFERENCE])
async def test_a_run_holds_setpoints_and_baselines(bench: Bench, kind: pb.SpectrumKind.ValueType) -> None:
    bench.runs.active = RUN
    stub = ReactorServiceStub(bench.channel)
    async with refused() as write:
        await stub.WriteSetpoints(
            pb.WriteSetpointsRequest(request_id="a", setpoints=[asked("pump.silver", 1.0)])
        )
    async with refused() as expose:
        await stub.AcquireSpectrum(pb.AcquireSpectrumRequest(request_id="b", kind=kind))
    assert write.reason == expose.reason == "REACTOR_HELD_BY_RUN"
    assert write.code is grpc.StatusCode.FAILED_PRECONDITION
    assert bench.reactor.calls == []


async def test_a_campaign_holds_the_reactor_between_its_trials(bench: Bench) -> None:
    bench.campaigns.active = "c-3"
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).WriteSetpoints(
            pb.WriteSetpointsRequest(request_id="a", setpoints=[asked("pump.silver", 1.0)])
        )
    assert refusal.reason == "REACTOR_HELD_BY_CAMPAIGN"
    assert "c-3" in refusal.message


async def test_a_mutation_says_who_asks_and_under_which_lease(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    metadata = (("ostwald-actor", "ann@bench"), ("ostwald-lease", "secret"))
    await stub.WriteSetpoints(
        pb.WriteSetpointsRequest(request_id="a", setpoints=[asked("pump.silver", 1.0)]), metadata=metadata
    )
    await stub.Reset(pb.ResetRequest(request_id="b"), metadata=metadata)
    await stub.EmergencyStop(pb.EmergencyStopRequest(reason="smoke\nnow"))
    assert [(each.actor, each.lease) for each in bench.reactor.asked] == [
        ("ann@bench (127.0.0.1)", "secret"),
        ("ann@bench (127.0.0.1)", "secret"),
    ]
    assert bench.reactor.calls[-1] == ("stop", "smoke now", "127.0.0.1")


async def test_a_spectrum_is_journaled_and_has_no_feature_without_a_peak(bench: Bench) -> None:
    request = pb.AcquireSpectrumRequest(request_id="a", kind=pb.SPECTRUM_KIND_SAMPLE, scans=3)
    answer = await ReactorServiceStub(bench.channel).AcquireSpectrum(request)
    assert bench.reactor.calls == [("sample", None, 3)]
    assert set(answer.spectrum.features) == {"peak_wavelength", "absorbance"}
    assert bench.journal.spectra.get(answer.spectrum.spectrum_id) is not None


async def test_a_spectrum_needs_a_kind(bench: Bench) -> None:
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).AcquireSpectrum(pb.AcquireSpectrumRequest(request_id="a"))
    assert (refusal.reason, refusal.fields) == ("SPECTRUM_KIND_MISSING", ["kind"])


async def test_an_emergency_stop_passes_a_write_that_hangs(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    bench.reactor.gate.clear()
    hanging = asyncio.ensure_future(
        stub.WriteSetpoints(pb.WriteSetpointsRequest(request_id="a", setpoints=[asked("pump.silver", 1.0)]))
    )
    await bench.reactor.entered.wait()
    await stub.EmergencyStop(pb.EmergencyStopRequest(reason="smoke"))
    assert bench.reactor.calls == [("stop", "smoke", "127.0.0.1")]
    bench.reactor.gate.set()
    await hanging


async def test_reset_is_refused_while_its_cause_stands(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    bench.reactor.now = replace(bench.reactor.now, state=ReactorState.TRIPPED)
    async with refused() as refusal:
        await stub.Reset(pb.ResetRequest(request_id="a"))
    assert (refusal.reason, refusal.metadata["remedy"]) == ("CAUSE_STANDS", "let it cool")
    bench.reactor.now = replace(bench.reactor.now, state=ReactorState.READY)
    assert (await stub.Reset(pb.ResetRequest(request_id="a"))).state == pb.REACTOR_STATE_READY


async def test_a_stream_names_its_columns_once_a_boot_and_counts_what_is_lost(bench: Bench) -> None:
    request = pb.StreamTelemetryRequest(channels=["pump.silver", "reactor.pressure"])
    stream: Any = ReactorServiceStub(bench.channel).StreamTelemetry(request)
    first = await stream.read()
    bench.reactor.now = replace(bench.reactor.now, tick=104, time_s=2.08)
    second = await stream.read()
    bench.reactor.now = replace(bench.reactor.now, boot_id=8, tick=1)
    third = await stream.read()
    assert [list(each.channels) for each in (first, second, third)] == [
        list(request.channels),
        [],
        list(request.channels),
    ]
    assert [each.lost for each in (first, second, third)] == [0, 3, 0]
    assert list(first.values) == [50.0, 1.0]
    assert isnan(first.setpoints[1])
    bench.reactor.gone = True
    async with refused() as refusal:
        await stream.read()
    assert refusal.code is grpc.StatusCode.UNAVAILABLE


async def test_time_does_not_run_backwards_in_a_stream(bench: Bench) -> None:
    request = pb.StreamTelemetryRequest()
    request.interval.FromMilliseconds(-5)
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).StreamTelemetry(request).read()
    assert refusal.fields == ["interval"]


def test_an_interval_keeps_its_grid_and_counts_slots_that_passed() -> None:
    cadence = Cadence(0.1)
    times = [0.0, 0.06, 0.12, 0.18, 0.20, 0.55]
    taken = [cadence.take(replace(SNAPSHOT, tick=tick, time_s=time)) for tick, time in enumerate(times)]
    assert [None if each is None else each.lost for each in taken] == [0, None, 0, None, 0, 2]


def test_the_same_tick_is_not_sent_twice() -> None:
    cadence = Cadence(0.0)
    assert cadence.take(SNAPSHOT) == Sample(first=True, lost=0)
    assert cadence.take(SNAPSHOT) is None
