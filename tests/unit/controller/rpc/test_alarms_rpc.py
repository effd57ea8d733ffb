from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from ostwald.v1 import alarms_pb2 as pb
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

DECLARED = ["warm", "thin"]
TRIPS = ["hot", "burst", "heater", "lag", "gone", "button"]


def shelf(
    name: str = "warm", *, minutes: float = 10.0, reason: str = "cleaning", request_id: str = "s"
) -> pb.ShelveAlarmRequest:
    request = pb.ShelveAlarmRequest(request_id=request_id, name=name, reason=reason)
    request.duration.FromMilliseconds(round(minutes * 60_000))
    return request


async def listed(bench: Bench, *, only_standing: bool = False) -> dict[str, pb.Alarm]:
    request = pb.ListAlarmsRequest(only_standing=only_standing)
    answer = await ReactorServiceStub(bench.channel).ListAlarms(request)
    return {each.name: each for each in answer.alarms}


async def test_every_declared_alarm_and_every_interlock_is_listed(bench: Bench) -> None:
    found = await listed(bench)
    assert set(found) == {*DECLARED, *TRIPS}
    assert [name for name, each in found.items() if each.trip] == TRIPS
    assert {each.state for each in found.values()} == {pb.ALARM_STATE_NORMAL}
    assert found["warm"].condition == "reactor.temperature above 60 degC"
    assert found["warm"].response == "open the vent"
    assert not found["warm"].HasField("value")
    assert await listed(bench, only_standing=True) == {}


async def test_a_raised_alarm_says_when_and_at_what_reading(bench: Bench) -> None:
    bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    alarm = (await listed(bench, only_standing=True))["warm"]
    assert (alarm.state, alarm.priority) == (pb.ALARM_STATE_UNACKNOWLEDGED, pb.ALARM_PRIORITY_HIGH)
    assert (alarm.value, alarm.unit, alarm.active) == (70.0, "degC", True)
    assert (alarm.since.seconds, alarm.since.boot_id) == (2.5, 7)


async def test_what_waits_for_a_person_comes_first_and_by_gravity(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    bench.reactor.pass_time(0.5, reactor_pressure=0.2)
    bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    assert list(await listed(bench))[:2] == ["warm", "thin"]
    await stub.AcknowledgeAlarm(pb.AcknowledgeAlarmRequest(request_id="a", name="warm"))
    assert list(await listed(bench))[:2] == ["thin", "warm"]
    await stub.ShelveAlarm(shelf("thin"))
    assert list(await listed(bench))[:2] == ["warm", "thin"]


async def test_alarms_of_a_control_that_has_not_told_them_are_unavailable(bench: Bench) -> None:
    bench.reactor.heard = False
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).ListAlarms(pb.ListAlarmsRequest())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "ALARMS_UNKNOWN")


async def test_an_empty_name_acknowledges_all_that_wait(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    bench.reactor.pass_time(0.5, reactor_temperature=70.0, reactor_pressure=0.2)
    metadata = (("ostwald-actor", "ann@bench"),)
    await stub.AcknowledgeAlarm(pb.AcknowledgeAlarmRequest(request_id="a"), metadata=metadata)
    found = await listed(bench, only_standing=True)
    assert {each.state for each in found.values()} == {pb.ALARM_STATE_ACKNOWLEDGED}
    assert {each.by for each in found.values()} == {"ann@bench (127.0.0.1)"}
    async with refused() as refusal:
        await stub.AcknowledgeAlarm(pb.AcknowledgeAlarmRequest(request_id="b"))
    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "NOTHING_TO_ACKNOWLEDGE",
    )


async def test_a_shelved_alarm_says_for_how_long_still(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    await stub.ShelveAlarm(shelf(minutes=10.0))
    bench.reactor.pass_time(60.0, reactor_temperature=70.0)
    alarm = (await listed(bench))["warm"]
    assert (alarm.state, alarm.active) == (pb.ALARM_STATE_SHELVED, True)
    assert alarm.shelved_left.seconds == 540
    await stub.ShelveAlarm(pb.ShelveAlarmRequest(request_id="back", name="warm"))
    alarm = (await listed(bench))["warm"]
    assert alarm.state == pb.ALARM_STATE_UNACKNOWLEDGED
    assert not alarm.HasField("shelved_left")


async def test_an_alarm_leaves_service_and_comes_back(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    out = pb.SetAlarmInServiceRequest(request_id="a", name="warm", reason="sensor sent in")
    await stub.SetAlarmInService(out)
    assert (await listed(bench))["warm"].state == pb.ALARM_STATE_OUT_OF_SERVICE
    await stub.SetAlarmInService(pb.SetAlarmInServiceRequest(request_id="b", name="warm", in_service=True))
    assert (await listed(bench))["warm"].state == pb.ALARM_STATE_NORMAL


async def test_whoever_keeps_an_alarm_quiet_says_why(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    async with refused() as shelving:
        await stub.ShelveAlarm(shelf(reason=" \n"))
    async with refused() as taking:
        await stub.SetAlarmInService(pb.SetAlarmInServiceRequest(request_id="b", name="warm"))
    assert shelving.fields == taking.fields == ["reason"]
    assert shelving.reason == taking.reason == "ALARM_REQUEST_INVALID"
    assert bench.reactor.asked == []


async def test_time_on_the_shelf_does_not_run_backwards(bench: Bench) -> None:
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).ShelveAlarm(shelf(minutes=-1.0))
    assert refusal.fields == ["duration"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (shelf("hot"), "TRIP_NOT_SHELVABLE"),
        (shelf(minutes=24 * 60 + 1), "SHELF_TOO_LONG"),
        (shelf(minutes=0.0), "ALARM_NOT_SHELVED"),
    ],
)
async def test_what_control_refuses_is_told_by_its_reason(
    bench: Bench, request_: pb.ShelveAlarmRequest, reason: str
) -> None:
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).ShelveAlarm(request_)
    assert refusal.reason == reason


@pytest.mark.parametrize(("name", "remedy"), [("wram", "did you mean warm?"), ("q" * 999, "ostwald alarms")])
async def test_an_unknown_alarm_brings_up_the_closest(bench: Bench, name: str, remedy: str) -> None:
    stub = ReactorServiceStub(bench.channel)
    async with refused() as acknowledging:
        await stub.AcknowledgeAlarm(pb.AcknowledgeAlarmRequest(request_id="a", name=name))
    async with refused() as shelving:
        await stub.ShelveAlarm(shelf(name))
    async with refused() as taking:
        await stub.SetAlarmInService(pb.SetAlarmInServiceRequest(request_id="c", name=name))
    for each in (acknowledging, shelving, taking):
        assert (each.code, each.reason) == (grpc.StatusCode.NOT_FOUND, "ALARM_UNKNOWN")
        assert remedy in each.metadata["remedy"]
        assert len(each.message) < 200


async def test_a_repeated_request_acts_once(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    first = await stub.ShelveAlarm(shelf())
    assert await stub.ShelveAlarm(shelf()) == first
    assert len(bench.reactor.asked) == 1


async def test_alarms_need_no_lease(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    bench.reactor.pass_time(0.5, reactor_temperature=70.0)
    bench.hold_lease()
    await stub.AcknowledgeAlarm(pb.AcknowledgeAlarmRequest(request_id="a", name="warm"))
    await stub.ShelveAlarm(shelf())
    assert (await listed(bench))["warm"].state == pb.ALARM_STATE_SHELVED
