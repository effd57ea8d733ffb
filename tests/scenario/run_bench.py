"""An example rig with a run on it, in one process: control, drivers, frames, run engine and journal are real.

Time is injected: who sleeps lets the world and control tick on.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.campaign.runner import RunEngine
from controller.config.rig import load_rig
from controller.domain.readings import ReactorState
from controller.domain.run import RunState
from controller.equipment.drivers import known_instruments
from controller.equipment.hardware import assemble
from controller.equipment.reactor import RemoteReactor, StatusBoard
from controller.equipment.spectrometry import Spectrometry
from controller.processes.simulation import TWIN, simulate
from controller.processes.tick import ControlProcess
from controller.storage.journal import Journal
from firmware_bridge.devices.registry import DRIVERS, find_board_driver
from firmware_bridge.devices.spectrometer import FramedSpectrometer
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint
from tests.unit.controller.campaign.simulated_rig import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from controller.domain.plan import RigPlan
    from controller.domain.run import Run
    from firmware_bridge.link.interfaces import Link
    from firmware_bridge.simulator.endpoint import DevicePort

_TURNS = 20
"""Of the event loop: what the run engine takes to decide without time passing."""
RIGS = Path(__file__).parents[2] / "examples" / "rigs"


def load(name: str) -> RigPlan:
    kinds = {each: driver.kind.value for each, driver in DRIVERS.items()}
    return load_rig(RIGS / f"{name}.toml", known_drivers=kinds, instruments=known_instruments())


class Cable:
    """A link's cable: plugged into the computer, and into each device that is on it."""

    def __init__(self, url: str, ports: dict[str, DevicePort]) -> None:
        self._url = url
        self._ports = ports
        self._ends: list[tuple[Link, LoopbackEndpoint]] = []
        self._cut = False
        self.unplugged: set[str] = set()

    def open(self) -> Link:
        if self._cut:
            raise LinkError(f"{self._url}: unplugged")
        near, far = loopback_pair(self._url)
        self._ends = [(far, LoopbackEndpoint(far, self))]
        return near

    def feed(self, chunk: bytes) -> bytes:
        plugged = [port for name, port in self._ports.items() if name not in self.unplugged]
        return b"".join(port.feed(chunk) for port in plugged)

    def pump(self) -> None:
        for _, end in self._ends:
            # Closed by the driver, which opens it again.
            with suppress(LinkError):
                end.pump()

    def cut(self, *, cut: bool) -> None:
        self._cut = cut
        if cut and self._ends:
            self._ends.pop()[0].close()


