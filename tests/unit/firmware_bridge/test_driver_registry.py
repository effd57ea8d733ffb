from __future__ import annotations

import subprocess
import sys

import pytest

from firmware_bridge.devices.board import Board
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.registry import (
    DRIVERS,
    DeviceKind,
    find_board_driver,
    find_driver,
    find_instrument_driver,
    find_spectrometer_driver,
)
from firmware_bridge.devices.spectrometer import FramedSpectrometer


def test_every_driver_says_what_it_drives() -> None:
    kinds = {name: driver.kind for name, driver in DRIVERS.items()}
    assert kinds.pop("ostwald-board") is DeviceKind.BOARD
    for name in ("ostwald-spectrometer", "ocean", "text-spectrometer"):
        assert kinds.pop(name) is DeviceKind.SPECTROMETER
    assert set(kinds.values()) == {DeviceKind.INSTRUMENT}
    assert find_board_driver("ostwald-board").make is Board
    assert find_spectrometer_driver("ostwald-spectrometer").make is FramedSpectrometer


def test_an_unknown_driver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DeviceError, match=r"'arduino': there are .*ostwald-board, ostwald-spectrometer"):
        find_driver("arduino")


def test_a_driver_of_another_kind_says_what_it_drives() -> None:
    with pytest.raises(DeviceError, match="'ostwald-board' drives a board, not a spectrometer"):
        find_spectrometer_driver("ostwald-board")
    with pytest.raises(DeviceError, match="'ostwald-board' drives a board, not an instrument"):
        find_instrument_driver("ostwald-board")
    with pytest.raises(DeviceError, match="'ostwald-spectrometer' drives a spectrometer, not a board"):
        find_board_driver("ostwald-spectrometer")


def test_what_the_control_process_loads_holds_no_heavy_library() -> None:
    script = (
        "import sys, firmware_bridge.devices.registry, firmware_bridge.link.serial_link, "
        "firmware_bridge.link.loopback; print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "firmware_bridge.devices.instruments.new_era" not in loaded.stdout.split()
    packages = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not packages & {"numpy", "scipy", "grpc", "onnxruntime", "serial", "logging", "asyncio"}
