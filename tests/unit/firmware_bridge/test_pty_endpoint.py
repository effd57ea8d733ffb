from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

import pytest

from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.serial_link import open_serial
from firmware_bridge.simulator.endpoint import PtyEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 5.0
"""A terminal hands bytes over at once; this ends a test that would hang."""


class Shouter:
    """A device that answers every byte with a number of capitals."""

    def __init__(self, times: int = 1) -> None:
        self.times = times

    def feed(self, chunk: bytes) -> bytes:
        return chunk.upper() * self.times


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[PtyEndpoint]:
    endpoint = PtyEndpoint(Shouter(), link_path=tmp_path / "board")
    yield endpoint
    endpoint.close()


def serve(endpoint: PtyEndpoint) -> int:
    select.select([endpoint], [], [], PATIENCE_S)
    return endpoint.pump()


def answer(endpoint: PtyEndpoint, request: bytes) -> bytes:
    host = open_serial(endpoint.path)
    assert host.write(request)
    assert serve(endpoint) == len(request)
    assert host._descriptor is not None
    select.select([host._descriptor], [], [], PATIENCE_S)
    reply = host.read()
    host.close()
    return reply


def test_every_byte_passes_raw(endpoint: PtyEndpoint) -> None:
    control = bytes(byte for byte in range(256) if not chr(byte).isalpha() or byte > 127)
    assert answer(endpoint, control) == control


def test_the_host_may_close_and_open_the_terminal_again(endpoint: PtyEndpoint) -> None:
    assert answer(endpoint, b"one") == b"ONE"
    assert endpoint.pump() == 0  # nobody has it open now
    assert answer(endpoint, b"two") == b"TWO"


def test_an_idle_pump_neither_waits_nor_speaks(endpoint: PtyEndpoint) -> None:
    assert endpoint.pump() == 0


def test_its_link_points_to_the_terminal_and_goes_with_it(tmp_path: Path) -> None:
    link = tmp_path / "board"
    endpoint = PtyEndpoint(Shouter(), link_path=link)
    assert endpoint.path == str(link)
    assert str(link.readlink()).startswith("/dev/")
    endpoint.close()
    assert list(tmp_path.iterdir()) == []


def test_a_link_left_behind_by_a_crash_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "board").symlink_to("/dev/pts/long-gone")
    endpoint = PtyEndpoint(Shouter(), link_path=tmp_path / "board")
    assert answer(endpoint, b"x") == b"X"
    endpoint.close()


def test_a_link_that_another_twin_has_taken_over_is_left_to_it(tmp_path: Path) -> None:
    first = PtyEndpoint(Shouter(), link_path=tmp_path / "board")
    second = PtyEndpoint(Shouter(), link_path=tmp_path / "board")
    first.close()
    assert answer(second, b"x") == b"X"
    second.close()


def test_a_file_in_the_links_place_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "board").write_text("precious")
    with pytest.raises(LinkError, match="exists and is no symbolic link"):
        PtyEndpoint(Shouter(), link_path=tmp_path / "board")
    assert (tmp_path / "board").read_text() == "precious"


def test_a_link_in_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="No such file or directory: choose another place"):
        PtyEndpoint(Shouter(), link_path=tmp_path / "absent" / "board")


def test_a_host_that_never_reads_costs_no_memory() -> None:
    endpoint = PtyEndpoint(Shouter(times=1000))
    slave = os.open(endpoint.path, os.O_RDWR | os.O_NOCTTY)
    for _ in range(200):
        os.write(slave, b"shout\n" * 10)
        serve(endpoint)
    assert endpoint.lost_bytes > 1_000_000
    assert len(endpoint._unsent) <= 1000 * 4096
    os.close(slave)
    endpoint.close()
