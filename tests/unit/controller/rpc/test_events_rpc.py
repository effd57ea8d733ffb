from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from ostwald.v1 import events_pb2 as pb
from ostwald.v1.reactor_pb2_grpc import ReactorServiceStub

from controller.domain.events import Event, EventKind, LoggedEvent
from controller.rpc.events import Losses
from controller.storage.events import JournaledEvent
from tests.unit.controller.rpc.rpc_errors import refused

if TYPE_CHECKING:
    from tests.unit.controller.rpc.conftest import Bench

HOT = Event(EventKind.TRIP, "hot", "tripped")
WARM = Event(EventKind.ALARM, "warm", "acknowledged", "ann@bench")


def log(bench: Bench, *events: Event, boot_id: int = 7, first: int = 1) -> None:
    bench.journal.events.add(
        [
            LoggedEvent(boot_id, number, 0.5 * number, event)
            for number, event in enumerate(events, start=first)
        ]
    )


def journaled(event_id: int, boot_id: int, sequence: int) -> JournaledEvent:
    return JournaledEvent(event_id, 0.0, LoggedEvent(boot_id, sequence, 0.0, HOT))


async def test_events_come_newest_first_and_whole(bench: Bench) -> None:
    log(bench, HOT, WARM)
    answer = await ReactorServiceStub(bench.channel).ListEvents(pb.ListEventsRequest())
    newest, oldest = answer.events
    assert (newest.kind, newest.subject, newest.actor) == (pb.EVENT_KIND_ALARM, "warm", "ann@bench")
    assert (newest.event_id, newest.sequence, newest.time.seconds, newest.time.boot_id) == (2, 2, 1.0, 7)
    assert (oldest.kind, oldest.text) == (pb.EVENT_KIND_TRIP, "tripped")
    assert oldest.logged.seconds > 0
    assert answer.next_page_token == ""


async def test_pages_of_events_leave_none_out_though_new_ones_come_between(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    log(bench, *[HOT] * 5)
    seen, token = [], ""
    for number in range(3):
        page = await stub.ListEvents(pb.ListEventsRequest(page_size=2, page_token=token))
        seen += [each.event_id for each in page.events]
        token = page.next_page_token
        log(bench, WARM, boot_id=8 + number)
    assert (seen, token) == ([5, 4, 3, 2, 1], "")


async def test_events_are_chosen_by_kind_subject_and_time(bench: Bench) -> None:
    stub = ReactorServiceStub(bench.channel)
    log(bench, HOT, WARM, HOT)
    kinds = await stub.ListEvents(pb.ListEventsRequest(kinds=[pb.EVENT_KIND_TRIP]))
    assert [each.event_id for each in kinds.events] == [3, 1]
    subject = await stub.ListEvents(pb.ListEventsRequest(subject="warm"))
    assert [each.event_id for each in subject.events] == [2]
    since = await stub.ListEvents(pb.ListEventsRequest(since=subject.events[0].logged))
    assert 2 in [each.event_id for each in since.events]
    later = await stub.ListEvents(pb.ListEventsRequest(since=Timestamp(seconds=1 << 33)))
    assert list(later.events) == []


@pytest.mark.parametrize("kind", [0, 99])
async def test_an_unknown_kind_is_refused(bench: Bench, kind: Any) -> None:
    stub = ReactorServiceStub(bench.channel)
    async with refused() as listing:
        await stub.ListEvents(pb.ListEventsRequest(kinds=[kind]))
    async with refused() as watching:
        await stub.WatchEvents(pb.WatchEventsRequest(kinds=[kind])).read()
    assert listing.reason == watching.reason == "EVENT_KIND_UNKNOWN"
    assert listing.fields == ["kinds"]


async def test_a_watcher_goes_on_after_the_event_that_it_has(bench: Bench) -> None:
    log(bench, HOT, WARM)
    stream: Any = ReactorServiceStub(bench.channel).WatchEvents(pb.WatchEventsRequest(after_event_id=1))
    assert (await stream.read()).event.event_id == 2
    log(bench, HOT, first=3)
    message = await stream.read()
    assert (message.event.event_id, message.lost) == (3, 0)


async def test_a_watcher_who_has_nothing_gets_only_what_is_to_come(bench: Bench) -> None:
    log(bench, HOT)
    stub = ReactorServiceStub(bench.channel)
    stream: Any = stub.WatchEvents(pb.WatchEventsRequest())
    # The stream has begun once this is answered: the channel keeps their order.
    await stub.ListEvents(pb.ListEventsRequest())
    log(bench, WARM, first=2)
    assert (await stream.read()).event.event_id == 2


async def test_a_watcher_is_told_of_events_that_never_came_and_of_those_that_it_did_not_want(
    bench: Bench,
) -> None:
    log(bench, WARM)
    log(bench, WARM, first=5)
    log(bench, HOT, first=6)
    request = pb.WatchEventsRequest(after_event_id=0, kinds=[pb.EVENT_KIND_TRIP])
    stream: Any = ReactorServiceStub(bench.channel).WatchEvents(request)
    message = await stream.read()
    assert (message.event.event_id, message.lost) == (3, 3)


async def test_nobody_watches_on_from_an_event_that_is_not_there(bench: Bench) -> None:
    log(bench, HOT)
    async with refused() as refusal:
        await ReactorServiceStub(bench.channel).WatchEvents(pb.WatchEventsRequest(after_event_id=2)).read()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "EVENT_UNKNOWN")
    assert refusal.fields == ["after_event_id"]


def test_what_was_pruned_and_what_never_came_is_counted_once() -> None:
    losses = Losses(0, None)
    steps = [(3, 7, 3), (4, 7, 4), (5, 7, 8), (6, 9, 1), (7, 10, 3), (9, 10, 9)]
    assert [losses.before(journaled(*step)) for step in steps] == [2, 0, 3, 0, 2, 5]
