"""simavr from Python: `harness.c`, compiled once for this machine and called through ctypes.

A C harness rather than ctypes alone: the callbacks of pins, converter and SPI run inside the simulated
instruction, tens of thousands of times a simulated second, and reach into structures that C headers define.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from firmware_bridge.errors import BridgeError

_SOURCE: Final = Path(__file__).with_name("harness.c")
_FLAGS: Final = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")
_LIBRARIES: Final = ("-lsimavr", "-lelf")
_PACKAGES: Final = "install the packages gcc, libc6-dev, libsimavr-dev and libelf-dev"


class AvrError(BridgeError):
    """A simulated controller that cannot be had, or that has stopped."""


class ToolchainError(AvrError):
    """What the simulator is made of is not installed here."""


class PinCount(ctypes.Structure):
    """What an output pin has done since power-up, in CPU cycles; `pin_count` of harness.c."""

    rises: int
    high_cycles: int
    changed: int
    last_rise: int
    period: int
    position: int
    level: int

    _fields_ = (
        ("rises", ctypes.c_uint64),
        ("high_cycles", ctypes.c_uint64),
        ("changed", ctypes.c_uint64),
        ("last_rise", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
        ("position", ctypes.c_int64),
        ("level", ctypes.c_uint32),
    )


class Edge(ctypes.Structure):
    """One change of a logged pin; `edge` of harness.c."""

    cycle: int
    pin: int
    level: int

    _fields_ = (("cycle", ctypes.c_uint64), ("pin", ctypes.c_uint32), ("level", ctypes.c_uint32))


_BENCH, _INT, _U8, _U32, _U64 = (
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_uint8,
    ctypes.c_uint32,
    ctypes.c_uint64,
)
_TEXT, _CHAR = ctypes.c_char_p, ctypes.c_char
_BYTES: Final = ctypes.c_char_p
_SIGNATURES: Final = {
    "bench_open": (_BENCH, (_TEXT, _TEXT, _U32, _CHAR, _U32, _U32, _U32, _U32)),
    "bench_close": (None, (_BENCH,)),
    "bench_run": (_INT, (_BENCH, _U64)),
    "bench_reset": (None, (_BENCH, _U8)),
    "bench_cycle": (_U64, (_BENCH,)),
    "bench_resets": (_U64, (_BENCH,)),
    "bench_pc": (_U32, (_BENCH,)),
    "bench_log": (_TEXT, (_BENCH,)),
    "bench_ram_end": (_U32, (_BENCH,)),
    "bench_eeprom_size": (_U32, (_BENCH,)),
    "bench_symbol": (_INT, (_BENCH, _TEXT)),
    "bench_ram": (_INT, (_BENCH, _U32, _BYTES, _U32, _INT)),
    "bench_eeprom": (_INT, (_BENCH, ctypes.c_uint16, _BYTES, _U32, _INT)),
    "bench_receive": (_U32, (_BENCH, _BYTES, _U32)),
    "bench_transmitted": (_U32, (_BENCH, _BYTES, _U32)),
    "bench_line_counts": (None, (_BENCH, ctypes.POINTER(_U64))),
    "bench_watch": (_INT, (_BENCH, _CHAR, _INT, _INT, _INT)),
    "bench_read_pin": (None, (_BENCH, _INT, ctypes.POINTER(PinCount))),
    "bench_log_edges": (None, (_BENCH, _INT, _INT)),
    "bench_edges": (_U32, (_BENCH, ctypes.POINTER(Edge), _U32, ctypes.POINTER(_U64))),
    "bench_add_input": (_INT, (_BENCH, _CHAR, _INT, _U32)),
    "bench_set_input": (None, (_BENCH, _INT, _U32)),
    "bench_set_adc": (_INT, (_BENCH, _INT, _U32)),
    "bench_add_chip": (_INT, (_BENCH, _INT, _INT)),
    "bench_set_chip": (_INT, (_BENCH, _INT, _INT, _BYTES, _INT)),
    "bench_get_chip": (_INT, (_BENCH, _INT, _BYTES)),
}


@cache
def library() -> ctypes.CDLL:
    """Load the harness, compiled on first use. Raises ToolchainError, which names what to install."""
    path = _compiled()
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise ToolchainError(f"{path.name}: {error}: {_PACKAGES}") from error
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


def _compiled() -> Path:
    """Find the shared object of this very source, in the user's cache; make it if it is not there."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise ToolchainError(f"no C compiler for the simulated controller: {_PACKAGES}")
    key = hashlib.sha256(_SOURCE.read_bytes() + " ".join((*_FLAGS, *_LIBRARIES)).encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ostwald"
    target = folder / f"simavr-{key}.so"
    if target.exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Two processes may compile at once: each its own file, and the last one moved in place wins.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / target.name
            _compile(compiler, made)
            made.replace(target)
    except OSError as error:
        raise ToolchainError(f"{folder}: {error.strerror}: let XDG_CACHE_HOME name another folder") from error
    return target


def _compile(compiler: str, made: Path) -> None:
    done = subprocess.run(
        [compiler, *_FLAGS, "-o", str(made), str(_SOURCE), *_LIBRARIES],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error" in line or "cannot find" in line]
        said = errors[0] if errors else f"{compiler} ended with code {done.returncode}"
        raise ToolchainError(f"the simulated controller does not compile ({said}): {_PACKAGES}")
