"""Every board that a simulated rig can have, by the name that a rig file gives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError
from firmware_bridge.firmware.pinout import PINOUTS
from firmware_bridge.simulator.avr.board import AvrBoard
from firmware_bridge.simulator.board import BoardTwin

if TYPE_CHECKING:
    from firmware_bridge.simulator.interfaces import SimulatedBoard

TWIN: Final = "twin"
"""The board as Python imitates it."""
SIMAVR: Final = "simavr:"
"""Before the name of a pinout: that board's own firmware, run in simavr."""

FIRMWARE_DIR: Final = Path(__file__).parents[2] / "build" / "firmware"
"""Where 'make firmware' leaves the ELF files of a checkout."""


class UnknownBoardError(BridgeError):
    """No simulated board of this name."""


def build_board(name: str, seed: int) -> SimulatedBoard:
    """Make a board at power-up. Raises UnknownBoardError, or AvrError when what it takes is not there."""
    if name == TWIN:
        return BoardTwin(seed=seed)
    pinout = PINOUTS.get(name.removeprefix(SIMAVR)) if name.startswith(SIMAVR) else None
    if pinout is None:
        known = ", ".join((TWIN, *(SIMAVR + each for each in PINOUTS)))
        raise UnknownBoardError(f"unknown board {name!r}; known: {known}")
    return AvrBoard(pinout, FIRMWARE_DIR / f"ostwald-{pinout.name}.elf", seed=seed)