class RunBench:
    """A rig with its service, at the moment that it is ready."""

    def __init__(self, folder: Path, name: str) -> None:
        self.plan = load(name)
        self.period_s = 1.0 / self.plan.rate_hz
        assert self.plan.twin is not None
        self.simulation = simulate(self.plan.twin, self.plan)
        self.cables = {link.name: self._cable(link.name, link.url) for link in self.plan.links}
        hardware = assemble(
            self.plan,
            lambda device, told: find_board_driver(device.driver).make(self.cables[device.link].open, told),
            lambda link: self.cables[link.name].open,
            self.let,
        )
        self.wire = Wire()
        wire: Any = self.wire
        self.control = ControlProcess(self.plan, hardware, wire, wire, 1)
        self.events: list[str] = []
        board = StatusBoard(
            lambda events: self.events.extend(f"{each.event.subject}: {each.event.text}" for each in events)
        )
        self.wire.ticked, self.wire.told = self._requested, board.take
        self.reactor = RemoteReactor(self.plan, self, wire, wire, board)
        self.spectrometry = self._spectrometer()
        self.reactor.spectrometry = self.spectrometry
        self.journal = Journal(folder / "journal.sqlite", wall_s=self.now_s)
        self.journal._connection.execute("PRAGMA synchronous = OFF")
        self.runs = RunEngine(self.reactor, self.journal, poll_s=0.0)
        self.pass_time(5.0)
        assert self.reactor.snapshot().state is ReactorState.READY, self.events

    def close(self) -> None:
        self.control.go_safe()
        self.spectrometry.close()
        self.journal.close()

    def now_s(self) -> float:
        """The reactor's clock."""
        return self.control.time_s

    async def sleep(self, duration_s: float) -> None:
        until_s = self.now_s() + duration_s
        while self.now_s() < until_s - 1e-9:
            self.tick()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        yield

    def let(self, seconds: float) -> None:
        """Let the world go on for so long."""
        for cable in self.cables.values():
            cable.pump()
        self.simulation.rig.advance(seconds)
        for cable in self.cables.values():
            cable.pump()

    def tick(self, mail: list[Any] | None = None) -> None:
        self.let(self.period_s)
        self.control.tick(self.period_s, mail or [])

    def pass_time(self, duration_s: float) -> None:
        for _ in range(round(duration_s / self.period_s)):
            self.tick()

    async def until(self, condition: Callable[[], Any], within_s: float) -> None:
        """Let time pass, for the run and everybody else, until a condition holds."""
        until_s = self.now_s() + within_s
        while not condition():
            assert self.now_s() < until_s, f"not so within {within_s} s: {self.active}; {self.events[-6:]}"
            before_s = self.now_s()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            # While an exposure talks, in a thread, the world stands still.
            if self.now_s() == before_s and not self.spectrometry._busy.locked():
                self.tick()

    def plug(self, device: str, *, unplugged: bool) -> None:
        """Pull a device's own plug, or put it back; the cable's, when nothing else is on it."""
        link = next(each.link for each in self.plan.devices if each.name == device)
        cable = self.cables[link]
        if sum(each.link == link for each in self.plan.devices) == 1:
            cable.cut(cut=unplugged)
        elif unplugged:
            cable.unplugged.add(device)
        else:
            cable.unplugged.discard(device)

    @property
    def state(self) -> ReactorState:
        return self.reactor.snapshot().state

    @property
    def active(self) -> Run | None:
        return self.runs.active

    def is_held(self) -> bool:
        return self.active is not None and self.active.state is RunState.HELD

    def standing(self) -> list[str]:
        """Names of the alarms whose condition stands."""
        return [each.name for each in self.reactor.alarms() if each.active]

    def acts(self) -> dict[str, float]:
        """What each device does to the plant beyond its safe state; zero where it does nothing."""
        drive, bench = self.simulation.rig.board.drive, self.simulation.rig.bench
        found = {"board": max(*drive.pump_steps_s, *drive.heater_duty, drive.lamp_duty)}
        for name, twin in {} if bench is None else bench.twins.items():
            action = twin.action
            found[name] = max(abs(action.flow_ul_s), action.heat, action.light, 0.0)
        names = {each.name for each in self.plan.devices}
        return {name: value for name, value in found.items() if name in names}

    def _requested(self, _dt_s: float, mail: list[Any]) -> None:
        self.tick(mail)

    def _cable(self, link: str, url: str) -> Cable:
        port = url.removeprefix(TWIN)
        bench = self.simulation.rig.bench
        here = [each.name for each in self.plan.devices if each.link == link]
        if bench is not None and port in bench.ports:
            return Cable(url, {name: bench.twins[name] for name in here})
        return Cable(url, {here[0]: self.simulation.ports[port]})

    def _spectrometer(self) -> Spectrometry:
        assert self.plan.spectrometer is not None
        device = next(each for each in self.plan.devices if each.name == self.plan.spectrometer.device)
        cable, moments = self.cables[device.link], count()
        return Spectrometry(
            self.reactor,
            self.plan.spectrometer,
            lambda: FramedSpectrometer(
                cable.open, clock=lambda: next(moments) * 1e-3, pause=lambda _pause_s: cable.pump()
            ),
        )
