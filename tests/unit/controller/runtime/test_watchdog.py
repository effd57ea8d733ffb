"""The hardware watchdog, on a terminal that takes its place: what is written, and when."""

from __future__ import annotations

import errno
import os
import struct
import tty
from typing import TYPE_CHECKING

import pytest

from controller.domain.pins import WatchdogPlan
from controller.runtime.watchdog import FEEDS_PER_TIMEOUT, GET_TIMEOUT, SET_TIMEOUT, HardwareWatchdog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_S = 10


class Device:
    """The far end of a watchdog device, and its answers to ioctl."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.plan = WatchdogPlan(os.ttyname(self.slave), TIMEOUT_S)
        self.warnings: list[str] = []
        self.asked: list[tuple[int, int]] = []
        self.refusal: int | None = None
        self.own_timeout_s = TIMEOUT_S

    def ioctl(self, _descriptor: int, request: int, argument: bytes) -> bytes:
        self.asked.append((request, struct.unpack("i", argument)[0]))
        if self.refusal == errno.ENOTTY or (self.refusal is not None and request == SET_TIMEOUT):
            raise OSError(self.refusal, os.strerror(self.refusal))
        return struct.pack("i", self.own_timeout_s)

    def start(self) -> HardwareWatchdog:
        return HardwareWatchdog(self.plan, self.warnings.append, ioctl=self.ioctl)

    def written(self) -> bytes:
        try:
            return os.read(self.master, 1000)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()


def complaint(path: Path | str) -> str:
    warnings: list[str] = []
    watchdog = HardwareWatchdog(WatchdogPlan(str(path), TIMEOUT_S), warnings.append)
    watchdog.feed(0.0)
    watchdog.close()
    assert watchdog.timeout_s == 0
    (warning,) = warnings
    return warning


def test_it_asks_for_its_timeout_and_feeds_at_once(device: Device) -> None:
    watchdog = device.start()
    assert device.asked == [(SET_TIMEOUT, TIMEOUT_S)]
    assert device.written() == b""
    watchdog.feed(0.0)
    assert device.written() == b"\0"
    assert device.warnings == []


def test_many_ticks_feed_it_a_few_times_a_timeout(device: Device) -> None:
    watchdog = device.start()
    for tick in range(50 * TIMEOUT_S):
        watchdog.feed(tick / 50)
    assert device.written() == b"\0" * FEEDS_PER_TIMEOUT


def test_without_ticks_it_is_not_fed(device: Device) -> None:
    watchdog = device.start()
    watchdog.feed(0.0)
    device.written()
    assert device.written() == b""
    watchdog.feed(1000.0)
    assert device.written() == b"\0"


def test_a_timeout_of_the_devices_own_sets_the_pace(device: Device) -> None:
    device.own_timeout_s = 4
    watchdog = device.start()
    assert watchdog.timeout_s == 4
    assert device.warnings == [f"{device.plan.device}: its timeout is 4 s, not 10 s"]
    for tick in range(5):
        watchdog.feed(float(tick))
    assert device.written() == b"\0" * 5


def test_a_device_that_keeps_its_own_timeout_is_asked_for_it(device: Device) -> None:
    device.refusal, device.own_timeout_s = errno.EINVAL, 15
    assert device.start().timeout_s == 15
    assert [request for request, _ in device.asked] == [SET_TIMEOUT, GET_TIMEOUT]


def test_an_orderly_stop_says_so_to_the_device(device: Device) -> None:
    watchdog = device.start()
    watchdog.close()
    assert device.written() == b"V"
    watchdog.feed(100.0)
    watchdog.close()
    assert device.written() == b""


def test_a_terminal_is_no_watchdog_and_is_let_go(device: Device) -> None:
    device.refusal = errno.ENOTTY
    watchdog = device.start()
    assert watchdog.timeout_s == 0
    (warning,) = device.warnings
    assert "Inappropriate ioctl for device: name a watchdog, or remove [watchdog]" in warning
    device.written()
    watchdog.feed(0.0)
    assert device.written() == b""


def test_a_timeout_of_zero_is_no_watchdog(device: Device) -> None:
    device.own_timeout_s = 0
    assert device.start().timeout_s == 0
    assert "its timeout is 0 s" in device.warnings[0]


def test_feeding_that_fails_warns_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog = device.start()

    def refuse(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", refuse)
        for tick in range(50):
            watchdog.feed(float(tick))
    (warning,) = device.warnings
    assert "Input/output error" in warning
    watchdog.feed(100.0)
    assert device.written() == b"\0"


def test_a_missing_device_says_what_to_load(tmp_path: Path) -> None:
    assert "dtparam=watchdog=on" in complaint(tmp_path / "watchdog")


def test_a_file_is_no_watchdog_and_stays_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("kept")
    assert "not a device" in complaint(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "kept"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EACCES, "60-ostwald.rules"), (errno.EBUSY, "RuntimeWatchdogSec")],
)
def test_a_device_that_cannot_be_had_says_why(
    number: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: str, _flags: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    assert remedy in complaint("/dev/watchdog")
