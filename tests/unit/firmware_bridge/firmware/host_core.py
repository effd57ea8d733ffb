"""The firmware's pure half, compiled for this machine and driven through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.firmware import generate
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from firmware_bridge.wire.messages import Configure

SOURCES = generate.FOLDER.parent
PURE = ("board", "checksum", "config", "convert", "framing", "safety", "stage")
REPLY_BYTES = 68
TEMPERATURE_ABSENT, PRESSURE_ABSENT = -32768, 65535
TEXT_BYTES = 16


@cache
def core(board: str) -> ctypes.CDLL:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: install the package gcc")
    sources = [SOURCES / f"{name}.c" for name in PURE] + [Path(__file__).with_name("phases.c")]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "core.so"
        options = ["-std=c11", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
        options += ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
        options += [f"-DBOARD_{board.upper()}", f"-I{SOURCES}"]
        subprocess.run([compiler, *options, "-o", library, *sources], check=True)
        return ctypes.CDLL(str(library))


class Identity(ctypes.Structure):
    _fields_ = (
        ("boot_id", ctypes.c_uint32),
        ("reset_cause", ctypes.c_uint8),
        ("serial_number", ctypes.c_char * TEXT_BYTES),
    )


class Readings(ctypes.Structure):
    _fields_ = (
        ("temperatures", ctypes.c_int16 * m.TEMPERATURES),
        ("pressures", ctypes.c_uint16 * m.PRESSURES),
        ("digital_bits", ctypes.c_uint8),
        ("stop_pressed", ctypes.c_bool),
        ("settled", ctypes.c_bool),
    )


class HostCore:
    """The board's logic with a hand on its wire, its sensors and its clock."""

    def __init__(self, board: str, *, boot_id: int = 7, cause: m.ResetCause = m.ResetCause.POWER_ON) -> None:
        self.library = core(board)
        self.now_ms = 0
        self.readings = Readings(settled=True)
        self.sense((25.0,) * 4, ())
        self.library.board_boot(ctypes.byref(Identity(boot_id, cause, b"OST-7")))
        self.library.stage_goal.restype = ctypes.POINTER(ctypes.c_uint8)

    def sense(
        self,
        temperatures_c: tuple[float, ...],
        pressures_kpa: tuple[float, ...],
        *,
        stop_pressed: bool = False,
    ) -> None:
        self.readings.stop_pressed = stop_pressed
        for index in range(m.TEMPERATURES):
            celsius = temperatures_c[index] if index < len(temperatures_c) else float("nan")
            self.readings.temperatures[index] = TEMPERATURE_ABSENT if isnan(celsius) else round(celsius * 100)
        for index in range(m.PRESSURES):
            there = index < len(pressures_kpa)
            self.readings.pressures[index] = round(pressures_kpa[index] * 10) if there else PRESSURE_ABSENT

    def advance(self, elapsed_ms: int) -> None:
        self.now_ms += elapsed_ms
        self.library.board_advance(ctypes.byref(self.readings), ctypes.c_uint32(self.now_ms))

    def feed(self, chunk: bytes) -> bytes:
        replies = b""
        buffer = ctypes.create_string_buffer(REPLY_BYTES)
        now = ctypes.c_uint32(self.now_ms)
        for byte in chunk:
            size = self.library.board_feed(ctypes.c_uint8(byte), ctypes.byref(self.readings), now, buffer)
            assert size <= REPLY_BYTES
            replies += buffer.raw[:size]
        return replies

    def restore(self, kept: Configure) -> None:
        self.library.board_restore(m.BOARD_REQUESTS[0x02].pack(kept))

    @property
    def goal(self) -> m.Outputs:
        layout = m.BOARD_REQUESTS[0x03]
        message = layout.unpack(bytes(self.library.stage_goal()[: layout.size]))
        assert isinstance(message, m.Outputs)
        return message
