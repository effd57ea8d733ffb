"""What a build takes of its chip: flash, RAM and the deepest its stack can get. Fails when that is too much.

`python -m firmware_bridge.firmware.report BOARD ELF SU...`, from the firmware's Makefile.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError
from firmware_bridge.firmware.call_graph import Program, deepest_stack, parse_frames
from firmware_bridge.firmware.pinout import PINOUTS

if TYPE_CHECKING:
    from firmware_bridge.firmware.pinout import Pinout

RESERVE_BYTES: Final = 256
"""RAM that stays free beyond the bound of the stack."""
FLASH_SHARE: Final = 0.75
"""Of the flash, what the firmware may take: the rest is for what comes."""
STACK_BYTES: Final = 320
"""More of it than this is a function that has grown a buffer by accident."""

_FLASH_SECTIONS: Final = (".text", ".data")
_RAM_SECTIONS: Final = (".data", ".bss", ".noinit")
_FAR_FLASH_BYTES: Final = 1 << 17
"""Beyond it a return address has three bytes."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of one chip."""

    flash: int
    variables: int
    stack: int

    def excess(self, pinout: Pinout) -> str | None:
        """Say in one line what is too much for this board; None when all fits."""
        room = pinout.ram_bytes - RESERVE_BYTES - self.variables
        if self.flash > FLASH_SHARE * pinout.flash_bytes:
            return f"{self.flash} bytes of flash: {FLASH_SHARE:.0%} of {pinout.flash_bytes} are allowed"
        if self.stack > min(STACK_BYTES, room):
            return f"a stack of up to {self.stack} bytes: {min(STACK_BYTES, room)} are allowed"
        return None

    def describe(self, pinout: Pinout) -> str:
        flash_bytes, ram_bytes = pinout.flash_bytes, pinout.ram_bytes
        ram = self.variables + self.stack
        return (
            f"{pinout.name}: flash {self.flash} of {flash_bytes} bytes ({self.flash / flash_bytes:.0%}), "
            f"RAM {self.variables} and a stack of at most {self.stack}, together {ram} of {ram_bytes} bytes "
            f"({ram / ram_bytes:.0%})"
        )


def parse_sizes(text: str) -> dict[str, int]:
    """Read `avr-size -A`: bytes of each section."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[0].startswith(".")}


def measure(pinout: Pinout, sizes: str, disassembly: str, frames: list[str]) -> Usage:
    """Add up what the tools say of one ELF. CallGraphError when its stack cannot be bounded."""
    sections = parse_sizes(sizes)
    address_bytes = 3 if pinout.flash_bytes > _FAR_FLASH_BYTES else 2
    return Usage(
        flash=sum(sections.get(name, 0) for name in _FLASH_SECTIONS),
        variables=sum(sections.get(name, 0) for name in _RAM_SECTIONS),
        stack=deepest_stack(Program(disassembly), parse_frames(frames), address_bytes),
    )


def _run(tool: str, option: str, elf: str) -> str:
    path = which(tool)
    if path is None:
        raise BridgeError(f"no {tool}: install the package binutils-avr")
    return subprocess.run([path, option, elf], check=True, capture_output=True, text=True).stdout


def main(arguments: list[str]) -> int:
    name, elf, *frame_files = arguments
    pinout = PINOUTS[name]
    try:
        usage = measure(
            pinout,
            _run("avr-size", "-A", elf),
            _run("avr-objdump", "-d", elf),
            [Path(each).read_text(encoding="utf-8") for each in frame_files],
        )
    except BridgeError as error:
        sys.exit(f"{name}: {error}")
    sys.stdout.write(f"{usage.describe(pinout)}\n")
    excess = usage.excess(pinout)
    if excess is not None:
        sys.exit(f"{name}: {excess}")
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
