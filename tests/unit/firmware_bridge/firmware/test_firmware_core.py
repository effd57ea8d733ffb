from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.firmware.pinout import MEGA2560, PINOUTS, TICK_HZ, UNO328P, Pinout
from firmware_bridge.simulator.board import BoardModel, BoardTwin
from firmware_bridge.simulator.interfaces import Sensed
from firmware_bridge.wire import framing
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.layout import Message
from tests.unit.firmware_bridge.firmware.host_core import HostCore

Reply = TypeVar("Reply", bound=Message)

MAX_RATE = TICK_HZ / 2
CONFIGURE = m.Configure(
    deadman_ms=500,
    safe_pump_steps_s=(0.0, 50.0, 0.0, 0.0, 0.0, 0.0),
    safe_heater_duty=(0.0, 0.0),
    safe_lamp_duty=0.0,
    limit_c=(90.0, nan, nan, nan),
    limit_steps_s=(1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0),
    limit_steps_s2=(2000, 2000, 0, 0, 0, 0),
    safe_frequency_hz=(10.0, 0.0),
    limit_hz=(300.0, 0.0),
    safe_duty=(0.0, 0.0),
)
WORK = m.Outputs((800.0, 200.0, 0.0, 0.0, 0.0, 0.0), (0.4, 0.0), 1.0, (120.5, 0.0), (0.0, 0.0))
OFF = m.Outputs((0.0,) * 6, (0.0,) * 2, 0.0, (0.0,) * 2, (0.0,) * 2)
SAFE = replace(OFF, pump_steps_s=(0.0, 50.0, 0.0, 0.0, 0.0, 0.0), frequency_hz=(10.0, 0.0))


def ask(core: HostCore, message: Message, kind: type[Reply]) -> Reply:
    (frame,) = framing.FrameStream().feed(core.feed(m.encode(9, message)))
    assert frame.sequence == 9
    reply = m.decode(frame, m.BOARD_REPLIES)
    assert isinstance(reply, kind)
    return reply


@pytest.mark.parametrize("pinout", PINOUTS.values(), ids=PINOUTS)
def test_it_says_what_it_is(pinout: Pinout) -> None:
    core = HostCore(pinout.name, boot_id=0xDEADBEEF, cause=m.ResetCause.WATCHDOG)
    reply = ask(core, m.Hello(1), m.HelloReply)
    assert (reply.protocol, reply.boot_id) == (m.PROTOCOL_VERSION, 0xDEADBEEF)
    assert (reply.reset_cause, reply.serial_number) == (m.ResetCause.WATCHDOG, "OST-7")
    assert reply.firmware.startswith(pinout.name)
    assert (reply.axes, reply.heaters, reply.lamps) == (len(pinout.axes), len(pinout.heaters), 1)
    assert (reply.frequencies, reply.duties) == (len(pinout.frequencies), len(pinout.duties))


def test_a_limit_above_the_boards_own_is_held_there_and_told() -> None:
    core = HostCore("mega2560")
    fast = replace(
        CONFIGURE, limit_steps_s=(1e6,) + (0.0,) * 5, limit_steps_s2=(10**9,) + (0,) * 5, limit_hz=(1e6, 0.0)
    )
    fast = replace(fast, safe_pump_steps_s=(0.0,) * 6)
    assert ask(core, fast, m.Configured).digest == m.digest(fast)
    ask(core, replace(OFF, pump_steps_s=(9000.0,) + (0.0,) * 5, frequency_hz=(9000.0, 0.0)), m.Inputs)
    core.advance(2)
    inputs = ask(core, replace(OFF, pump_steps_s=(9000.0,) + (0.0,) * 5), m.Inputs)
    assert inputs.pump_steps_s[0] == MAX_RATE
    assert inputs.status & m.Status.LIMITED
    within = replace(OFF, pump_steps_s=(MAX_RATE,) + (0.0,) * 5)
    assert not ask(core, within, m.Inputs).status & m.Status.LIMITED


