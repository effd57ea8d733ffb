"""What the tests of the firmware are made with. What is missing skips them, and says what to install."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.simulator.avr.native import ToolchainError, library

ROOT = Path(__file__).parents[2]
SOURCES = Path(__file__).with_name("firmware")


def need_simulator() -> None:
    try:
        library()
    except ToolchainError as error:
        pytest.skip(str(error))


def need_compiler() -> str:
    compiler = shutil.which("avr-gcc")
    if compiler is None:
        pytest.skip("no avr-gcc: install the packages gcc-avr and avr-libc")
    return compiler


def compile_for_mega(name: str, folder: Path) -> Path:
    """Compile one of our own small firmwares for an ATmega2560."""
    elf = folder / f"{name}.elf"
    options = ["-mmcu=atmega2560", "-DF_CPU=16000000UL", "-Os", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([need_compiler(), *options, "-o", elf, SOURCES / f"{name}.c"], check=True)
    return elf


def make_firmware() -> None:
    """Bring the board's firmware up to date, once for all workers of a test run."""
    need_compiler()
    lock_path = ROOT / "build" / "firmware.lock"
    lock_path.parent.mkdir(exist_ok=True)
    with lock_path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["make", "--no-print-directory", "firmware"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
