"""What is lost or pressed: wires, boards, the service, leases, stop buttons, control itself.

`REACTION_S` is derived in `safe_in_time`; the other times are those of the rig file.
"""

from __future__ import annotations

import pytest

from controller.domain.alarms import AlarmState
from controller.domain.commands import DONE, EmergencyStop, HoldLease, MakeSafe, Reset, SetTargets
from controller.domain.readings import ReactorState
from firmware_bridge.simulator.faults import LineFaults
from firmware_bridge.simulator.plant import faults
from firmware_bridge.wire.messages import ResetCause, Status
from tests.scenario.bench import running
from tests.scenario.safe_in_time import (
    BRAKE_S,
    REACTION_S,
    TICK_S,
    WIRE_S,
    assert_reset_is_granted,
    assert_reset_waits_for,
    assert_trips,
)

REACTOR, CELL = 1, 2
DEADMAN_S = 0.5
# Of silence until the driver gives a board up: the dead-man time, seen at the tick after it.
SILENCE_S = DEADMAN_S + TICK_S
# A board that has booted is greeted, then configured; each is said again after half the dead-man time.
HANDSHAKE_S = DEADMAN_S
ORPHAN_HOLD_S = 4.0
# A button on the pins must be seen pressed for its debounce, in two looks; its release for half a second.
RELEASE_S = 0.6


@pytest.fixture
def bench(tmp_path):
    bench = running(tmp_path, "whole")
    yield bench
    bench.close()


@pytest.fixture
def plain_bench(tmp_path):
    """A bench without the interlocks on losses: what control and board do anyway."""
    bench = running(tmp_path)
    yield bench
    bench.close()


def test_a_lease_that_runs_out(bench):
    assert bench.ask(HoldLease("chemist", "digest", 2.0)) == DONE
    assert_trips(bench, "lease_gone", "a lease ran out", within_s=2.0 + REACTION_S)
    assert bench.told("lease") == ["chemist holds the lease for 2 s", "the lease of chemist ran out"]
    assert_reset_waits_for(bench, "lease_gone", "acquire a lease")
    assert bench.ask(HoldLease("chemist", "digest", 60.0)) == DONE
    assert bench.ask(Reset()).refused == "LEASE_HELD"
    assert bench.ask(Reset(), lease="digest") == DONE


def test_a_lease_that_is_renewed_loses_nothing(bench):
    for _ in range(6):
        assert bench.ask(HoldLease("chemist", "digest", 2.0)) == DONE
        bench.run(1.0)
    assert bench.is_in(ReactorState.READY)


def test_a_service_that_dies(bench):
    bench.service.disconnect()
    bench.until(bench.is_safe, 0.5 + REACTION_S)
    assert bench.is_in(ReactorState.TRIPPED)
    bench.run(2.0)
    bench.service.connect()
    bench.run(1.0)
    # What happened meanwhile is told to the service that comes back; its coming back resets nothing.
    assert bench.told("service_gone")[0].startswith("tripped, first out: the service is not connected")
    assert bench.is_in(ReactorState.TRIPPED)
    assert_reset_is_granted(bench)


def test_without_an_interlock_the_outputs_of_an_orphan_are_held_and_then_safe(plain_bench):
    bench = plain_bench
    bench.service.disconnect()
    bench.run(ORPHAN_HOLD_S - 0.2)
    assert bench.is_in(ReactorState.READY)
    assert not bench.is_safe("reactor.heater")
    bench.until(bench.is_safe, 0.2 + REACTION_S)
    assert bench.is_in(ReactorState.ORPHANED)
    assert not bench.relay
    bench.service.connect()
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)
    bench.run(1.0)
    assert bench.is_safe()
    assert "orphaned: no service for 4 s" in bench.told("reactor")


def test_a_cable_that_is_unplugged(bench):
    bench.cut()
    # Control knows at once; the board can't be told, and waits for its dead-man's switch.
    assert_trips(bench, "board_gone", "device board is lost", within_s=DEADMAN_S + REACTION_S)
    assert_reset_waits_for(bench, "board_gone", "check its cable and supply")
    bench.mend()
    bench.run(3.0)
    assert bench.is_in(ReactorState.TRIPPED)
    assert_reset_is_granted(bench)