@pytest.mark.parametrize(
    "impossible",
    [
        replace(
            CONFIGURE, limit_steps_s=(1e6,) * 6, limit_steps_s2=(1,) * 6, safe_pump_steps_s=(8001.0,) * 6
        ),
        replace(CONFIGURE, limit_hz=(1e6, 0.0), safe_frequency_hz=(8001.0, 0.0)),
    ],
)
def test_a_safe_value_above_the_boards_own_limit_is_refused(impossible: m.Configure) -> None:
    core = HostCore("mega2560")
    assert ask(core, impossible, m.Refused) == m.Refused(0x02, m.Refusal.OUT_OF_RANGE)
    assert core.goal == OFF


def test_a_kept_configuration_leaves_the_outputs_off_and_the_board_unconfigured() -> None:
    core = HostCore("mega2560")
    core.restore(CONFIGURE)
    core.advance(1)
    assert core.goal == OFF
    assert not ask(core, WORK, m.Inputs).status
    core.advance(1000)
    assert core.goal == OFF


def test_kept_limits_are_watched_and_a_trip_drives_the_kept_safe_values() -> None:
    core = HostCore("mega2560")
    core.restore(CONFIGURE)
    core.sense((90.01, 25.0, 25.0, 25.0), ())
    core.advance(1)
    assert core.goal == SAFE
    assert ask(core, WORK, m.Inputs).status == m.Status.OVER_TEMPERATURE
    assert ask(core, m.Clear(), m.Refused).reason is m.Refusal.CAUSE_STANDS


def test_the_first_configuration_of_a_boot_supersedes_trips_of_kept_limits() -> None:
    core = HostCore("mega2560")
    core.restore(CONFIGURE)
    core.sense((nan, 95.0, 25.0, 25.0), ())
    core.advance(1)
    assert ask(core, WORK, m.Inputs).status == m.Status.SENSOR_FAULT
    ask(core, replace(CONFIGURE, limit_c=(nan, 90.0, nan, nan)), m.Configured)
    assert ask(core, WORK, m.Inputs).status == m.Status.CONFIGURED
    core.advance(1)
    assert ask(core, WORK, m.Inputs).status & m.TRIPS == m.Status.OVER_TEMPERATURE


def test_a_kept_configuration_of_another_board_is_none() -> None:
    core = HostCore("uno328p")
    core.restore(replace(CONFIGURE, limit_c=(nan, nan, nan, 20.0)))
    core.sense((25.0, 25.0), ())
    core.advance(1)
    core.feed(m.encode(1, m.Estop()))
    assert core.goal == OFF


def test_no_sensor_is_judged_before_all_have_been_read() -> None:
    core = HostCore("mega2560")
    ask(core, CONFIGURE, m.Configured)
    core.sense((nan,) * 4, ())
    core.readings.settled = False
    core.advance(1)
    assert not ask(core, WORK, m.Inputs).status & m.TRIPS
    core.readings.settled = True
    core.advance(1)
    assert ask(core, WORK, m.Inputs).status & m.TRIPS == m.Status.SENSOR_FAULT


def test_the_clock_may_wrap_while_the_deadman_counts() -> None:
    core = HostCore("mega2560")
    core.advance(0xFFFF_FF00)
    ask(core, CONFIGURE, m.Configured)
    ask(core, WORK, m.Inputs)
    core.advance(500)
    assert not ask(core, m.Faults(), m.FaultsReply).deadman_trips
    core.advance(1)
    assert ask(core, m.Faults(), m.FaultsReply).deadman_trips == 1


def millis(limit: float) -> st.SearchStrategy[float]:
    return st.integers(0, round(limit * 1000)).map(lambda n: n / 1000)


def each(values: st.SearchStrategy[float], present: int, room: int) -> st.SearchStrategy[tuple[float, ...]]:
    """Values for what a board has, and now and then for what it lacks."""
    lacking = st.sampled_from([0.0, 0.0, 0.0, 0.5])
    return st.tuples(*[values] * present, *[lacking] * (room - present))


DUTY = st.integers(0, 65535).map(lambda n: n / 65535)
SENSED_C = st.sampled_from([25.0, 89.99, 90.0, 90.01, 300.0, nan])


