"""The event log in ReactorService: pages of it, and a stream that goes on where its reader left off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ostwald.v1 import events_pb2 as pb
from ostwald.v1 import reactor_pb2_grpc

from controller.domain.errors import ControllerError, Violation
from controller.domain.events import EventKind
from controller.rpc import convert
from controller.rpc.paging import page_of, token_of
from controller.storage.events import EventFilter, JournaledEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp
    from ostwald.v1.reactor_pb2_grpc import _ServicerContext as Context

    from controller.rpc.services import Services

# On the wall clock: a reader who slept on the reactor's would hold up simulated time.
_POLL_S: Final = 0.1
_BATCH: Final = 200
_LONGEST_SUBJECT: Final = 64
# A time is sent in whole microseconds; asked for again, it must not lie after itself.
_ROUNDING_S: Final = 1e-6
_KINDS: Final = {pb.EventKind.Value(f"EVENT_KIND_{kind.name}"): kind for kind in EventKind}
_NUMBERS: Final = {kind: number for number, kind in _KINDS.items()}


class EventRpc(reactor_pb2_grpc.ReactorServiceServicer):
    """The part of ReactorService that `ReactorRpc` inherits for the event log."""

    _services: Services

    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        page = page_of(request)
        since_s = _seconds(request.since) - _ROUNDING_S if request.HasField("since") else 0.0
        wanted = EventFilter(_kinds(request.kinds), request.subject[:_LONGEST_SUBJECT], since_s)
        found = self._services.journal.events.newest(page.limit + 1, before=page.offset, wanted=wanted)
        more, events = len(found) > page.limit, found[: page.limit]
        return pb.ListEventsResponse(
            events=[message(each) for each in events],
            next_page_token=token_of(events[-1].event_id) if more else "",
        )

    async def WatchEvents(
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        log = self._services.journal.events
        wanted = EventFilter(_kinds(request.kinds), request.subject[:_LONGEST_SUBJECT])
        last = request.after_event_id if request.HasField("after_event_id") else log.newest_id
        if last > log.newest_id:
            raise ControllerError(
                f"the log ends at event {log.newest_id}",
                reason="EVENT_UNKNOWN",
                remedy="begin anew with after_event_id 0, or without",
                violations=(Violation("after_event_id", "is beyond the end of the log"),),
            )
        known = log.after(last - 1, 1) if last else []
        losses = Losses(last, known[0] if known and known[0].event_id == last else None)
        while True:
            lost = 0
            for event in log.after(losses.last_id, _BATCH) if log.newest_id > losses.last_id else ():
                lost += losses.before(event)
                if wanted.takes(event):
                    yield pb.WatchEventsResponse(event=message(event), lost=lost)
                    lost = 0
            if lost:
                yield pb.WatchEventsResponse(lost=lost)
            # Others get their turn also while a reader catches up over events that he does not want.
            await asyncio.sleep(_POLL_S if log.newest_id == losses.last_id else 0.0)


class Losses:
    """Counts the events that a reader misses: pruned from the log, or never come into it.

    `last_id` is the event that the reader has; `last` is that event, if the log still holds it.
    """

    def __init__(self, last_id: int, last: JournaledEvent | None) -> None:
        self.last_id = last_id
        self._boot_id = None if last is None else last.logged.boot_id
        self._sequence = 0 if last is None else last.logged.sequence

    def before(self, event: JournaledEvent) -> int:
        """Return how many are missing between the event before and this one."""
        pruned = event.event_id - self.last_id - 1
        unheard = 0
        if event.logged.boot_id == self._boot_id:
            unheard = event.logged.sequence - self._sequence - 1
        elif pruned == 0:
            unheard = event.logged.sequence - 1
        self.last_id = event.event_id
        self._boot_id, self._sequence = event.logged.boot_id, event.logged.sequence
        return max(pruned, unheard)


def message(each: JournaledEvent) -> pb.Event:
    logged, what = each.logged, each.logged.event
    made = pb.Event(
        event_id=each.event_id,
        sequence=logged.sequence,
        time=convert.moment(logged.boot_id, logged.time_s),
        kind=_NUMBERS[what.kind],
        subject=what.subject,
        text=what.text,
        actor=what.actor,
    )
    made.logged.FromMicroseconds(int(each.logged_s * 1e6))
    return made


def _kinds(numbers: Sequence[pb.EventKind.ValueType]) -> frozenset[EventKind]:
    unknown = [number for number in numbers if number not in _KINDS]
    if unknown:
        raise ControllerError(
            "no such events are logged",
            reason="EVENT_KIND_UNKNOWN",
            violations=(Violation("kinds", f"{unknown[0]} is no kind of event"),),
        )
    return frozenset(_KINDS[number] for number in numbers)


def _seconds(moment: Timestamp) -> float:
    return moment.seconds + moment.nanos * 1e-9
