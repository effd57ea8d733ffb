"""One suite for the board's driver, over every kind of line, to the twin and to the firmware in simavr."""

from __future__ import annotations

import select
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.interfaces import (
    Axis,
    BoardConfiguration,
    BoardInputs,
    BoardOutputs,
    BoardState,
    FrequencyOutput,
)
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.link.serial_link import open_serial
from firmware_bridge.simulator.boards import TWIN
from firmware_bridge.simulator.endpoint import DevicePort, LoopbackEndpoint, PtyEndpoint
from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.simulator.plant.faults import BoardMute
from firmware_bridge.simulator.rig import SimulatedRig
from firmware_bridge.wire.messages import PROTOCOL_VERSION, TRIPS, ResetCause, Status, TripCause
from tests.contract.board_hand import BOARDS, BOOT_S, MEGA, make_board, mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TICK_S = 0.02
WIRE_PATIENCE_S = 5.0
"""A pseudo-terminal hands bytes over within microseconds; this ends a test that would hang."""
WORK = BoardOutputs((800.0, 200.0), (0.5,), 1.0, (120.5,), (0.6,))
IDLE = BoardOutputs((0.0, 0.0), (0.0,), 0.0, (0.0,), (0.0,))
CONFIGURATION = BoardConfiguration(
    deadman_s=0.5,
    axes=(Axis(1000.0, 20_000), Axis(1000.0, 20_000, safe_steps_s=50.0)),
    safe_heater_duty=(0.0,),
    limit_c=(90.0, None),
    pressures=1,
    lamps=1,
    frequencies=(FrequencyOutput(limit_hz=300.0, safe_hz=10.0),),
    safe_duty=(0.2,),
    digitals=2,
)
SETTLE_S = 0.3
"""Until the slowest safe wave has been seen to run."""
SAFE = Drive((0.0, 50.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, (10.0, 0.0), (0.2, 0.0))


class KettlePlant:
    """A heater that warms one sensor by 20 K/s at full power."""

    def __init__(self) -> None:
        self.wavelengths_nm: NDArray[np.float64] = np.linspace(400.0, 800.0, 16)
        self.temperature_c = 25.0
        self.stop_pressed = False
        self.leaking = False
        self.drive = Drive((), (), 0.0)

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        self.drive = drive
        self.temperature_c += 20.0 * drive.heater_duty[0] * dt_s
        return Sensed((self.temperature_c, 21.0), (101.3,), self.stop_pressed, (False, self.leaking))

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        return np.full(16, 100.0 * integration_s * scans)


class LoopbackWire:
    """Both ends of an in-process line."""

    def __init__(self, device: DevicePort) -> None:
        self._device = device
        self._endpoint: LoopbackEndpoint | None = None

    def open(self) -> Link:
        host, far = loopback_pair()
        self._endpoint = LoopbackEndpoint(far, self._device)
        return host

    def carry(self) -> None:
        if self._endpoint is not None:
            self._endpoint.pump()

    deliver = carry

    def unplug(self) -> None:
        self._endpoint = None

    close = unplug


class PtyWire:
    """A real pseudo-terminal, opened by pyserial."""

    def __init__(self, device: DevicePort) -> None:
        self._device = device
        self._endpoint = PtyEndpoint(self)
        self._replied = False

    def feed(self, chunk: bytes) -> bytes:
        reply = self._device.feed(chunk)
        self._replied = bool(reply)
        return reply

    def open(self) -> Link:
        self._host = open_serial(self._endpoint.path)
        return self._host

    def carry(self) -> None:
        """Wait for what the host has sent, and take it to the board."""
        select.select([self._endpoint], [], [], WIRE_PATIENCE_S)
        self.deliver()

    def deliver(self) -> None:
        """Take what the board has answered by now to the host."""
        self._endpoint.pump()
        if self._replied:
            assert self._host._descriptor is not None
            select.select([self._host._descriptor], [], [], WIRE_PATIENCE_S)

    def unplug(self) -> None:
        """Do nothing: a terminal stays where it is when its host has gone."""

    def close(self) -> None:
        self._endpoint.close()


class Bench:
    """A rig, a wire and a driver, ticking together in simulated time."""

    def __init__(self, wire: str, board: str, configuration: BoardConfiguration = CONFIGURATION) -> None:
        self.plant = KettlePlant()
        self.rig = SimulatedRig(self.plant, board=make_board(board))
        for _ in range(round(BOOT_S / TICK_S)):
            self.rig.advance(TICK_S)
        self.wire = PtyWire(self.rig.board_port) if wire == "pty" else LoopbackWire(self.rig.board_port)
        self.plugged = True
        self.link: Link | None = None
        self.board = Board(self._open, configuration)
        self.now_s = 0.0
        self.inputs: BoardInputs | None = None

    def _open(self) -> Link:
        if not self.plugged:
            raise LinkError("bench: no such port")
        self.link = self.wire.open()
        return self.link

    def tick(self, seconds: float, outputs: BoardOutputs | None = WORK) -> Drive:
        """Run the control loop; without outputs, only let the plant's time pass, as when the host hangs.

        Return the mean of what the pins did.
        """
        drives = []
        for _ in range(round(seconds / TICK_S)):
            if outputs is not None:
                sent = self.board.statistics.frames_sent
                self.inputs = self.board.poll(self.now_s) or self.inputs
                self.board.send(outputs, self.now_s)
                if self.plugged and self.board.statistics.frames_sent > sent:
                    self.wire.carry()
            self.rig.advance(TICK_S)
            if self.plugged:
                self.wire.deliver()
            drives.append(self.plant.drive)
            self.now_s += TICK_S
        return mean(drives)

    def unplug(self) -> None:
        assert self.link is not None
        self.link.close()
        self.wire.unplug()
        self.plugged = False

    def state(self) -> BoardState:
        return self.board.state

    def status(self) -> Status:
        assert self.inputs is not None
        return self.inputs.status

    def close(self) -> None:
        self.board.close()
        self.wire.close()


def is_safe(drive: Drive, seconds: float = 0.5) -> bool:
    """Whether the mean over so long is that of the safe values, within a step or a tick of each."""
    return (
        drive.pump_steps_s == pytest.approx(SAFE.pump_steps_s, abs=1.01 / seconds)
        and (drive.heater_duty, drive.lamp_duty) == (SAFE.heater_duty, SAFE.lamp_duty)
        and drive.frequency_hz == pytest.approx(SAFE.frequency_hz, rel=0.02)
        and drive.duty == pytest.approx(SAFE.duty, abs=0.001)
    )


@pytest.fixture(params=[(wire, board) for board in BOARDS for wire in ("loopback", "pty")], ids="-".join)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(*request.param)
    bench.tick(0.3)
    yield bench
    bench.close()


def test_board_and_driver_find_each_other(bench: Bench) -> None:
    assert (bench.state(), bench.board.problem) == (BoardState.READY, None)
    assert bench.board.identity is not None
    assert bench.board.identity.protocol == PROTOCOL_VERSION


def test_what_is_asked_reaches_the_pins_and_what_is_sensed_comes_back(bench: Bench) -> None:
    bench.tick(0.2)
    drive = bench.tick(0.4)
    assert drive.pump_steps_s[:2] == pytest.approx((800.0, 200.0), abs=2.6)
    assert drive.lamp_duty == 1.0
    assert drive.heater_duty == pytest.approx((0.5, 0.0), abs=0.051)
    assert drive.frequency_hz == pytest.approx((120.5, 0.0), rel=0.02)
    assert drive.duty == pytest.approx((0.6, 0.0), abs=0.001)
    assert bench.inputs is not None
    assert (bench.inputs.frequency_hz, bench.inputs.duty) == ((120.5,), (0.6,))
    assert bench.inputs.digitals == (False, False)
    assert bench.inputs.pump_steps_s == (800.0, 200.0)
    assert bench.inputs.heater_duty == pytest.approx((0.5,), abs=1e-4)
    assert bench.inputs.temperatures_c == pytest.approx((bench.plant.temperature_c, 21.0), abs=1.0)
    assert bench.inputs.pressures_kpa == pytest.approx((101.3,), abs=1.0)
    assert bench.now_s - bench.inputs.received_s <= 2 * TICK_S


def test_every_exchange_of_a_good_line_is_answered(bench: Bench) -> None:
    bench.tick(1.0)
    statistics = bench.board.statistics
    assert (statistics.damaged, statistics.lost, statistics.out_of_order, statistics.held) == (0, 0, 0, 0)
    assert statistics.frames_sent - statistics.frames_received <= 1
    assert statistics.round_trip_s == pytest.approx(TICK_S, rel=0.01)


def test_a_rate_above_its_limit_is_held_by_the_board(bench: Bench) -> None:
    bench.tick(0.1, replace(IDLE, pump_steps_s=(9000.0, 0.0)))
    drive = bench.tick(0.3, replace(IDLE, pump_steps_s=(9000.0, 0.0)))
    assert drive.pump_steps_s[0] == pytest.approx(1000.0, abs=3.4)
    assert bench.status() & Status.LIMITED


def test_a_frequency_above_its_limit_is_held_by_the_board(bench: Bench) -> None:
    drive = bench.tick(0.2, replace(IDLE, frequency_hz=(301.0,)))
    assert drive.frequency_hz == pytest.approx((300.0, 0.0), rel=0.02)
    assert bench.status() & Status.LIMITED


def test_a_digital_input_is_seen_and_gone_with_its_cause(bench: Bench) -> None:
    for leaking in (True, False):
        bench.plant.leaking = leaking
        bench.tick(0.1)
        assert bench.inputs is not None
        assert bench.inputs.digitals == (False, leaking)


def test_a_host_that_hangs_leaves_everything_safe(bench: Bench) -> None:
    bench.tick(0.3)
    bench.tick(0.52 + SETTLE_S, None)
    assert is_safe(bench.tick(0.5, None))
    assert is_safe(bench.tick(0.5))
    assert bench.status() & TRIPS == Status.DEADMAN
    bench.board.clear(bench.now_s)
    bench.tick(0.2)
    assert not bench.status() & TRIPS
    assert bench.plant.drive.lamp_duty == 1.0


def test_a_stop_holds_until_it_is_cleared(bench: Bench) -> None:
    bench.board.estop(bench.now_s)
    bench.tick(SETTLE_S)
    assert is_safe(bench.tick(0.5))
    assert bench.status() & Status.ESTOPPED
    bench.board.clear(bench.now_s)
    bench.tick(0.1)
    assert bench.tick(0.2).heater_duty[0] > 0.35


def test_a_pressed_stop_input_cannot_be_cleared(bench: Bench) -> None:
    bench.plant.stop_pressed = True
    bench.tick(0.1)
    assert bench.status() & Status.STOP_PRESSED
    bench.board.clear(bench.now_s)
    bench.tick(0.1)
    assert bench.board.problem == "the board refused CLEAR: cause stands"
    bench.tick(SETTLE_S)
    assert is_safe(bench.tick(0.5))
    bench.plant.stop_pressed = False
    bench.tick(0.1)
    bench.board.clear(bench.now_s)
    bench.tick(0.2)
    assert not bench.status() & TRIPS


def test_the_board_guards_its_own_temperature(bench: Bench) -> None:
    bench.plant.temperature_c = 89.0
    bench.tick(0.2 + SETTLE_S)
    assert bench.status() & Status.OVER_TEMPERATURE
    assert is_safe(bench.tick(0.5))
    assert bench.plant.temperature_c < 91.0


def test_a_broken_sensor_reads_as_nan_and_trips_its_limit(bench: Bench) -> None:
    bench.plant.temperature_c = nan
    bench.tick(0.1)
    assert bench.inputs is not None
    assert np.isnan(bench.inputs.temperatures_c[0])
    assert bench.status() & Status.SENSOR_FAULT


def test_a_rebooted_board_is_configured_before_it_is_commanded(bench: Bench) -> None:
    bench.tick(0.2)
    bench.rig.board.reboot(ResetCause.BROWN_OUT)
    bench.tick(0.04)
    assert bench.plant.drive.pump_steps_s == (0.0,) * 6
    bench.tick(1.0)
    assert bench.state() is BoardState.READY
    assert bench.tick(0.4).pump_steps_s[:2] == pytest.approx((800.0, 200.0), abs=2.6)
    assert bench.board.statistics.reboots == 1
    assert bench.board.identity is not None
    assert bench.board.identity.reset_cause is ResetCause.BROWN_OUT


def test_an_unplugged_line_is_lost_then_found_without_an_exception(bench: Bench) -> None:
    bench.unplug()
    bench.tick(0.06)
    assert bench.state() is BoardState.LOST
    bench.tick(2.0)
    assert bench.board.problem == "bench: no such port"
    assert is_safe(bench.tick(0.5))
    bench.plugged = True
    bench.tick(4.0)
    assert bench.state() is BoardState.READY
    assert bench.status() & TRIPS == Status.DEADMAN
    assert bench.board.statistics.reconnects == 1


def test_a_board_whose_answers_are_lost_goes_safe_by_itself_and_is_found_again(bench: Bench) -> None:
    bench.rig.faults.set(BoardMute())
    bench.tick(0.6)
    assert bench.state() is BoardState.LOST
    assert "check its power and cable" in str(bench.board.problem)
    bench.tick(0.6)
    assert is_safe(bench.tick(0.5))
    bench.rig.faults.clear(BoardMute())
    bench.tick(1.2)
    assert bench.state() is BoardState.READY
    assert bench.board.statistics.reboots == 0
    assert bench.status() & TRIPS == Status.DEADMAN


def test_the_boards_fault_counters_can_be_read(bench: Bench) -> None:
    assert bench.link is not None
    bench.link.write(b"\x09\x01\0\x02\x01\0")
    bench.board.estop(bench.now_s)
    bench.board.request_faults(bench.now_s)
    bench.tick(0.1)
    assert bench.board.faults is not None
    assert bench.board.faults.bad_cobs == 2
    assert bench.board.faults.last_trip is TripCause.HOST_STOP


def test_a_closed_driver_stays_closed(bench: Bench) -> None:
    bench.board.close()
    assert bench.board.poll(bench.now_s) is None
    assert bench.state() is BoardState.LOST


@pytest.mark.parametrize("wire", ["loopback", "pty"])
@pytest.mark.parametrize(("board", "serial_number"), [(TWIN, "TWIN-0001"), (MEGA, "UNSET")])
def test_the_wrong_board_is_told_and_never_commanded(wire: str, board: str, serial_number: str) -> None:
    wanted = BoardConfiguration(0.5, CONFIGURATION.axes, (0.0,), (None,), serial_number="OST-9")
    bench = Bench(wire, board, wanted)
    bench.tick(1.0)
    assert bench.state() is BoardState.CONNECTING
    assert bench.board.problem == f"this is board {serial_number!r}, the rig names 'OST-9': check the cables"
    assert bench.plant.drive.pump_steps_s == (0.0,) * 6
    bench.close()
