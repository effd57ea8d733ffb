"""Alarms of a device: listed, acknowledged, kept quiet, brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, call, new_request_id
from ostwald.errors import OstwaldError
from ostwald.to_proto import duration
from ostwald.v1 import alarms_pb2, reactor_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc

    from ostwald import values as v
    from ostwald.background import Background


class AsyncAlarms:
    """Alarms by name. Nothing here needs the lease; the alarm of an interlock can't be kept quiet."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address

    async def list(self, *, only_standing: bool = False) -> Sequence[v.Alarm]:
        """Return all alarms, or those that are not normal, the gravest first."""
        request = alarms_pb2.ListAlarmsRequest(only_standing=only_standing)
        answer = await call(lambda: self._stub.ListAlarms(request, timeout=DEADLINE_S), self._address)
        return [read.alarm(each) for each in answer.alarms]

    async def acknowledge(self, name: str = "") -> None:
        """Acknowledge one alarm, or all that wait for it."""
        request = alarms_pb2.AcknowledgeAlarmRequest(request_id=new_request_id(), name=name)
        await call(lambda: self._stub.AcknowledgeAlarm(request, timeout=DEADLINE_S), self._address)

    async def shelve(self, name: str, duration_s: float, reason: str) -> None:
        """Keep an alarm quiet for `duration_s` of reactor time, at most a day."""
        if not duration_s > 0.0:
            raise OstwaldError(
                f"'{name}' can't be shelved for {duration_s:g} s", remedy="unshelve brings it back"
            )
        request = alarms_pb2.ShelveAlarmRequest(
            request_id=new_request_id(), name=name, duration=duration(duration_s), reason=reason
        )
        await call(lambda: self._stub.ShelveAlarm(request, timeout=DEADLINE_S), self._address)

    async def unshelve(self, name: str) -> None:
        """Bring a shelved alarm back before its time."""
        request = alarms_pb2.ShelveAlarmRequest(request_id=new_request_id(), name=name)
        await call(lambda: self._stub.ShelveAlarm(request, timeout=DEADLINE_S), self._address)

    async def out_of_service(self, name: str, reason: str) -> None:
        """Take an alarm out of service, until `in_service`."""
        await self._serve(name, in_service=False, reason=reason)

    async def in_service(self, name: str) -> None:
        """Put an alarm back into service."""
        await self._serve(name, in_service=True, reason="")

    async def _serve(self, name: str, *, in_service: bool, reason: str) -> None:
        request = alarms_pb2.SetAlarmInServiceRequest(
            request_id=new_request_id(), name=name, in_service=in_service, reason=reason
        )
        await call(lambda: self._stub.SetAlarmInService(request, timeout=DEADLINE_S), self._address)


class Alarms:
    """`AsyncAlarms` for programs that wait."""

    def __init__(self, loop: Background, alarms: AsyncAlarms) -> None:
        self._loop = loop
        self._alarms = alarms

    def list(self, *, only_standing: bool = False) -> Sequence[v.Alarm]:
        return self._loop.run(self._alarms.list(only_standing=only_standing))

    def acknowledge(self, name: str = "") -> None:
        self._loop.run(self._alarms.acknowledge(name))

    def shelve(self, name: str, duration_s: float, reason: str) -> None:
        self._loop.run(self._alarms.shelve(name, duration_s, reason))

    def unshelve(self, name: str) -> None:
        self._loop.run(self._alarms.unshelve(name))

    def out_of_service(self, name: str, reason: str) -> None:
        self._loop.run(self._alarms.out_of_service(name, reason))

    def in_service(self, name: str) -> None:
        self._loop.run(self._alarms.in_service(name))
