"""A storm: commands, faults, losses and restarts in any order, and what must hold after every tick.

In CI a fixed set of short storms; `STORM_EXAMPLES=2000 pytest tests/scenario/test_storm.py` draws new ones.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from controller.control import interlocks
from controller.domain import commands as c
from firmware_bridge.wire.messages import ResetCause
from tests.scenario.bench import AT_WORK, ROUNDING, Bench
from tests.scenario.laws import (
    READY,
    actuators,
    judge_alarms,
    judge_log,
    judge_outputs,
    judge_pace,
    judge_transition,
    replay,
)
from tests.scenario.safe_in_time import TICK_S
from tests.scenario.weather import FAULTS, GARBAGE, LOOPS, MODEL, NOISES, PLAN, TEXTS, TOKENS, WISHES

if TYPE_CHECKING:
    from controller.control.state import ControlState
    from firmware_bridge.simulator.faults import LineFaults
    from firmware_bridge.simulator.plant import faults

DEADMAN_S = 0.5
# A frame sent in one tick is obeyed in the next.
WIRE_TICKS = 1
# The board's steppers stop from 1000 uL/min, 3333 steps/s, at 20000 steps/s^2: 0.17 s.
BRAKE_TICKS = 4
AT_ONCE = ("heater", "lamp", "duty", "frequency")
# Without the wire the dead-man's switch does it, and one tick each is lost in looking at it and for the wire.
DEADMAN_TICKS = round(DEADMAN_S / TICK_S) + 2
# A button counts as pressed when it was seen so twice.
LOOKS = 2
LONGEST_COOLING_S = 120


class Storm(RuleBasedStateMachine):
    """What a client, an accident or a person can do, and the invariants, judged after every tick."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="storm")
        self.bench = Bench(Path(self.folder.name), PLAN)
        self.alive = True
        self.before: ControlState | None = None
        self.reset_granted = False
        self.asked: dict[int, c.Command] = {}
        # Since when, in ticks, all outputs must be safe; the same of each that an interlock holds.
        self.unready = 0
        self.held: dict[int, int] = {}
        # Since when the line is good and the board has been ready.
        self.understood = 0
        # For how many ticks the button on the pins has been pressed.
        self.pressed = 0

    def teardown(self) -> None:
        try:
            self.recover()
            self.bench.drain()
            replay(self.bench)
            judge_log(self.bench)
        finally:
            self.bench.close()
            self.folder.cleanup()

    @initialize()
    def start_working(self) -> None:
        self.tick(8)
        if self.bench.service.connected:
            self.send([c.SetTargets(AT_WORK)], "")
            self.tick(20)

    @rule(wanted=WISHES, actor=TEXTS, lease=TOKENS, ticks=st.integers(1, 4))
    @precondition(lambda self: self.bench.service.connected)
    def ask(self, wanted: list[c.Command], actor: str, lease: str, ticks: int) -> None:
        self.send(wanted, lease, actor)
        self.tick(ticks)

    @rule()
    @precondition(lambda self: self.bench.service.connected)
    def reset_and_work(self) -> None:
        for wanted in (c.Reset(), c.SetTargets(AT_WORK)):
            self.send([wanted], "mine")
            self.tick(6)

    @rule(loop=LOOPS, around=st.floats(20.0, 60.0), share=st.floats(5.0, 40.0), ticks=st.integers(1, 60))
    @precondition(lambda self: self.bench.service.connected)
    def experiment(self, loop: str, around: float, share: float, ticks: int) -> None:
        self.send([c.StartAutotune(loop, around, share)], "mine")
        self.tick(ticks)

    @rule(ttl_s=st.floats(1.0, 4.0), ticks=st.integers(1, 90))
    @precondition(lambda self: self.bench.service.connected)
    def hold_a_lease_for_a_while(self, ttl_s: float, ticks: int) -> None:
        self.send([c.HoldLease("somebody", "mine", ttl_s)], "")
        self.tick(ticks)

    @rule()
    @precondition(lambda self: not (self.alive and self.bench.control.state is READY))
    def back_to_work(self) -> None:
        self.mend_everything()
        self.tick(20)
        self.give_leases_back()
        self.reset_and_work()
        self.tick(20)

    @rule(data=GARBAGE)
    @precondition(lambda self: self.bench.service.connected)
    def mumble(self, data: bytes) -> None:
        self.bench.service.say(data)
        self.tick(1)

    @rule(ticks=st.integers(1, 120))
    def wait(self, ticks: int) -> None:
        self.tick(ticks)

    @rule(fault=FAULTS, ticks=st.integers(0, 20))
    def break_something(self, fault: faults.Fault, ticks: int) -> None:
        self.bench.faults.set(fault)
        self.tick(ticks)

    @rule()
    def repair_everything(self) -> None:
        self.bench.faults.clear_all()
        self.tick(1)

    @rule(pressed=st.sampled_from([True, False, None]))
    def press_the_stop_button(self, pressed: bool | None) -> None:
        self.bench.press_stop_pin(pressed)
        self.tick(1)

    @rule(wet=st.booleans())
    def wet_the_tray(self, wet: bool) -> None:
        self.bench.chip.drive(5, not wet)
        self.tick(1)

    @rule()
    def reboot_the_board(self) -> None:
        self.bench.rig.board.reboot(ResetCause.BROWN_OUT)
        self.understood = 0
        self.tick(1)

    @rule()
    def unplug(self) -> None:
        self.bench.cut()
        self.understood = 0
        self.tick(1)

    @rule()
    def plug(self) -> None:
        self.bench.mend()
        self.tick(1)

    @rule(noise=NOISES, seed=st.integers(0, 1000))
    def disturb_the_line(self, noise: LineFaults, seed: int) -> None:
        self.bench.damage(noise, seed)
        self.understood = 0
        self.tick(1)

    @rule()
    def lose_the_service(self) -> None:
        self.bench.service.disconnect()
        self.tick(1)

    @rule()
    @precondition(lambda self: self.alive and not self.bench.service.connected)
    def bring_the_service_back(self) -> None:
        self.bench.service.connect()
        self.tick(1)

    @rule(orderly=st.booleans(), ticks=st.integers(0, 20))
    @precondition(lambda self: self.alive)
    def end_control(self, orderly: bool, ticks: int) -> None:
        (self.bench.stop_control if orderly else self.bench.kill_control)()
        self.alive, self.before, self.understood = False, None, 0
        self.held.clear()
        self.tick(ticks)

    @rule()
    @precondition(lambda self: not self.alive)
    def start_control(self) -> None:
        self.bench.start_control()
        self.bench.service.connect()
        self.alive = True
        self.tick(1)

    @rule()
    @precondition(lambda self: self.bench.service.connected)
    def keep_a_checkpoint(self) -> None:
        self.bench.service.say(b'{"op": "checkpoint", "id": 0}')
        self.tick(1)

    def send(self, wanted: list[c.Command], lease: str, actor: str = "somebody") -> None:
        for command in wanted:
            self.asked[self.bench.service.post(command, actor, lease)] = command

    def tick(self, count: int) -> None:
        for _ in range(count):
            line_was_good = self.line_is_good()
            self.bench.tick()
            self.pressed = self.pressed + 1 if self.bench.stop_pin_is_pressed else 0
            self.note_replies()
            self.understood = self.understood + 1 if line_was_good and self.line_is_good() else 0
            if self.alive:
                self.judge_control()
            self.judge_board()
        if self.alive:
            self.bench.drain()

    def line_is_good(self) -> bool:
        return self.alive and self.bench.line_is_whole and self.bench.board_is_ready

    def note_replies(self) -> None:
        self.reset_granted = False
        for number, reply in self.bench.service.take_answers().items():
            command = self.asked.pop(number, None)
            if isinstance(command, c.Reset) and not reply.refused:
                self.reset_granted = True
                assert self.pressed <= LOOKS, "reset while the stop button was pressed"
            assert not reply.refused or reply.detail, f"{command} was refused without a word"

    def judge_control(self) -> None:
        state, bench = self.bench.control, self.bench
        ready = state.state is READY
        judge_outputs(state)
        judge_alarms(state)
        if self.before is not None:
            judge_transition(self.before, state, reset_granted=self.reset_granted)
            judge_pace(self.before, state, TICK_S)
        snapshot = bench.snapshot
        assert (snapshot.state, snapshot.trips, snapshot.first_out, snapshot.time_s) == (
            state.state,
            state.interlocks.tripped,
            state.interlocks.first_out,
            state.time_s,
        )
        shown = [snapshot.setpoints[index] for index in actuators()]
        assert shown == [state.outputs[index] for index in actuators()]
        assert bench.relay is ready
        assert ready or not any(loop.is_active for loop in state.loops)
        self.before = state

    def judge_board(self) -> None:
        """Judge the pins: within their limits always, and safe or off once they must be."""
        outputs = self.bench.outputs
        ready = self.alive and self.bench.control.state is READY
        self.unready = 0 if ready else self.unready + 1
        forced = interlocks.forced(MODEL.interlocks, self.bench.control.interlocks) if ready else ()
        self.held = {index: self.held.get(index, 0) + 1 for index in forced}
        for index in actuators():
            channel = PLAN.channels[index]
            value, slack = outputs[channel.name], ROUNDING * (channel.high - channel.low)
            assert channel.low - slack <= value <= channel.high + slack, f"{channel.name} is {value:g}"
            due = max(self.unready, self.held.get(index, 0))
            if due > self.patience(channel.signal):
                assert channel.safe_value is not None
                harmless = abs(value - channel.safe_value) <= slack or value == 0.0
                assert harmless, f"{channel.name} is {value:g} after {due} ticks: {self.bench.last_words()}"

    def patience(self, signal: str) -> int:
        """Return after how many ticks an output that is to be safe is so at the board."""
        brake = 0 if signal.startswith(AT_ONCE) else BRAKE_TICKS
        return brake + (WIRE_TICKS if self.understood > WIRE_TICKS else DEADMAN_TICKS)

    def mend_everything(self) -> None:
        bench = self.bench
        bench.faults.clear_all()
        bench.mend()
        bench.press_stop_pin(pressed=False)
        bench.chip.drive(5, True)
        if not self.alive:
            self.start_control()
        elif not bench.service.connected:
            bench.service.connect()

    def give_leases_back(self) -> None:
        """Release those that are held; one that was lost is taken first."""
        self.send([c.ReleaseLease("mine"), c.ReleaseLease("theirs")], "")
        self.send([c.HoldLease("keeper", "keeper", 60.0), c.ReleaseLease("keeper")], "")
        self.send([c.SetReagent("seed", 900.0)], "")

    def recover(self) -> None:
        """Nothing is wedged for good: repaired, refilled and reset, the reactor is ready."""
        bench = self.bench
        self.mend_everything()
        self.give_leases_back()
        # Hot zones take a while to cool, and a board that comes back may bring a cause of its own.
        for _ in range(LONGEST_COOLING_S):
            self.tick(round(1.0 / TICK_S))
            self.send([c.Reset()], "")
            self.tick(round(0.5 / TICK_S))
            if bench.control.state is READY and not bench.control.interlocks.tripped:
                break
        assert bench.control.state is READY, bench.last_words()
        assert not bench.control.interlocks.tripped, bench.last_words()
        self.send([c.MakeSafe()], "")
        self.tick(60)
        assert bench.is_safe()


def test_no_storm_makes_an_output_unsafe():
    examples = int(os.environ.get("STORM_EXAMPLES", "0"))
    run_state_machine_as_test(
        Storm,
        settings=settings(
            max_examples=examples or 80,
            stateful_step_count=50,
            derandomize=not examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=[Phase.explicit, Phase.generate] if examples else list(Phase),
        ),
    )