def test_a_board_whose_answers_do_not_arrive(bench):
    bench.faults.set(faults.BoardMute())
    # Until control gives it up it goes on being told what to do; then the dead-man time runs.
    assert_trips(bench, "board_gone", "device board is lost", within_s=SILENCE_S + DEADMAN_S + REACTION_S)
    assert_reset_waits_for(bench, "board_gone", "check its cable and supply")
    bench.faults.clear_all()
    bench.run(3.0)
    assert_reset_is_granted(bench)


def test_a_board_that_reboots(bench):
    bench.rig.board.reboot(ResetCause.BROWN_OUT)
    # It drives nothing before it is told its safe values.
    assert not any(bench.outputs.values())
    bench.until(lambda: bench.is_in(ReactorState.TRIPPED), REACTION_S)
    assert_trips(bench, "board_gone", "device board is lost", within_s=HANDSHAKE_S + REACTION_S)
    assert_reset_is_granted(bench)


def test_a_line_too_noisy_to_be_understood(bench):
    bench.damage(LineFaults(flip_per_byte=0.2))
    assert_trips(bench, "board_gone", "device board is lost", within_s=SILENCE_S + DEADMAN_S + REACTION_S)
    bench.mend()
    bench.run(3.0)
    assert_reset_is_granted(bench)


def test_a_line_that_loses_one_frame_in_ten_goes_on_working(bench):
    bench.damage(LineFaults(flip_per_byte=0.001, split=True))
    bench.run(20.0)
    assert bench.is_in(ReactorState.READY)
    line = bench.service.status.links[0]
    assert 0.85 * line.frames_sent < line.frames_received < 0.95 * line.frames_sent
    assert not bench.is_safe("reactor.heater")


def test_without_an_interlock_a_board_that_was_away_comes_back_safe_and_idle(plain_bench):
    bench = plain_bench
    bench.cut()
    bench.until(bench.is_safe, DEADMAN_S + REACTION_S)
    assert bench.is_in(ReactorState.STARTING)
    assert not bench.relay
    bench.mend()
    bench.until(lambda: bench.is_in(ReactorState.READY), 3.0)
    bench.run(1.0)
    assert bench.is_safe()


def test_the_stop_button_on_the_pins(bench):
    bench.press_stop_pin()
    # No way up the wire: two looks at the pin, and the way down.
    bench.until(bench.is_safe, 2 * TICK_S + WIRE_S / 2 + BRAKE_S)
    assert_stopped(bench, "stop button on the pins pressed")
    bench.press_stop_pin(pressed=False)
    bench.run(RELEASE_S)
    assert bench.is_in(ReactorState.STOPPED)
    assert_reset_is_granted(bench)


def test_a_stop_button_with_a_broken_wire_is_pressed(bench):
    bench.press_stop_pin(pressed=None)
    bench.until(bench.is_safe, 2 * TICK_S + WIRE_S / 2 + BRAKE_S)
    assert_stopped(bench, "stop button on the pins pressed")


def test_a_stop_button_needs_no_interlock(plain_bench):
    bench = plain_bench
    bench.press_stop_pin()
    bench.until(bench.is_safe, 2 * TICK_S + WIRE_S / 2 + BRAKE_S)
    bench.run(1.0)
    reply = bench.ask(Reset())
    assert reply.refused == "CAUSE_STANDS"
    assert "stop button on the pins pressed" in reply.detail
    bench.press_stop_pin(pressed=False)
    bench.run(RELEASE_S)
    assert_reset_is_granted(bench)


def test_the_stop_button_at_the_board(bench):
    bench.faults.set(faults.StopPressed())
    # The board does it by itself, as soon as it looks; control learns of it over the wire.
    bench.until(bench.is_safe, TICK_S)
    bench.run(WIRE_S)
    assert_stopped(bench, "stop button pressed")
    bench.faults.clear_all()
    bench.run(0.2)
    assert bench.is_in(ReactorState.STOPPED)
    assert_reset_is_granted(bench)


