"""What a storm is made of: commands with wild arguments, faults, bad lines, bytes that are no message."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from controller.control.model import compile_plan
from controller.domain import commands as c
from firmware_bridge.simulator.faults import LineFaults
from firmware_bridge.simulator.plant import faults
from tests.scenario.bench import AT_WORK, rig_of

# An orphan goes safe sooner than a service comes back.
PLAN = replace(rig_of("partial", "storm"), orphan_hold_s=1.5)
MODEL = compile_plan(PLAN)

WRITABLE = [each.name for each in PLAN.channels if PLAN.takes_setpoints(each)]
NAMES = st.sampled_from(
    [*WRITABLE, *WRITABLE, "reactor.pressure", "reagent.seed", "tray.leak", "no.channel", ""]
)
NUMBERS = st.one_of(
    st.floats(0.0, 1.0),
    st.floats(0.0, 100.0),
    st.floats(0.0, 1000.0),
    st.sampled_from([0.0, 40.0]),
    st.floats(),
)
LOOPS = st.sampled_from(["mixer", "reactor", "cell", "nobody"])
# As long as the service lets them be, in the characters that take most room. Made where they are used, since
# Hypothesis would write them out wherever it names a strategy.
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from([0, 5, 500]).map("\U0001f9ea".__mul__))
TOKENS = st.sampled_from(["", "mine", "theirs"])
ALARMS = st.sampled_from([*[each.name for each in PLAN.alarms], "cell_hot", "stopped", "nothing", ""])
SECONDS = st.one_of(st.floats(1.0, 10.0), st.floats(0.0, 10.0), st.floats())
MODES = st.sampled_from(list(c.LoopMode))
COMMANDS = st.one_of(
    st.builds(c.SetTargets, st.dictionaries(NAMES, NUMBERS, max_size=4)),
    st.just(c.SetTargets(AT_WORK)),
    st.builds(c.MakeSafe),
    st.builds(c.EmergencyStop, TEXTS),
    st.builds(c.Reset),
    st.builds(c.SetLoopMode, LOOPS, MODES, st.none() | NUMBERS),
    st.builds(c.Retune, LOOPS, NUMBERS, SECONDS, SECONDS),
    st.builds(c.StartAutotune, LOOPS, NUMBERS, NUMBERS),
    st.builds(c.EndAutotune, LOOPS, st.booleans()),
    st.builds(c.AcknowledgeAlarm, ALARMS),
    st.builds(c.ShelveAlarm, ALARMS, SECONDS, TEXTS),
    st.builds(c.SetAlarmService, ALARMS, st.booleans(), TEXTS),
    st.builds(c.HoldLease, TEXTS, TOKENS, SECONDS),
    st.builds(c.ReleaseLease, TOKENS),
    st.builds(c.SetReagent, st.sampled_from(["seed", "nothing"]), NUMBERS),
)
WISHES = st.lists(COMMANDS, min_size=1, max_size=3)
FAULTS = st.one_of(
    st.builds(faults.HeaterOpen, st.integers(0, 1)),
    st.builds(faults.HeaterStuckOn, st.integers(0, 1)),
    st.builds(faults.TemperatureOpen, st.integers(0, 2)),
    st.builds(faults.TemperatureStuck, st.integers(0, 2)),
    st.builds(
        faults.TemperatureOffset, st.integers(0, 2), st.floats(-60.0, 60.0), st.sampled_from([0.0, 0.0, 3.0])
    ),
    st.builds(faults.PressureStuck, st.just(0)),
    st.builds(faults.Clog, st.floats(1.0, 30.0), st.floats(0.0, 2.0)),
    st.builds(faults.Leak, st.floats(0.0, 1.0)),
    st.builds(faults.ReagentEmpty, st.integers(0, 3)),
    st.builds(faults.StopPressed),
    st.builds(faults.BoardMute),
)
NOISES = st.builds(
    LineFaults,
    flip_per_byte=st.sampled_from([0.0, 0.001, 0.02]),
    loss_per_byte=st.sampled_from([0.0, 0.001, 0.02]),
    split=st.booleans(),
)
GARBAGE = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.just(30_000).map(b"[".__mul__),
    st.sampled_from(
        [
            b"null",
            b'{"op": "request"}',
            b'{"op": "request", "request": {"command": {"EmergencyStop": {}}}}',
            b'{"op": "advance", "seconds": 1e9}',
            b'{"id": {"a": []}, "op": 7}',
        ]
    ),
)