def requests(pinout: Pinout) -> st.SearchStrategy[Message]:
    axes, frequencies = len(pinout.axes), len(pinout.frequencies)
    limits = st.sampled_from([0.0, 50.0, 1000.0, MAX_RATE])
    configure = st.builds(
        m.Configure,
        st.sampled_from([19, 20, 100, 500, 10_000]),
        each(st.sampled_from([0.0, 0.0, 50.0]), axes, 6),
        each(DUTY, len(pinout.heaters), 2),
        DUTY,
        st.tuples(*[st.sampled_from([90.0, nan])] * len(pinout.temperatures)).map(
            lambda limits: limits + (nan,) * (4 - len(limits))
        ),
        each(limits, axes, 6),
        st.tuples(*[st.sampled_from([1, 2000, 30_000, 2**32 - 1])] * 6),
        each(st.sampled_from([0.0, 10.0]), frequencies, 2),
        each(limits, frequencies, 2),
        each(DUTY, len(pinout.duties), 2),
    )
    outputs = st.builds(
        m.Outputs,
        each(millis(1200), axes, 6),
        each(DUTY, len(pinout.heaters), 2),
        DUTY,
        each(millis(1200), frequencies, 2),
        each(DUTY, len(pinout.duties), 2),
    )
    plain = st.sampled_from([m.Estop(), m.Clear(), m.Faults(), m.Identify()])
    return st.one_of(configure, outputs, outputs, plain)


def calm(pinout: Pinout) -> Sensed:
    return Sensed((25.0,) * len(pinout.temperatures), (101.3,) * len(pinout.pressures), stop_pressed=False)


def actions(pinout: Pinout) -> st.SearchStrategy[list[object]]:
    sensed = st.builds(
        Sensed,
        st.tuples(*[SENSED_C] * len(pinout.temperatures)),
        st.tuples(*[millis(6000).map(lambda kpa: round(kpa, 1))] * len(pinout.pressures)),
        st.booleans(),
    )
    return st.lists(
        st.one_of(
            requests(pinout).map(lambda message: m.encode(1, message)),
            st.integers(1, 250),
            st.one_of(st.just(calm(pinout)), sensed),
            st.binary(max_size=20).map(lambda noise: noise + b"\0"),
        ),
        max_size=30,
    )


def without_times(reply: Message) -> Message:
    """A twin's clock adds up fractions, so that its whole milliseconds may lag by one."""
    if isinstance(reply, m.Inputs):
        return replace(reply, tick_ms=0)
    return replace(reply, last_trip_ms=0) if isinstance(reply, m.FaultsReply) else reply


def said(answer: bytes) -> list[bytes]:
    """A comparable form: NaN is unequal to itself."""
    replies = [m.decode(frame, m.BOARD_REPLIES) for frame in framing.FrameStream().feed(answer)]
    return [m.encode(0, without_times(reply)) for reply in replies]


class Pair:
    """The firmware's logic and the twin, given the same bytes, readings and time."""

    def __init__(self, pinout: Pinout) -> None:
        self.core = HostCore(pinout.name)
        self.twin = BoardTwin(
            BoardModel(
                axes=len(pinout.axes),
                heaters=len(pinout.heaters),
                temperatures=len(pinout.temperatures),
                pressures=len(pinout.pressures),
                lamps=len(pinout.lamps),
                frequencies=len(pinout.frequencies),
                duties=len(pinout.duties),
                digitals=len(pinout.digitals),
                boot_s=0.0,
            )
        )
        self.sensed = calm(pinout)
        self.act(self.sensed)

    def act(self, action: object) -> None:
        match action:
            case bytes():
                assert said(self.core.feed(action)) == said(self.twin.feed(action))
            case int():
                self.act(self.sensed)  # both judge what stands before they let time pass
                self.core.advance(action)
                self.twin.advance(action / 1000.0)
            case Sensed():
                self.sensed = action
                self.core.sense(action.temperatures_c, action.pressures_kpa, stop_pressed=action.stop_pressed)
                self.core.advance(0)
                self.twin.sense(action)
        assert self.core.goal == self.twin.commanded


@pytest.mark.parametrize("pinout", [MEGA2560, UNO328P], ids=PINOUTS)
def test_it_answers_and_drives_as_the_twin_does(pinout: Pinout) -> None:
    @settings(max_examples=150, deadline=None)
    @given(actions(pinout))
    def same(plan: list[object]) -> None:
        pair = Pair(pinout)
        for action in plan:
            pair.act(action)
        pair.act(m.encode(2, m.Faults()))
        pair.act(m.encode(3, OFF))

    same()
