from __future__ import annotations

import os
import tty
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.serial_link import open_serial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The device's end of a pseudo-terminal, and the path that the host opens."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_port_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="ttyACM7: no such port: check the cable"):
        open_serial(str(tmp_path / "ttyACM7"))


def test_a_file_that_is_no_port_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a port")
    with pytest.raises(LinkError, match="not a serial port"):
        open_serial(str(tmp_path / "notes.txt"))


def test_a_port_already_taken_says_so(terminal: tuple[int, str]) -> None:
    taken = open_serial(terminal[1])
    with pytest.raises(LinkError, match="taken by another program"):
        open_serial(terminal[1])
    taken.close()
    open_serial(terminal[1]).close()


def test_a_port_without_permission_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, _flags: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LinkError, match="group 'dialout'"):
        open_serial("/dev/ttyUSB0")


def test_nobody_listening_at_a_socket_says_so() -> None:
    with pytest.raises(LinkError, match="nobody listens there"):
        open_serial("socket://127.0.0.1:1")


def test_an_unknown_scheme_says_so() -> None:
    with pytest.raises(LinkError, match="'carrier-pigeon' not known"):
        open_serial("carrier-pigeon://roof")


def test_a_url_without_a_file_descriptor_carries_bytes_too() -> None:
    link = open_serial("loop://")
    assert link.write(b"there\0")
    assert link.read() == b"there\0"
    link.close()


def test_reading_takes_what_is_there_and_never_waits(terminal: tuple[int, str]) -> None:
    link = open_serial(terminal[1])
    assert link.read() == b""
    os.write(terminal[0], b"\x00\x11\x13\x7f\xff\r\n")
    assert link.read() == b"\x00\x11\x13\x7f\xff\r\n"
    link.close()


def test_a_full_port_refuses_whole_frames_and_sends_none_in_part(terminal: tuple[int, str]) -> None:
    link = open_serial(terminal[1])
    frames = [bytes([number % 250 + 1]) * 36 + b"\0" for number in range(2000)]
    taken = [frame for frame in frames if link.write(frame)]
    assert 0 < len(taken) < len(frames)
    arrived = b""
    while True:
        try:
            arrived += os.read(terminal[0], 4096)
        except BlockingIOError:
            break
    assert link.write(b"fresh\0")  # what was held back goes out before it
    arrived += os.read(terminal[0], 4096)
    assert arrived == b"".join(taken) + b"fresh\0"
    link.close()


def test_an_unplugged_port_fails_to_read_and_to_write() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    link = open_serial(os.ttyname(slave))
    os.close(master)
    os.close(slave)
    with pytest.raises(LinkError, match="/dev/pts"):
        link.read()
    with pytest.raises(LinkError, match="/dev/pts"):
        link.write(b"x")
    link.close()
    link.close()
