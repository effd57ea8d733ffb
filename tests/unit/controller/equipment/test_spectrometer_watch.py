"""A spectrometer that comes and goes, as the service sees it and tells control."""

from __future__ import annotations

from array import array
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from controller.domain.commands import ReportDevice
from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import LinkHealth
from controller.equipment.spectrometry import Spectrometry
from firmware_bridge.devices.interfaces import DeviceError, Exposure, NoAnswerError, SpectrometerIdentity
from tests.unit.controller.campaign.simulated_rig import PLAN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from controller.domain.commands import Command

IDENTITY = SpectrometerIdentity("Eye", "7", array("d", (500.0, 600.0)), 65535, 0.001, 1.0)
UNPLUGGED = "no answer: check the cable"


class Device:
    """Answers while it is plugged in; each is opened once and closed once."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.open += 1

    def identify(self) -> SpectrometerIdentity:
        self._world.asked()
        return IDENTITY

    def start(self, integration_s: float, scans: int) -> Exposure:
        self._world.asked()
        if integration_s > IDENTITY.max_integration_s:
            raise DeviceError("too long")
        return Exposure(1, integration_s * scans)

    def fetch(self, _exposure: Exposure) -> array[int]:
        self._world.asked()
        return array("i", (5, 6))

    def close(self) -> None:
        self._world.open -= 1


class World:
    """The reactor's face, and the far end of the spectrometer's cable."""

    def __init__(self) -> None:
        self.plan = PLAN
        self.clock: Any = self
        self.plugged = True
        self.open = 0
        self.boot_id = 7
        self.control_gone = False
        self.told: list[Command] = []

    def asked(self) -> None:
        if not self.plugged:
            raise NoAnswerError(UNPLUGGED)

    def snapshot(self) -> Any:
        if self.control_gone:
            raise ControllerError("gone", reason="CONTROL_GONE", kind=Kind.UNAVAILABLE)
        setpoints = (0.0,) * len(self.plan.channels)
        return SimpleNamespace(boot_id=self.boot_id, time_s=1.0, setpoints=setpoints)

    async def request(self, command: Command, *, actor: str, lease: str = "") -> None:
        assert (actor, lease) == ("ostwaldd", "")
        self.told.append(command)

    async def set(self, _targets: object, *, actor: str, lease: str = "") -> None:
        assert (actor, lease) == ("ann", "")

    async def sleep(self, _duration_s: float) -> None:
        return

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        yield


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def spectrometry(world: World) -> Spectrometry:
    assert PLAN.spectrometer is not None
    reactor: Any = world
    connect: Any = lambda: Device(world)  # noqa: E731
    return Spectrometry(reactor, replace(PLAN.spectrometer, device="eye"), connect)


async def expose(spectrometry: Spectrometry, integration_s: float = 0.1) -> None:
    await spectrometry.acquire("sample", integration_s=integration_s, scans=1, actor="ann", lease="")


LOST, FOUND = ReportDevice("eye", lost=True), ReportDevice("eye", lost=False)


async def test_before_anybody_has_looked_nothing_is_known(spectrometry: Spectrometry) -> None:
    assert spectrometry.health == LinkHealth("eye", "connecting")
    assert spectrometry.identity is None


async def test_control_is_told_once_of_what_has_changed(world: World, spectrometry: Spectrometry) -> None:
    for plugged in (True, True, False, False, True):
        world.plugged = plugged
        await spectrometry.look()
    assert world.told == [FOUND, LOST, FOUND]
    assert spectrometry.health == LinkHealth("eye", "ready", identity="Eye, serial number 7")
    assert spectrometry.identity == IDENTITY


async def test_what_stands_in_its_way_is_said(world: World, spectrometry: Spectrometry) -> None:
    world.plugged = False
    await spectrometry.look()
    assert spectrometry.health == LinkHealth("eye", "lost", problem=UNPLUGGED)
    assert world.open == 0, "a lost one is let go, and opened anew"


async def test_control_that_booted_anew_is_told_again(world: World, spectrometry: Spectrometry) -> None:
    world.plugged = False
    await spectrometry.look()
    world.boot_id = 8
    await spectrometry.look()
    assert world.told == [LOST, LOST]


async def test_control_that_is_gone_is_told_when_it_is_back(world: World, spectrometry: Spectrometry) -> None:
    world.plugged, world.control_gone = False, True
    await spectrometry.look()
    assert world.told == []
    world.control_gone = False
    await spectrometry.look()
    assert world.told == [LOST]


async def test_an_exposure_finds_a_lost_one_and_tells_at_once(
    world: World, spectrometry: Spectrometry
) -> None:
    world.plugged = False
    with pytest.raises(ControllerError) as failed:
        await expose(spectrometry)
    assert failed.value.reason == "SPECTROMETER_UNREACHABLE"
    assert world.told == [LOST]
    world.plugged = True
    await expose(spectrometry)
    assert spectrometry.health.state == "ready"


async def test_an_exposure_that_can_not_be_is_no_loss(world: World, spectrometry: Spectrometry) -> None:
    with pytest.raises(ControllerError, match="too long") as refused:
        await expose(spectrometry, integration_s=2.0)
    assert refused.value.reason == "EXPOSURE_REFUSED"
    assert world.told == []


async def test_closing_lets_go_of_it(world: World, spectrometry: Spectrometry) -> None:
    await spectrometry.look()
    assert world.open == 1
    spectrometry.close()
    spectrometry.close()
    assert world.open == 0
