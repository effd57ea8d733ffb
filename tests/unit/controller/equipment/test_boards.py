"""A rig's boards as channels: what control asks becomes pins, what boards say becomes values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.plan import ChannelPlan, DevicePlan, ReactorPlan, RigPlan
from controller.domain.readings import Inputs, Quality
from controller.equipment.boards import Boards
from controller.equipment.health import identity_text
from firmware_bridge.devices.interfaces import (
    BoardConfiguration,
    BoardInputs,
    BoardOutputs,
    BoardState,
    FrequencyOutput,
    LinkStatistics,
)
from firmware_bridge.wire.messages import FaultsReply, HelloReply, Status

WORKING = BoardInputs(
    received_s=0.0,
    board_s=0.0,
    status=Status.CONFIGURED,
    temperatures_c=(25.0, nan),
    pressures_kpa=(101.3,),
    pump_steps_s=(0.0, 480.0),
    heater_duty=(0.5,),
    lamp_duty=0.8,
    frequency_hz=(0.0, 120_500.0),
    duty=(0.25,),
    digitals=(False, True),
)


@dataclass
class FakeBoard:
    """A driver that says what a test tells it to, and remembers what it was asked."""

    configuration: BoardConfiguration
    state: BoardState = BoardState.READY
    says: BoardInputs | None = WORKING
    problem: str | None = None
    identity: HelloReply | None = None
    faults: FaultsReply | None = None
    statistics: LinkStatistics = field(default_factory=LinkStatistics)
    asked: list[BoardOutputs | str] = field(default_factory=list)

    def poll(self, now_s: float) -> BoardInputs | None:
        del now_s
        return self.says

    def send(self, outputs: BoardOutputs, now_s: float) -> None:
        del now_s
        self.asked.append(outputs)

    def estop(self, now_s: float) -> None:
        self.asked.append(f"estop {now_s:g}")

    def clear(self, now_s: float) -> None:
        self.asked.append(f"clear {now_s:g}")

    def request_faults(self, now_s: float) -> None:
        self.asked.append(f"faults {now_s:g}")

    def close(self) -> None:
        self.asked.append("close")


def actuator(name: str, signal: str, high: float, safe: float = 0.0, scale: float = 1.0) -> ChannelPlan:
    return ChannelPlan(name, "main", signal, "1", 0.0, high, safe, scale=scale)


def sensor(name: str, signal: str, scale: float = 1.0, offset: float = 0.0) -> ChannelPlan:
    return ChannelPlan(name, "main", signal, "1", -inf, inf, scale=scale, offset=offset, stale_after_s=1.0)


CHANNELS = (
    actuator("pump", "pump.1", 600.0, safe=60.0, scale=2.0),
    actuator("heater", "heater.0", 80.0, scale=0.01),
    actuator("lamp", "lamp", 100.0, scale=0.01),
    actuator("mixing", "frequency.1", 200.0, safe=10.0, scale=1000.0),
    actuator("stirrer", "duty.0", 100.0, safe=20.0, scale=0.01),
    sensor("zone", "temperature.0", scale=5.0 / 9.0, offset=-160.0 / 9.0),
    sensor("broken", "temperature.1"),
    sensor("inlet", "pressure.0"),
    sensor("leak", "digital.1"),
    sensor("door", "digital.0"),
    sensor("button", "stop"),
    ChannelPlan("total", "", "", "uL/min", 0.0, 1000.0),
)
MAIN = DevicePlan("main", "ostwald-board", "usb", temperature_limits_c=(90.0,), acceleration_steps_s2=5000.0)
ASKED = (300.0, 50.0, 80.0, 120.5, 25.0, *[nan] * 7)


class Rig:
    """Boards around fakes. Without channels of its own, a second board is only there."""

    def __init__(self, *more: DevicePlan, channels: tuple[ChannelPlan, ...] = CHANNELS) -> None:
        self.drivers: dict[str, FakeBoard] = {}
        plan = RigPlan("small", 50.0, 10.0, ReactorPlan(100.0, 0.0), (), (MAIN, *more), channels)
        self.boards = Boards(plan, self.connect)

    def connect(self, device: DevicePlan, configuration: BoardConfiguration) -> FakeBoard:
        self.drivers[device.name] = FakeBoard(configuration)
        return self.drivers[device.name]

    @property
    def main(self) -> FakeBoard:
        return self.drivers["main"]

    def read(self, now_s: float = 0.0) -> Inputs:
        return self.boards.read(now_s, service_alive=True)

    def write(self, asked: tuple[float, ...] = ASKED) -> BoardOutputs:
        self.boards.write(asked, 0.0, stopped=False, clearing=False)
        sent = self.main.asked[-1]
        assert isinstance(sent, BoardOutputs)
        return sent


def test_the_board_is_told_what_it_must_hold_by_itself() -> None:
    told = Rig().main.configuration
    assert [(axis.limit_steps_s, axis.limit_steps_s2, axis.safe_steps_s) for axis in told.axes] == [
        (1.0, 5000, 0.0),
        (1200.0, 5000, 120.0),
    ]
    assert told.frequencies == (FrequencyOutput(0.0), FrequencyOutput(200_000.0, 10_000.0))
    assert (told.safe_heater_duty, told.safe_lamp_duty, told.safe_duty) == ((0.0,), 0.0, (0.2,))
    assert told.limit_c == (90.0, None)
    assert (told.pressures, told.lamps, told.digitals) == (1, 1, 2)


def test_channel_values_become_the_whole_state_of_the_outputs() -> None:
    assert Rig().write() == BoardOutputs((0.0, 600.0), (0.5,), 0.8, (0.0, 120_500.0), (0.25,))


def test_what_the_board_does_and_senses_becomes_channel_values() -> None:
    inputs = Rig().read()
    named = dict(zip((channel.name for channel in CHANNELS), inputs.values, strict=True))
    assert named.pop("zone") == pytest.approx(77.0)
    assert isnan(named.pop("broken"))
    assert isnan(named.pop("total"))
    assert named == pytest.approx(
        {
            "pump": 240.0,
            "heater": 50.0,
            "lamp": 80.0,
            "mixing": 120.5,
            "stirrer": 25.0,
            "inlet": 101.3,
            "leak": 1.0,
            "door": 0.0,
            "button": 0.0,
        }
    )
    bad = {CHANNELS[i].name for i, quality in enumerate(inputs.qualities) if quality != Quality.GOOD}
    assert bad == {"broken", "total"}


def test_what_was_heard_too_long_ago_is_stale() -> None:
    rig = Rig()
    rig.read(0.0)
    rig.main.says = None
    assert rig.read(1.0).qualities[0] == Quality.GOOD
    assert rig.read(1.1).qualities[0] == Quality.STALE
    assert rig.read(1.1).values[0] == 240.0


def test_a_board_that_was_never_heard_shows_nothing_and_is_not_ready() -> None:
    rig = Rig()
    rig.main.says = None
    inputs = rig.read()
    assert set(inputs.qualities) == {int(Quality.BAD)}
    assert not inputs.boards_ready


@given(st.lists(st.floats(), min_size=len(CHANNELS), max_size=len(CHANNELS)))
def test_nothing_is_asked_outside_the_range_of_a_channel(values: list[float]) -> None:
    sent = Rig().write(tuple(values))
    assert 0.0 <= sent.heater_duty[0] <= 0.8
    assert all(0.0 <= duty <= 1.0 for duty in (sent.lamp_duty, *sent.duty))
    assert 0.0 <= sent.pump_steps_s[1] <= 1200.0
    assert 0.0 <= sent.frequency_hz[1] <= 200_000.0
    assert (sent.pump_steps_s[0], sent.frequency_hz[0]) == (0.0, 0.0)


def test_a_rig_that_uses_little_asks_little_of_its_board() -> None:
    rig = Rig(channels=(sensor("zone", "temperature.0"),))
    told = rig.main.configuration
    assert (told.axes, told.safe_heater_duty, told.frequencies, told.safe_duty) == ((), (), (), ())
    assert (told.pressures, told.lamps, told.digitals) == (0, 0, 0)
    assert rig.write((nan,)) == BoardOutputs((), (), 0.0)


@pytest.mark.parametrize(
    ("status", "cause", "ready"),
    [
        (Status.CONFIGURED, "", True),
        (Status.CONFIGURED | Status.LIMITED, "", True),
        (Status.CONFIGURED | Status.DEADMAN, "", False),
        (Status.ESTOPPED | Status.STOP_PRESSED, "stop button pressed", False),
        (Status.ESTOPPED | Status.OVER_TEMPERATURE, "the board's own over-temperature limit", False),
        (Status.SENSOR_FAULT, "a temperature that has a hard limit cannot be read", False),
        (Status.ESTOPPED, "the board is stopped", False),
    ],
)
def test_the_gravest_reason_for_which_a_board_holds_its_outputs_is_told(
    status: Status, cause: str, ready: bool
) -> None:
    rig = Rig()
    rig.main.says = replace(WORKING, status=status)
    inputs = rig.read()
    assert (inputs.stop_cause, inputs.boards_ready) == (cause, ready)
    assert inputs.stop_pressed == bool(status & Status.STOP_PRESSED)
    assert inputs.values[10] == float(inputs.stop_pressed)


def test_a_stop_is_said_until_the_board_is_stopped_and_a_reset_clears_it() -> None:
    rig = Rig()
    rig.read()
    rig.boards.write(ASKED, 1.0, stopped=True, clearing=False)
    rig.main.says = replace(WORKING, status=Status.CONFIGURED | Status.ESTOPPED)
    rig.read()
    rig.boards.write(ASKED, 2.0, stopped=True, clearing=False)
    rig.boards.write(ASKED, 3.0, stopped=False, clearing=True)
    assert [each for each in rig.main.asked if isinstance(each, str)] == ["estop 1", "clear 3"]


def test_a_deadman_trip_is_cleared_without_a_reset_and_nothing_else_is() -> None:
    rig = Rig()
    for status, cleared in ((Status.DEADMAN, True), (Status.DEADMAN | Status.SENSOR_FAULT, False)):
        rig.main.asked.clear()
        rig.main.says = replace(WORKING, status=status)
        rig.read()
        rig.write()
        assert ("clear 0" in rig.main.asked) is cleared


def test_a_lost_board_is_told_in_its_place_among_the_boards_that_carry_channels() -> None:
    other = ChannelPlan("other", "second", "temperature.0", "degC", 0.0, 100.0)
    idle, second = DevicePlan("idle", "ostwald-board", "a"), DevicePlan("second", "ostwald-board", "b")
    rig = Rig(idle, second, channels=(*CHANNELS, other))
    assert rig.read().boards_lost == (False, False)
    rig.drivers["second"].state = BoardState.LOST
    inputs = rig.read()
    assert inputs.boards_lost == (False, True)
    assert not inputs.boards_ready
    rig.boards.close()
    assert all(driver.asked[-1] == "close" for driver in rig.drivers.values())


def test_a_board_is_back_when_it_is_heard_not_when_its_line_is() -> None:
    rig = Rig()
    rig.read(0.0)
    rig.main.state, rig.main.says = BoardState.LOST, None
    assert rig.read(5.0).boards_lost == (True,)
    # The line is up again, but what is known is from before: stale readings are the loss, and no trips.
    rig.main.state = BoardState.READY
    inputs = rig.read(5.1)
    assert (inputs.boards_lost, inputs.boards_ready) == ((True,), False)
    assert inputs.qualities[0] == Quality.STALE
    rig.main.says = WORKING
    inputs = rig.read(5.2)
    assert (inputs.boards_lost, inputs.boards_ready) == ((False,), True)
    assert inputs.qualities[0] == Quality.GOOD
    # Between two frames it is still there.
    rig.main.says = None
    assert rig.read(5.3).boards_lost == (False,)


def test_the_health_of_every_line_is_told() -> None:
    rig = Rig()
    rig.main.statistics = LinkStatistics(frames_sent=9, frames_received=8, damaged=1, retries=2)
    (health,) = rig.boards.health()
    assert (health.name, health.state) == ("main", "ready")
    assert (health.frames_sent, health.frames_received, health.frames_damaged, health.retries) == (9, 8, 1, 2)
    assert (health.problem, health.identity) == ("", "")


def test_what_stands_in_a_boards_way_is_told_in_a_line_that_fits_a_status() -> None:
    rig = Rig()
    rig.main.problem = "no such port: " + 999 * "x"
    assert rig.boards.health()[0].problem == ("no such port: " + 999 * "x")[:160]


def test_what_a_board_is_is_told() -> None:
    assert identity_text("Ostwald board", "A-7", "1.2") == "Ostwald board, serial number A-7, firmware 1.2"
    assert identity_text("Ostwald board", "") == "Ostwald board"
    assert len(identity_text("x" * 999, "y" * 999)) == 80


def test_the_board_that_the_rig_names_is_the_one_that_is_meant() -> None:
    named = DevicePlan("second", "ostwald-board", "b", serial_number="A-7")
    rig = Rig(named)
    assert rig.drivers["second"].configuration.serial_number == "A-7"
    assert rig.main.configuration.serial_number is None
