"""What ReactorService says of alarms, and what it takes: acknowledge, shelve, out of service."""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from ostwald.v1 import alarms_pb2 as pb
from ostwald.v1 import reactor_pb2_grpc

from controller.control.alarm_states import STANDING, WAITING
from controller.control.alarms import AlarmsModel, compile_alarms
from controller.control.seen import Names
from controller.domain.alarms import AlarmState
from controller.domain.commands import AcknowledgeAlarm, SetAlarmService, ShelveAlarm
from controller.domain.errors import ControllerError, Kind, Violation
from controller.rpc import convert
from controller.rpc.actors import LONGEST_REASON, actor_of, clean
from controller.rpc.names import check_name

if TYPE_CHECKING:
    from ostwald.v1.common_pb2 import ReactorTime
    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.control.alarm_model import AlarmModel
    from controller.domain.alarms import AlarmStatus
    from controller.domain.ports import Reactor
    from controller.rpc.idempotency import Once
    from controller.rpc.services import Services


class AlarmRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for alarms."""

    _services: Services
    _reactor: Reactor
    _once: Once

    async def ListAlarms(self, request: pb.ListAlarmsRequest, context: Context) -> pb.ListAlarmsResponse:
        boot_id = self._reactor.snapshot().boot_id
        known = {status.name: status for status in self._reactor.alarms()}
        if known.keys() != self._alarms.index.keys():
            raise ControllerError(
                "control has not told of its alarms yet",
                reason="ALARMS_UNKNOWN",
                kind=Kind.UNAVAILABLE,
                remedy="ask again in a second",
            )
        alarms = [(each, known[each.plan.name]) for each in self._alarms.alarms]
        if request.only_standing:
            alarms = [each for each in alarms if each[1].state is not AlarmState.NORMAL]
        alarms.sort(key=lambda each: _gravity(each[1]))
        return pb.ListAlarmsResponse(
            time=self._moment(), alarms=[_message(model, status, boot_id) for model, status in alarms]
        )

    async def AcknowledgeAlarm(
        self, request: pb.AcknowledgeAlarmRequest, context: Context
    ) -> pb.AcknowledgeAlarmResponse:
        actor = actor_of(context)

        async def act() -> pb.AcknowledgeAlarmResponse:
            if request.name:
                check_name("alarm", request.name, self._alarms.index, lister="ostwald alarms")
            await self._reactor.request(AcknowledgeAlarm(request.name), actor=actor)
            return pb.AcknowledgeAlarmResponse(time=self._moment())

        return await self._once.answer(request, pb.AcknowledgeAlarmResponse(), act)

    async def ShelveAlarm(self, request: pb.ShelveAlarmRequest, context: Context) -> pb.ShelveAlarmResponse:
        actor = actor_of(context)

        async def act() -> pb.ShelveAlarmResponse:
            check_name("alarm", request.name, self._alarms.index, lister="ostwald alarms")
            duration_s = request.duration.seconds + request.duration.nanos * 1e-9
            if duration_s < 0.0:
                raise _refused("duration", "must not be negative")
            reason = _reason(request.reason) if duration_s > 0.0 else ""
            command = ShelveAlarm(request.name, duration_s, reason)
            await self._reactor.request(command, actor=actor)
            return pb.ShelveAlarmResponse(time=self._moment())

        return await self._once.answer(request, pb.ShelveAlarmResponse(), act)

    async def SetAlarmInService(
        self, request: pb.SetAlarmInServiceRequest, context: Context
    ) -> pb.SetAlarmInServiceResponse:
        actor = actor_of(context)

        async def act() -> pb.SetAlarmInServiceResponse:
            check_name("alarm", request.name, self._alarms.index, lister="ostwald alarms")
            reason = "" if request.in_service else _reason(request.reason)
            command = SetAlarmService(request.name, request.in_service, reason)
            await self._reactor.request(command, actor=actor)
            return pb.SetAlarmInServiceResponse(time=self._moment())

        return await self._once.answer(request, pb.SetAlarmInServiceResponse(), act, repeatable=True)

    @cached_property
    def _alarms(self) -> AlarmsModel:
        plan = self._reactor.plan
        return compile_alarms(plan, Names.of(plan))

    def _moment(self) -> ReactorTime:
        now = self._reactor.snapshot()
        return convert.moment(now.boot_id, now.time_s)


def _gravity(status: AlarmStatus) -> tuple[bool, bool, bool, int, float]:
    """Sort what waits for a person first, then what is on, then what is kept quiet; the newest first."""
    return (
        status.state not in WAITING,
        status.state not in STANDING,
        status.state is AlarmState.NORMAL,
        -status.priority,
        -status.since_s,
    )


def _message(model: AlarmModel, status: AlarmStatus, boot_id: int) -> pb.Alarm:
    left = None
    if status.state is AlarmState.SHELVED:
        left = Duration()
        left.FromMilliseconds(round(status.shelved_left_s * 1000.0))
    return pb.Alarm(
        name=status.name,
        state=pb.AlarmState.ValueType(status.state),
        priority=pb.AlarmPriority.ValueType(status.priority),
        active=status.active,
        since=convert.moment(boot_id, status.since_s),
        value=None if isnan(status.value) else status.value,
        unit=model.unit,
        shelved_left=left,
        by=status.by,
        condition=model.condition,
        response=model.plan.response,
        trip=model.trip,
    )


def _reason(text: str) -> str:
    """Return the reason that the log will show; whoever keeps an alarm quiet has one."""
    reason = clean(text, LONGEST_REASON)
    if not reason:
        raise _refused("reason", "must say why")
    return reason


def _refused(place: str, description: str) -> ControllerError:
    return ControllerError(
        "the alarm was left as it is",
        reason="ALARM_REQUEST_INVALID",
        violations=(Violation(place, description),),
    )
