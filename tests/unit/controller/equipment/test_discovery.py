"""Scans that clients ask for: the rig's own ports are left alone, and every scan ends in time."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from controller.domain.errors import ControllerError
from controller.domain.plan import LinkPlan
from controller.equipment.discovery import LIMIT_S, Discovery, ask_ports
from firmware_bridge.devices.scan import PROBES, Port
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin
from tests.unit.controller.campaign.simulated_rig import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.domain.devices import ScannedPort
    from firmware_bridge.devices.scan import Probe
    from firmware_bridge.link.interfaces import Link
    from firmware_bridge.simulator.endpoint import DevicePort

PUMP = TwinSettings("00")


class Machine:
    """Ports with twins behind them, where time passes in pauses alone."""

    def __init__(self, **devices: DevicePort | None) -> None:
        self.devices = devices
        self.time_s = 0.0
        self.opened: list[str] = []
        self.end: LoopbackEndpoint | None = None

    def ports(self) -> list[Port]:
        return [Port(f"/dev/{name}", f"/dev/serial/by-id/usb-{name}") for name in self.devices]

    def open(self, url: str, probe: Probe) -> Link:
        self.opened.append(url)
        device = self.devices[url.removeprefix("/dev/")]
        near, far = loopback_pair()
        # Others hear nothing that makes sense: the wrong baud rate.
        asked = device is not None and probe.driver == "new-era"
        self.end = LoopbackEndpoint(far, device) if asked and device is not None else None
        return near

    def pause(self, seconds: float) -> None:
        self.time_s += seconds
        if self.end is not None:
            self.end.pump()

    def ask(self, *, limit_s: float = 1e9, used: dict[str, str] | None = None) -> list[ScannedPort]:
        probes = [probe for probe in PROBES if probe.driver != "ostwald-spectrometer"]
        assert probes
        return list(
            ask_ports(
                self.ports(),
                used=used or {},
                limit_s=limit_s,
                probes=probes,
                open_link=self.open,
                clock=lambda: self.time_s,
                pause=self.pause,
            )
        )


def test_who_answers_is_told_with_what_to_write_into_the_rig_file() -> None:
    (port,) = Machine(ttyUSB0=make_twin("new-era", PUMP)).ask()
    assert (port.port, port.url, port.problem) == ("/dev/ttyUSB0", "/dev/serial/by-id/usb-ttyUSB0", "")
    assert [(each.driver, each.address, each.model) for each in port.devices] == [("new-era", "00", "NE1000")]


def test_a_port_that_something_uses_is_not_opened() -> None:
    machine = Machine(ttyUSB0=make_twin("new-era", PUMP))
    (port,) = machine.ask(used={"/dev/ttyUSB0": "link pumps"})
    assert (port.problem, port.devices) == ("left alone: link pumps uses it", ())
    assert machine.opened == []


def test_a_scan_ends_in_time_and_says_of_which_ports_nothing_is_known() -> None:
    machine = Machine(ttyUSB0=make_twin("new-era", PUMP), **{f"ttyS{number}": None for number in range(20)})
    found, *rest = machine.ask(limit_s=30.0)
    assert found.devices
    assert not found.problem
    assert machine.time_s < 35.0
    assert rest[0].problem == ""
    assert rest[-1].problem == "not asked to the end: a scan takes 30 s at most; name this port alone"


def test_a_port_that_can_not_be_opened_says_why() -> None:
    machine = Machine(ttyUSB0=None)

    def refuse(url: str, probe: Probe) -> Link:
        raise LinkError(f"{url}: no permission to ask {probe.driver}")

    machine.open = refuse  # type: ignore[method-assign]
    (port,) = machine.ask()
    assert port.problem == "/dev/ttyUSB0: no permission to ask ostwald-board"


async def refusal(asked: Any) -> str:
    with pytest.raises(ControllerError) as refused:
        await asked
    return refused.value.reason


async def test_a_client_names_ports_by_either_name_and_no_other(tmp_path: Path) -> None:
    """The rig's links are known by whatever path leads to the port."""
    stable = tmp_path / "by-id"
    stable.symlink_to("/dev/ttyACM0")
    plan = replace(PLAN, links=(LinkPlan("board", str(stable)), LinkPlan("far", "socket://host:1")))
    asked: list[tuple[list[str], dict[str, str], float]] = []

    def ask(ports: list[Port], *, used: dict[str, str], limit_s: float) -> Iterator[ScannedPort]:
        asked.append(([each.path for each in ports], used, limit_s))
        return iter(())

    machine = Machine(ttyUSB0=None, ttyACM0=None)
    discovery = Discovery(plan, ports=machine.ports, ask=ask)
    assert await discovery.scan() == ()
    await discovery.scan(["/dev/serial/by-id/usb-ttyACM0", "/dev/serial/by-id/usb-ttyACM0"])
    used = {"/dev/ttyACM0": "link board"}
    assert asked == [(["/dev/ttyUSB0", "/dev/ttyACM0"], used, LIMIT_S), (["/dev/ttyACM0"], used, LIMIT_S)]
    assert await refusal(discovery.scan(["socket://victim:22"])) == "PORT_UNKNOWN"
    assert len(asked) == 2


async def test_one_scan_at_a_time() -> None:
    going_on = threading.Event()

    def ask(_ports: object, **_options: object) -> Iterator[ScannedPort]:
        going_on.wait(10.0)
        yield from ()

    discovery = Discovery(PLAN, ports=list, ask=ask)
    first = asyncio.create_task(discovery.scan())
    await asyncio.sleep(0)
    assert await refusal(discovery.scan()) == "SCAN_RUNNING"
    going_on.set()
    assert await first == ()
