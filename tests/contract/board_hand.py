"""A hand on one board: its wire, its sensors, its clock and a meter on its pins; twin and firmware alike."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import nan
from typing import TYPE_CHECKING, TypeVar

from firmware_bridge.simulator.boards import SIMAVR, TWIN, build_board
from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import Frame, FrameStream
from firmware_bridge.wire.layout import Message
from tests.contract.toolchain import make_firmware, need_simulator

if TYPE_CHECKING:
    from firmware_bridge.simulator.avr.board import AvrBoard
    from firmware_bridge.simulator.interfaces import SimulatedBoard

Reply = TypeVar("Reply", bound=Message)

MEGA = "simavr:mega2560"
BOARDS = (TWIN, MEGA)
STEP_S = 0.01
BOOT_S = 0.5
"""Until every sensor has been read: a thermocouple amplifier takes half of it."""
SENSE_S = 0.35
"""Until a change has come through the slowest sensor."""
ANSWER_S = 0.05

WARM = Sensed((25.0, 30.0, 20.0, 20.0), (101.3, 102.0), stop_pressed=False)
CONFIGURE = m.Configure(
    deadman_ms=500,
    safe_pump_steps_s=(0.0, 50.0, 0.0, 0.0, 0.0, 0.0),
    safe_heater_duty=(0.0, 0.0),
    safe_lamp_duty=0.0,
    limit_c=(90.0, 90.0, 90.0, 90.0),
    limit_steps_s=(1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0),
    limit_steps_s2=(2000, 2000, 0, 0, 0, 0),
    safe_frequency_hz=(0.0, 10.0),
    limit_hz=(300.0, 300.0),
    safe_duty=(0.0, 0.2),
)
WORK = m.Outputs((800.0, 200.0, 0.0, 0.0, 0.0, 0.0), (0.4, 0.0), 1.0, (120.5, 0.0), (0.0, 1.0))


@cache
def prepare() -> None:
    """Bring firmware and simulator up to date, or skip."""
    need_simulator()
    make_firmware()


def make_board(name: str, seed: int = 1) -> SimulatedBoard:
    """Make one of `BOARDS`; skips the test that asks for firmware where its tools are missing."""
    if name.startswith(SIMAVR):
        prepare()
    return build_board(name, seed)


class Hand:
    """Holds one board and lets its time pass in steps of 10 ms."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.board = board
        self.sensed = WARM
        self.time_s = 0.0
        self.steps = [0.0] * m.PUMP_AXES
        """Counted at the pins since the beginning."""
        self._frames = FrameStream()
        self.drive = self.wait(BOOT_S)

    def wait(self, seconds: float) -> Drive:
        """Let time pass; return the mean of what the pins did."""
        drives = []
        for _ in range(round(seconds / STEP_S)):
            self.board.sense(self.sensed)
            self.drive = self.board.advance(STEP_S)
            self.time_s += STEP_S
            for axis, rate in enumerate(self.drive.pump_steps_s):
                self.steps[axis] += rate * STEP_S
            drives.append(self.drive)
        return mean(drives)

    def tell(self, data: bytes, within_s: float = ANSWER_S) -> list[Frame]:
        """Put bytes on the line; return the frames that have come back by then."""
        frames = self._frames.feed(self.board.feed(data))
        self.wait(within_s)
        return frames + self._frames.feed(self.board.feed(b""))

    def ask(self, message: Message, kind: type[Reply], sequence: int = 9) -> Reply:
        (frame,) = self.tell(m.encode(sequence, message))
        assert frame.sequence == sequence
        reply = m.decode(frame, m.BOARD_REPLIES)
        assert isinstance(reply, kind), reply
        return reply

    def work(self, seconds: float, outputs: m.Outputs = WORK) -> m.Inputs:
        """Send OUTPUTS every 100 ms, as a host does."""
        for _ in range(round(seconds / 0.1)):
            inputs = self.ask(outputs, m.Inputs)
            self.wait(0.1 - ANSWER_S)
        return inputs

    def look(self) -> m.Inputs:
        """Ask for the inputs as they are, with a command that changes nothing on a board that is tripped."""
        return self.ask(WORK, m.Inputs)

    def faults(self) -> m.FaultsReply:
        return self.ask(m.Faults(), m.FaultsReply)


def mean(drives: list[Drive]) -> Drive:
    """Mean of what was driven; of the square waves, the newest frequency."""
    count = len(drives)

    def average(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(sum(column) / count for column in zip(*rows, strict=True))

    return Drive(
        pump_steps_s=average([drive.pump_steps_s for drive in drives]),
        heater_duty=average([drive.heater_duty for drive in drives]),
        lamp_duty=sum(drive.lamp_duty for drive in drives) / count,
        frequency_hz=drives[-1].frequency_hz,
        duty=average([drive.duty for drive in drives]),
    )


def with_temperature(index: int, celsius: float) -> Sensed:
    temperatures = list(WARM.temperatures_c)
    temperatures[index] = celsius
    return replace(WARM, temperatures_c=tuple(temperatures))


def firmware_of(hand: Hand) -> AvrBoard:
    """Reach inside: only for what a real board would not tell either."""
    from firmware_bridge.simulator.avr.board import AvrBoard

    assert isinstance(hand.board, AvrBoard)
    return hand.board


NO_LIMITS = replace(CONFIGURE, limit_c=(nan,) * m.TEMPERATURES)
