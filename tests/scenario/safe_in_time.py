"""What every trip must do, and in what time: shared by the scenarios of the interlocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.alarms import AlarmState, Priority
from controller.domain.commands import Reset
from controller.domain.readings import ReactorState

if TYPE_CHECKING:
    from tests.scenario.bench import Bench

TICK_S = 0.05
# The board answers the OUTPUTS of one tick in the next: one tick up, one tick down.
WIRE_S = 2 * TICK_S
# The board's steppers stop from the bench's largest rate, 500 steps/s, at 20000 steps/s^2.
BRAKE_S = 500 / 20_000
# Until the sensors are sampled, and until a tick is at or past the end of a delay: a tick each.
REACTION_S = 2 * TICK_S + WIRE_S + BRAKE_S


def assert_trips(bench: Bench, name: str, said: str, *, within_s: float) -> None:
    """The outputs are safe at the board in time, and log, alarm, snapshot, relay and state all say why."""
    bench.until(lambda: bench.is_safe() and bench.is_in(ReactorState.TRIPPED), within_s)
    words = bench.told(name)
    assert any(text.startswith("tripped, first out") and said in text for text in words), words
    assert bench.control.reason.startswith(f"interlock {name}: ")
    assert bench.plan.interlocks[bench.snapshot.first_out].name == name
    alarm = bench.service.alarms[name]
    assert (alarm.state, alarm.priority) == (AlarmState.UNACKNOWLEDGED, Priority.CRITICAL)
    assert not bench.relay
    bench.run(2.0)
    assert bench.is_safe()


def assert_reset_waits_for(bench: Bench, name: str, said: str) -> None:
    reply = bench.ask(Reset())
    assert reply.refused == "CAUSE_STANDS"
    assert f"{name}: " in reply.detail
    assert said in reply.detail
    assert bench.is_in(ReactorState.TRIPPED)
    assert bench.is_safe()
    assert not bench.relay


def assert_reset_is_granted(bench: Bench) -> None:
    """After it the reactor is ready, and does nothing until it is asked to."""
    reply = bench.ask(Reset())
    assert not reply.refused, reply.detail
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)
    bench.run(1.0)
    assert bench.is_in(ReactorState.READY)
    assert bench.is_safe()
    assert bench.relay
    assert bench.snapshot.trips == 0
    assert bench.snapshot.first_out == -1
