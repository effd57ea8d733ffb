"""One simulated ATmega: time, pins, converter, SPI, memory. What the pins are wired to belongs to `board`."""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.avr.native import AvrError, Edge, PinCount, library

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_bridge.firmware.pinout import Pin

_CHUNK_BYTES: Final = 4096
_CHUNK_EDGES: Final = 1 << 16
_DATA_BASE: Final = 0x80_0000
"""Where avr-ld puts the data memory in its one address space."""
_PAINT: Final = 0xC5
NO_PIN: Final = -1


@dataclass(frozen=True, slots=True)
class Silicon:
    """A controller as it is soldered in."""

    mcu: str
    clock_hz: int
    uart: int
    baud: int
    reference_v: float
    noise_v: float = 0.01
    """Width of the noise on the converter's inputs, evenly spread: two codes of ten bits."""


@dataclass(frozen=True, slots=True)
class LineCounts:
    """Bytes that the serial line has lost since power-up."""

    overrun: int
    """Arrived while the receiver still held three unread ones."""
    refused: int
    """From the host, more than the line queues."""
    unread: int
    """From the board, more than the line queues."""


class Controller:
    """Runs one firmware, from power-up on. Raises AvrError for a firmware or a controller not there."""

    def __init__(self, elf: Path, silicon: Silicon, *, seed: int = 0) -> None:
        self.silicon = silicon
        self._native = library()
        if not elf.is_file():
            raise AvrError(f"{elf}: no firmware there: build it with 'make firmware'")
        bench = self._native.bench_open(
            bytes(elf),
            silicon.mcu.encode(),
            silicon.clock_hz,
            str(silicon.uart).encode(),
            silicon.baud,
            round(silicon.reference_v * 1e6),
            round(silicon.noise_v * 1e6),
            seed & 0xFFFF_FFFF,
        )
        if not bench:
            raise AvrError(f"{elf}: simavr cannot run it on {silicon.mcu}: is it the ELF file of this board?")
        self._bench = bench
        self._closer = weakref.finalize(self, self._native.bench_close, bench)
        self._paint()

    def close(self) -> None:
        """Free the simulated controller; nothing else may be called afterwards."""
        self._closer()

    # Time.

    @property
    def cycle(self) -> int:
        """CPU cycles since power-up."""
        return int(self._native.bench_cycle(self._bench))

    @property
    def resets(self) -> int:
        """How often the controller has been reset, by its watchdog or by `reset`."""
        return int(self._native.bench_resets(self._bench))

    def run_until(self, cycle: int) -> None:
        """Let the firmware run to a cycle, give or take one instruction. AvrError when it stops for good."""
        if self._native.bench_run(self._bench, cycle):
            said = self._native.bench_log(self._bench).decode("latin-1").strip()
            pc = self._native.bench_pc(self._bench)
            raise AvrError(f"the firmware stopped at 0x{pc:05x}: {said or 'interrupts off, asleep'}")

    def reset(self, mcusr: int) -> None:
        """Reset it from outside, with these cause bits in MCUSR. All memories keep their contents."""
        self._native.bench_reset(self._bench, mcusr)

    # Serial line.

    def receive(self, data: bytes) -> None:
        """Queue bytes on the line to the board; they arrive at the baud rate."""
        self._native.bench_receive(self._bench, data, len(data))

    def transmitted(self) -> bytes:
        """Take what the board has sent since the last call."""
        parts = []
        while True:
            buffer = ctypes.create_string_buffer(_CHUNK_BYTES)
            size = self._native.bench_transmitted(self._bench, buffer, _CHUNK_BYTES)
            parts.append(buffer.raw[:size])
            if size < _CHUNK_BYTES:
                return b"".join(parts)

    @property
    def line(self) -> LineCounts:
        counts = (ctypes.c_uint64 * 3)()
        self._native.bench_line_counts(self._bench, counts)
        return LineCounts(*counts)

    # Pins.

    def watch(self, pin: Pin, *, direction: int = NO_PIN, enable: int = NO_PIN) -> int:
        """Count what an output pin does. For the steps of a motor, name two pins that are watched already.

        `direction` is high for forwards; `enable` is low when steps move the motor.
        """
        watched = self._native.bench_watch(self._bench, pin.port.encode(), pin.bit, direction, enable)
        return self._made(watched, f"watch pin P{pin.port}{pin.bit}")

    def count(self, watched: int) -> PinCount:
        """Read a watched pin's counters as they stand now."""
        count = PinCount()
        self._native.bench_read_pin(self._bench, watched, ctypes.byref(count))
        return count

    def log_edges(self, watched: int, *, logged: bool) -> None:
        """Begin or end noting every change of a watched pin, for `edges`."""
        self._native.bench_log_edges(self._bench, watched, logged)

    def edges(self) -> list[tuple[int, int, int]]:
        """Take the noted changes: (cycle, watched pin, level), oldest first. AvrError when some were lost."""
        buffer, lost = (Edge * _CHUNK_EDGES)(), ctypes.c_uint64()
        taken: list[tuple[int, int, int]] = []
        while True:
            size = self._native.bench_edges(self._bench, buffer, _CHUNK_EDGES, ctypes.byref(lost))
            if lost.value:
                raise AvrError(f"{lost.value} pin changes were not noted: take them more often")
            taken += [(edge.cycle, edge.pin, edge.level) for edge in buffer[:size]]
            if size < _CHUNK_EDGES:
                return taken

    def add_input(self, pin: Pin, *, level: bool) -> int:
        """Wire a digital input; return its index for `set_input`."""
        added = self._native.bench_add_input(self._bench, pin.port.encode(), pin.bit, level)
        return self._made(added, f"drive pin P{pin.port}{pin.bit}")

    def set_input(self, index: int, *, level: bool) -> None:
        self._native.bench_set_input(self._bench, index, level)

    def set_voltage(self, channel: int, volts: float) -> None:
        """Put a voltage on an ADC channel."""
        microvolts = round(min(max(volts, 0.0), 2 * self.silicon.reference_v) * 1e6)
        self._made(
            self._native.bench_set_adc(self._bench, channel, microvolts), f"drive ADC channel {channel}"
        )

    # SPI.

    def add_chip(self, select: int, *, registers: bool) -> int:
        """Wire a chip to SPI, selected while the watched pin `select` is low; return its index.

        With `registers`, an exchange begins with an address (bit 7: write); else it is a plain stream.
        """
        return self._made(self._native.bench_add_chip(self._bench, registers, select), "add an SPI chip")

    def set_chip(self, chip: int, data: bytes, *, first: int = 0) -> None:
        """Set what a chip answers from byte or register `first` on."""
        self._made(self._native.bench_set_chip(self._bench, chip, first, data, len(data)), f"set chip {chip}")

    def chip(self, chip: int) -> bytes:
        """Read a chip's bytes, with what the firmware has written there."""
        buffer = ctypes.create_string_buffer(64)
        size = self._made(self._native.bench_get_chip(self._bench, chip, buffer), f"read chip {chip}")
        return buffer.raw[:size]

    # Memory.

    def memory(self, symbol: str, size: int) -> bytes:
        """Read a variable of the firmware by its name in the source."""
        buffer = ctypes.create_string_buffer(size)
        address = self._address(symbol)
        done = self._native.bench_ram(self._bench, address, buffer, size, 0)
        self._made(done, f"read {size} bytes of {symbol}")
        return buffer.raw

    def poke(self, address: int, value: int) -> None:
        """Write a byte of data memory or a register behind the firmware's back, as a fault would."""
        self._made(
            self._native.bench_ram(self._bench, address, bytes((value,)), 1, 1), f"write at 0x{address:04x}"
        )

    def eeprom(self) -> bytes:
        """Read all of the EEPROM."""
        size = int(self._native.bench_eeprom_size(self._bench))
        buffer = ctypes.create_string_buffer(size)
        self._made(self._native.bench_eeprom(self._bench, 0, buffer, size, 0), "read the EEPROM")
        return buffer.raw

    def write_eeprom(self, offset: int, data: bytes) -> None:
        """Overwrite EEPROM cells from outside, as a programmer or a fault would."""
        self._made(
            self._native.bench_eeprom(self._bench, offset, data, len(data), 1),
            f"write {len(data)} bytes of EEPROM at {offset}",
        )

    @property
    def stack_bytes(self) -> int:
        """The deepest that the stack has been: what it has painted over of the memory painted at power-up."""
        free = self._free_memory()
        buffer = ctypes.create_string_buffer(len(free))
        self._native.bench_ram(self._bench, free.start, buffer, len(free), 0)
        untouched = len(buffer.raw) - len(buffer.raw.lstrip(bytes((_PAINT,))))
        return len(free) - untouched

    @property
    def stack_floor(self) -> int:
        """Address of the first byte above the firmware's variables."""
        return self._free_memory().start

    @property
    def stack_limit_bytes(self) -> int:
        """The room between the firmware's variables and the end of data memory."""
        return len(self._free_memory())

    def _paint(self) -> None:
        free = self._free_memory()
        self._native.bench_ram(self._bench, free.start, bytes((_PAINT,)) * len(free), len(free), 1)

    def _free_memory(self) -> range:
        return range(self._address("_end"), int(self._native.bench_ram_end(self._bench)) + 1)

    def _address(self, symbol: str) -> int:
        address = self._native.bench_symbol(self._bench, symbol.encode())
        if address < _DATA_BASE:
            raise AvrError(f"the firmware has no variable {symbol}: was its ELF file stripped?")
        return int(address) - _DATA_BASE

    def _made(self, answer: int, what: str) -> int:
        if answer < 0:
            raise AvrError(f"{self.silicon.mcu}: cannot {what}: it has no such thing, or no more room for it")
        return answer
