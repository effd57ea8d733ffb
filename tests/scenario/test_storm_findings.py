"""What the storm has found, each as the shortest story that shows it."""

from __future__ import annotations

import pytest

from controller.domain.commands import (
    AcknowledgeAlarm,
    EmergencyStop,
    HoldLease,
    Reset,
    ShelveAlarm,
)
from controller.domain.readings import ReactorState
from controller.runtime.mailbox import MAX_DATAGRAM
from firmware_bridge.simulator.plant import faults
from tests.scenario.bench import running

# A character that takes twelve bytes of JSON, as often as the service lets a reason or an actor have it.
LONGEST_REASON, LONGEST_ACTOR = "\U0001f9ea" * 500, "\U0001f9ea" * 100


@pytest.fixture
def bench(tmp_path):
    bench = running(tmp_path, "partial", "storm")
    yield bench
    bench.close()


def test_a_message_nested_without_end_is_refused_and_control_goes_on(bench):
    bench.service.say(b"[" * 30_000)
    bench.run(1.0)
    assert bench.is_in(ReactorState.READY)
    assert not bench.is_safe("reactor.heater")


def test_a_board_that_was_unplugged_while_it_was_stopped_can_be_reset(bench):
    bench.ask(EmergencyStop("smoke"))
    bench.cut()
    bench.run(1.0)
    bench.mend()
    bench.run(3.0)
    # Its dead-man trip goes with the stop: it may not stand in the way of the reset that clears both.
    reply = bench.ask(Reset())
    assert not reply.refused, reply.detail
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)


def test_a_lease_that_no_token_proves_is_refused(bench):
    assert bench.ask(HoldLease("chemist", "", 10.0)).refused == "LEASE_UNKNOWN"
    assert not bench.control.lease.held


def test_the_longest_reasons_and_actors_fit_what_is_told(bench):
    for _ in range(15):
        bench.service.post(ShelveAlarm("reactor_warm", 60.0, LONGEST_REASON), actor=LONGEST_ACTOR)
    bench.run(1.0)
    bench.faults.set(faults.StopPressed())
    bench.run(1.0)
    bench.service.post(AcknowledgeAlarm(""), actor=LONGEST_ACTOR)
    bench.run(1.0)
    assert bench.service.longest_datagram < MAX_DATAGRAM
    sequences = [each.sequence for each in bench.service.events]
    assert sequences == list(range(1, len(sequences) + 1))
    assert sum(LONGEST_REASON in each.event.text for each in bench.service.events) == 15
    assert 0 < len(bench.service.alarms["stopped"].by) < len(LONGEST_ACTOR)