def assert_stopped(bench, said):
    """Control and board are stopped, say why, and refuse a reset while the button is pressed."""
    bench.run(WIRE_S)
    assert bench.is_in(ReactorState.STOPPED)
    assert f"stopped: {said}" in bench.told("reactor")
    assert bench.told("stopped")[0].startswith("tripped, first out: a stop button is pressed")
    assert bench.service.alarms["stopped"].state is AlarmState.UNACKNOWLEDGED
    assert not bench.relay
    assert Status.ESTOPPED in bench.rig.board.status
    reply = bench.ask(Reset())
    assert reply.refused == "CAUSE_STANDS"
    assert said in reply.detail
    assert bench.is_safe()


def test_an_emergency_stop_needs_no_lease_and_latches_at_the_board(bench):
    assert bench.ask(HoldLease("somebody", "else", 30.0)) == DONE
    assert bench.ask(EmergencyStop("smoke"), actor="passer-by") == DONE
    bench.until(bench.is_safe, WIRE_S / 2 + BRAKE_S)
    assert bench.is_in(ReactorState.STOPPED)
    stops = [each.event for each in bench.service.events if each.event.text == "emergency stop: smoke"]
    assert [each.actor for each in stops] == ["passer-by"]
    bench.run(5.0)
    assert bench.is_in(ReactorState.STOPPED)
    assert bench.ask(Reset(), actor="passer-by").refused == "LEASE_HELD"
    assert bench.ask(Reset(), lease="else") == DONE
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)
    assert Status.ESTOPPED not in bench.rig.board.status


def test_making_safe_needs_no_lease_and_latches_nothing(bench):
    assert bench.ask(HoldLease("somebody", "else", 30.0)) == DONE
    assert bench.ask(MakeSafe()) == DONE
    # At the pace of the rig's rate limits: the feed's 300 uL/min at 600 uL/min/s are the slowest.
    bench.until(bench.is_safe, 300 / 600 + TICK_S + WIRE_S / 2 + BRAKE_S)
    assert bench.is_in(ReactorState.READY)
    assert bench.ask(SetTargets({"lamp.power": 20.0}), lease="else") == DONE


def test_the_board_guards_its_own_temperatures(plain_bench):
    bench = plain_bench
    bench.faults.set(faults.TemperatureOffset(REACTOR, 75.0))
    # Beyond the board's 90 degC: it needs no wire for it.
    bench.until(bench.is_safe, TICK_S)
    bench.run(WIRE_S)
    assert bench.is_in(ReactorState.STOPPED)
    assert "stopped: the board's own over-temperature limit" in bench.told("reactor")
    bench.run(1.0)
    assert bench.ask(Reset()).refused == "CAUSE_STANDS"
    bench.faults.clear_all()
    bench.run(1.0)
    assert_reset_is_granted(bench)


def test_the_board_guards_a_sensor_that_has_a_limit(plain_bench):
    bench = plain_bench
    bench.faults.set(faults.TemperatureOpen(REACTOR))
    bench.until(bench.is_safe, TICK_S)
    bench.run(WIRE_S)
    assert bench.is_in(ReactorState.STOPPED)
    assert "stopped: a temperature that has a hard limit cannot be read" in bench.told("reactor")


def test_control_that_dies_leaves_the_board_to_its_dead_man(plain_bench):
    bench = plain_bench
    bench.kill_control()
    bench.until(bench.is_safe, DEADMAN_S + TICK_S)
    bench.run(1.0)
    bench.start_control()
    # Its first act opens the relay; the board's trip means only that control was away.
    assert not bench.relay
    bench.service.connect()
    bench.until(lambda: bench.is_in(ReactorState.READY), 3.0)
    bench.run(1.0)
    assert bench.is_safe()
    assert "control started" in bench.told("control")


def test_control_that_ends_in_order_leaves_everything_safe_at_once(plain_bench):
    bench = plain_bench
    bench.stop_control()
    assert not bench.relay
    bench.until(bench.is_safe, TICK_S + BRAKE_S)


def test_a_control_that_was_tripped_stays_tripped_for_the_cause_after_its_restart(bench):
    bench.faults.set(faults.Leak(0.3))
    assert_trips(bench, "leaking", "fittings.leak is on", within_s=0.2 + REACTION_S)
    bench.kill_control()
    bench.run(1.0)
    bench.start_control()
    bench.service.connect()
    bench.until(lambda: bench.is_in(ReactorState.TRIPPED), 3.0)
    assert bench.is_safe()
    assert_reset_waits_for(bench, "leaking", "see what turned it on")
