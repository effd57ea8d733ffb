"""Board twins with two heated zones each: stepped in process, or served on pseudo-terminals.

As a program, `python -m benchmarks.boards FOLDER COUNT` serves FOLDER/board0, ... until SIGTERM.
"""

from __future__ import annotations

import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.rig import ZONES
from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.endpoint import PtyEndpoint
from firmware_bridge.simulator.interfaces import Sensed

if TYPE_CHECKING:
    from types import FrameType

AMBIENT_C: Final = 25.0
_FULL_POWER_C: Final = 60.0
_TIME_CONSTANT_S: Final = 20.0
_STEP_S: Final = 0.01


class HeatedBoard:
    """A board twin whose zones are first-order: gain 60 degC at full duty, time constant 20 s."""

    def __init__(self) -> None:
        self.twin = BoardTwin()
        self._zones_c = [AMBIENT_C] * ZONES

    def feed(self, chunk: bytes) -> bytes:
        return self.twin.feed(chunk)

    def advance(self, dt_s: float) -> None:
        drive = self.twin.advance(dt_s)
        for zone, duty in enumerate(drive.heater_duty):
            goal_c = AMBIENT_C + _FULL_POWER_C * duty
            self._zones_c[zone] += (goal_c - self._zones_c[zone]) * min(dt_s / _TIME_CONSTANT_S, 1.0)
        self.twin.sense(Sensed((*self._zones_c, AMBIENT_C, AMBIENT_C), (101.0, 102.0), stop_pressed=False))


def serve(folder: Path, count: int) -> None:
    """Serve `count` boards in real time until SIGTERM; say "ready" when their terminals stand."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    boards = [HeatedBoard() for _ in range(count)]
    ports = [PtyEndpoint(board, link_path=folder / f"board{number}") for number, board in enumerate(boards)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    before_s = time.monotonic()
    try:
        while not stopping:
            readable, _, _ = select.select(ports, [], [], _STEP_S)
            for port in readable:
                port.pump()
            now_s = time.monotonic()
            if now_s - before_s >= _STEP_S:
                for board in boards:
                    board.advance(now_s - before_s)
                before_s = now_s
    finally:
        for port in ports:
            port.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
