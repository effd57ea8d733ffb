"""Discovery on ports whose far ends are twins; time passes only in the pauses."""

from __future__ import annotations

import pytest

from firmware_bridge.devices.registry import DRIVERS
from firmware_bridge.devices.scan import PROBES, Asker, Found, Port, Probe, scan
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.board import BoardTwin
from firmware_bridge.simulator.endpoint import DevicePort, LoopbackEndpoint
from firmware_bridge.simulator.instruments.bench import SharedPort
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin

ASKED = [probe for probe in PROBES if probe.driver != "ostwald-spectrometer"]
PORT = Port("/dev/ttyUSB0", usb_serial_number="A600XYZ")


class Deaf:
    def feed(self, _chunk: bytes) -> bytes:
        return b""


class World:
    """One port; who is behind it hears only what is sent at its own baud rate."""

    def __init__(self, device: DevicePort, baud: int, twins: tuple[BoardTwin, ...] = ()) -> None:
        self.device = device
        self.baud = baud
        self.twins = twins
        self.time_s = 0.0
        self.opened: list[Probe] = []

    def open(self, _url: str, probe: Probe) -> Link:
        self.opened.append(probe)
        near, far = loopback_pair()
        self.end = LoopbackEndpoint(far, self.device if probe.baud == self.baud else Deaf())
        return near

    def pause(self, seconds: float) -> None:
        self.time_s += seconds
        for twin in self.twins:
            twin.advance(seconds)
        self.end.pump()

    def scan(self) -> tuple[list[Found], str]:
        return scan(PORT, self.open, Asker(lambda: self.time_s, self.pause), ASKED)


def test_a_board_is_found_by_its_greeting_and_left_as_it_is():
    board = BoardTwin()
    found, problem = World(board, 115_200, (board,)).scan()
    assert [(each.probe.driver, each.identity.serial_number) for each in found] == [
        ("ostwald-board", "TWIN-0001")
    ]
    assert problem == ""
    assert not any("configured" in event.text for event in board.log)


def test_pumps_on_one_port_are_found_at_each_of_their_addresses():
    twins = [make_twin("new-era", TwinSettings(address)) for address in ("00", "02")]
    found, _ = World(SharedPort(twins), 19_200).scan()
    assert [(each.probe.driver, each.probe.address, each.identity.model) for each in found] == [
        ("new-era", "00", "NE1000"),
        ("new-era", "02", "NE1000"),
    ]


def test_a_found_pump_was_told_nothing_but_the_question():
    twin = make_twin("new-era", TwinSettings("00"))
    World(twin, 19_200).scan()
    assert twin.log == []


def test_a_controller_is_found_though_others_were_asked_for_before():
    found, _ = World(make_twin("eurotherm-3200", TwinSettings("1")), 9600).scan()
    assert [each.probe.driver for each in found] == ["eurotherm-3200"]


def test_a_port_where_nobody_answers_costs_seconds_not_minutes():
    world = World(Deaf(), 0)
    assert world.scan() == ([], "")
    assert world.time_s < 20.0
    assert len(world.opened) == len(ASKED)


def test_a_port_that_cannot_be_opened_says_why_and_is_not_tried_again():
    calls = []

    def refuse(url: str, probe: Probe) -> Link:
        calls.append(probe)
        raise LinkError(f"{url}: taken by another program: stop it, or name another port")

    found, problem = scan(PORT, refuse, Asker(lambda: 0.0, lambda _seconds: None))
    assert (found, problem) == ([], "/dev/ttyUSB0: taken by another program: stop it, or name another port")
    assert len(calls) == 1


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.driver} {probe.address}")
def test_every_way_to_ask_names_a_driver_that_there_is(probe: Probe):
    assert probe.driver in DRIVERS
