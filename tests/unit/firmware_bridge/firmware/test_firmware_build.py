from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.firmware import generate

if TYPE_CHECKING:
    from pathlib import Path

FIRMWARE = generate.FOLDER.parents[1]


def build(folder: Path) -> bytes:
    if shutil.which("avr-gcc") is None:
        pytest.skip("no avr-gcc: install the packages gcc-avr, avr-libc and binutils-avr")
    make = ["make", "-C", str(FIRMWARE), "uno328p", f"BUILD={folder}", f"PYTHON={sys.executable}"]
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "uno328p: flash" in done.stdout
    return (folder / "ostwald-uno328p.elf").read_bytes()


def test_equal_sources_give_equal_bytes_that_name_no_folder(tmp_path: Path) -> None:
    first, second = build(tmp_path / "one"), build(tmp_path / "another-place")
    assert first == second
    assert str(tmp_path).encode() not in first
    assert str(FIRMWARE).encode() not in first
