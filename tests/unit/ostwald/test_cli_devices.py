from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ostwald.cli.console import console
from ostwald.client import Ostwald

from controller.domain.plan import DevicePlan, LinkPlan
from controller.domain.readings import LinkHealth
from tests.unit.ostwald.command_line import ostwald

if TYPE_CHECKING:
    from tests.unit.ostwald.command_line import Said
    from tests.unit.ostwald.conftest import Served


@pytest.fixture
def rigged(served: Served) -> Served:
    reactor = served.bench.reactor
    links = (LinkPlan("pumps", "/dev/ttyUSB0"),)
    pumps = tuple(DevicePlan(name, "new-era", "pumps", address=at) for name, at in (("a", "00"), ("b", "01")))
    reactor.plan = replace(reactor.plan, links=links, devices=pumps)
    reactor.health = (
        LinkHealth("a", "ready", 5, 4, 1, 2, identity="NE1000, firmware 3.928"),
        LinkHealth("b", "lost", problem="no answer [b]: check its cable"),
        LinkHealth("link pumps", "ready", 9, 9),
    )
    return served


def devices(served: Served, *arguments: str) -> Said:
    return ostwald(served.address, "devices", *arguments)


def test_devices_are_listed_with_their_counts_and_what_stands_in_their_way(
    rigged: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever terminal the tests run in: a table of its full width.
    monkeypatch.setattr(console, "width", 200)
    _, first, second, line, problem = devices(rigged).lines
    assert first.split()[:5] == ["a", "new-era", "pumps", "00", "ready"]
    assert first.split()[5:] == ["5", "4", "1", "2", "NE1000,", "firmware", "3.928"]
    assert second.split()[:5] == ["b", "new-era", "pumps", "01", "lost"]
    assert line.split()[:3] == ["link", "pumps", "ready"]
    assert problem == "b: no answer [b]: check its cable"


def test_devices_are_listed_as_one_document(rigged: Served) -> None:
    document = devices(rigged, "list", "--json").json
    assert document == devices(rigged, "--json").json
    assert [each["statistics"]["state"] for each in document["devices"]] == ["ready", "lost"]
    assert document["lines"][0]["frames_sent"] == 9


def test_a_scan_tells_who_is_on_each_port_and_what_to_write(rigged: Served) -> None:
    assert devices(rigged, "scan").lines == [
        "/dev/ttyUSB0: USB Serial, USB serial number FTA1",
        "  NE1000 3.928 at address 00: driver new-era, 19200 baud 8N1",
        '  in the rig file: url = "/dev/serial/by-id/usb-FTDI-port0"',
        "/dev/ttyACM0: a serial port",
        "  left alone: link board uses it",
    ]


def test_a_scan_has_a_document(rigged: Served) -> None:
    usb, _ = devices(rigged, "scan", "/dev/ttyUSB0", "--json").json
    assert rigged.bench.discovery.asked == [["/dev/ttyUSB0"]]
    assert usb["devices"][0]["driver"] == "new-era"


def test_where_nothing_is_found_it_is_said(rigged: Served) -> None:
    port, *_ = rigged.bench.discovery.found
    rigged.bench.discovery.found = (replace(port, devices=()),)
    assert devices(rigged, "scan").lines[1] == "  nobody answers in a protocol that is asked for by default"
    rigged.bench.discovery.found = ()
    assert devices(rigged, "scan").out == "the device's machine has no serial ports\n"


def test_a_port_that_is_not_there_is_refused_in_one_line(rigged: Served) -> None:
    answer = devices(rigged, "scan", "/dev/none")
    assert (answer.code, answer.err) == (3, "error: there is no such port\n")


def test_json_stands_behind_the_command(rigged: Served) -> None:
    assert devices(rigged, "--json", "scan").code == 2


def test_a_program_reads_devices_as_values(rigged: Served) -> None:
    with Ostwald(rigged.address) as opened:
        found = opened.devices.list()
        assert [each.identity for each in found.devices] == ["NE1000, firmware 3.928", ""]
        assert [each.port for each in opened.devices.scan()] == ["/dev/ttyUSB0", "/dev/ttyACM0"]
