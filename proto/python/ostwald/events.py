"""The event log of a device: read, and followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from ostwald import from_proto as read
from ostwald.calls import DEADLINE_S, call, translate
from ostwald.errors import OstwaldError
from ostwald.v1 import events_pb2, reactor_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from ostwald import values as v
    from ostwald.background import Background

_PREFIX = "EVENT_KIND_"
KINDS = tuple(read.word(name, _PREFIX) for name, number in events_pb2.EventKind.items() if number)


class AsyncEvents:
    """What happened, to what, when, why and by whom.

    `kinds` are among `KINDS`, none: all; `subject` names an interlock, an alarm, a loop or a channel.
    """

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._stub = reactor_pb2_grpc.ReactorServiceStub(channel)
        self._address = address

    async def list(
        self, kinds: Sequence[str] = (), subject: str = "", since: datetime | None = None, limit: int = 50
    ) -> Sequence[v.Event]:
        """Return the newest events, newest first, at most `limit`; `since` is when they were logged."""
        request = events_pb2.ListEventsRequest(
            kinds=_numbers(kinds), subject=subject, since=None if since is None else _timestamp(since)
        )
        events: list[v.Event] = []
        while len(events) < limit:
            request.page_size = limit - len(events)
            answer = await call(lambda: self._stub.ListEvents(request, timeout=DEADLINE_S), self._address)
            events += [read.event(each) for each in answer.events]
            if not (token := answer.next_page_token):
                break
            request.page_token = token
        return events

    async def watch(
        self, after: int | None = None, kinds: Sequence[str] = (), subject: str = ""
    ) -> AsyncIterator[v.WatchedEvent]:
        """Yield events as they happen; with `after`, first those that followed the event of that id.

        Cut off, go on with `after` set to the `event_id` of the last one.
        """
        request = events_pb2.WatchEventsRequest(after_event_id=after, kinds=_numbers(kinds), subject=subject)
        try:
            async for each in self._stub.WatchEvents(request):
                yield read.watched_event(each)
        except grpc.aio.AioRpcError as error:
            raise translate(error, self._address) from error


class Events:
    """`AsyncEvents` for programs that wait."""

    def __init__(self, loop: Background, events: AsyncEvents) -> None:
        self._loop = loop
        self._events = events

    def list(
        self, kinds: Sequence[str] = (), subject: str = "", since: datetime | None = None, limit: int = 50
    ) -> Sequence[v.Event]:
        return self._loop.run(self._events.list(kinds, subject, since, limit))

    def watch(
        self, after: int | None = None, kinds: Sequence[str] = (), subject: str = ""
    ) -> Iterator[v.WatchedEvent]:
        return self._loop.iterate(self._events.watch(after, kinds, subject))


def _numbers(kinds: Sequence[str]) -> list[events_pb2.EventKind.ValueType]:
    unknown = [each for each in kinds if each not in KINDS]
    if unknown:
        raise OstwaldError(f"'{unknown[0]}' is no kind of event", remedy=f"choose of {', '.join(KINDS)}")
    return [events_pb2.EventKind.Value(f"{_PREFIX}{each.upper()}") for each in kinds]


def _timestamp(moment: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(moment.astimezone())
    return made
