"""The real control process on a simulated bench, in one process and on injected time.

Everything between a request and the twin's pins is what runs on a device: mailbox, `step`, drivers, frames,
snapshots, recorder, pins. A tick of the bench lets the world move by one period, then control act on it.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from controller.config.rig import parse_rig
from controller.domain.commands import Command, Reply, SetTargets
from controller.domain.readings import ReactorState
from controller.equipment.boards import Boards
from controller.equipment.pins import Pins, open_chip
from controller.processes.tick import ControlProcess
from controller.runtime.mailbox import MailboxServer
from controller.runtime.recorder import Recorder, RingReader
from controller.runtime.snapshots import SnapshotReader, SnapshotWriter
from firmware_bridge.devices.registry import DRIVERS, find_board_driver
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.chip import SimulatedChip
from firmware_bridge.simulator.endpoint import DevicePort, LoopbackEndpoint
from firmware_bridge.simulator.faults import FaultyPort, LineFaults
from firmware_bridge.simulator.plant.faults import HeaterSupplyOff
from firmware_bridge.simulator.rig import SimulatedRig
from firmware_bridge.simulator.syntheses import build
from tests.scenario.service_end import ServiceEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.control.state import ControlState
    from controller.domain.plan import ChannelPlan, RigPlan
    from controller.domain.readings import Snapshot
    from firmware_bridge.simulator.interfaces import Plant

RIGS = Path(__file__).parent / "rigs"
ROUNDING = 1e-4
"""Of a channel's range: what the wire's whole numbers may be off by."""
AT_WORK = {
    "reactor.temperature": 40.0,
    "mixer.temperature": 40.0,
    "feed.total": 300.0,
    "feed.agno3": 0.2,
    "feed.citrate": 0.3,
    "feed.seed": 0.5,
    "pump.pva": 20.0,
    "lamp.power": 50.0,
    "mixer.voltage": 30.0,
    "piezo.frequency": 200.0,
}


@cache
def rig_of(*names: str) -> RigPlan:
    """Read the bench and the named files of interlocks as one rig file."""
    text = "\n".join((RIGS / f"{name}.toml").read_text() for name in ("bench", *names))
    kinds = {name: driver.kind.value for name, driver in DRIVERS.items()}
    return parse_rig(text, "+".join(("bench", *names)), kinds)


@cache
def _new_plant(seed: int) -> Plant:
    return build("silver", seed)


class Bench:
    """A rig under control; `rig` is its far end, `chip` the far end of the pins.

    What a test judges is `outputs`: what the board's pins do to the plant, in the units of the channels.
    """

    def __init__(self, folder: Path, plan: RigPlan) -> None:
        self.plan = plan
        self.period_s = 1.0 / plan.rate_hz
        self.rig = SimulatedRig(copy.deepcopy(_new_plant(7)), seed=7)
        self.faults = self.rig.faults
        self.service = ServiceEnd(folder / "mailbox")
        self.records: list[tuple[int, int, bytes]] = []
        self.boots = 0
        self._folder = folder
        self._port: DevicePort = self.rig.board_port
        self._line: LoopbackEndpoint | None = None
        self._near: Link | None = None
        self._far: Link | None = None
        self._cut = False
        self._process: ControlProcess | None = None
        assert plan.pins is not None
        open_chip(plan.pins, folder / "pins").setmode(SimulatedChip.BCM)
        self.chip = SimulatedChip(folder / "pins")
        self._snapshots = SnapshotReader(folder / "snapshots")
        self.start_control()
        self.service.connect()

    @property
    def time_s(self) -> float:
        """The world's time: it goes on while control is dead."""
        return self.rig.time_s

    def tick(self) -> None:
        """Let the wire carry what waits, the plant move by one period, and control act."""
        if self._line is not None:
            self._line.pump()
        if isinstance(self._port, FaultyPort):
            self._port.advance(self.period_s)
        self._switch_supply()
        self.rig.advance(self.period_s)
        if self._process is not None:
            self._process.tick(self.period_s, self._mailbox.receive())
        self.service.listen()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / self.period_s)):
            self.tick()

    def until(self, condition: Callable[[], bool], within_s: float) -> float:
        """Tick until the condition holds and return how long that took; fail when it takes longer."""
        begin_s = self.time_s
        while not condition():
            assert self.time_s - begin_s <= within_s, f"not so within {within_s} s: {self.last_words()}"
            self.tick()
        return self.time_s - begin_s

    @property
    def process(self) -> ControlProcess:
        assert self._process is not None, "control is not running"
        return self._process

    @property
    def control(self) -> ControlState:
        return self.process._state

    @property
    def state(self) -> ReactorState:
        return self.control.state

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshots.newest()

    def is_in(self, state: ReactorState) -> bool:
        return self.state is state

    def reads(self, channel: str) -> float:
        return self.snapshot.values[self._index(channel)]

    @property
    def outputs(self) -> dict[str, float]:
        """What the board's pins do, by the names and in the units of the channels."""
        drive = self.rig.board.drive
        rows = {
            "pump": drive.pump_steps_s,
            "heater": drive.heater_duty,
            "lamp": (drive.lamp_duty,),
            "frequency": drive.frequency_hz,
            "duty": drive.duty,
        }
        found = {}
        for channel in self.actuators:
            kind, _, number = channel.signal.partition(".")
            found[channel.name] = (rows[kind][int(number or 0)] - channel.offset) / channel.scale
        return found

    @property
    def actuators(self) -> tuple[ChannelPlan, ...]:
        return tuple(channel for channel in self.plan.channels if channel.is_actuator)

    def is_safe(self, *names: str) -> bool:
        """Whether these outputs, or all of them, are at their safe values at the board."""
        outputs = self.outputs
        return all(
            abs(outputs[each.name] - (each.safe_value or 0.0)) <= ROUNDING * (each.high - each.low)
            for each in self.actuators
            if not names or each.name in names
        )

    @property
    def tripped(self) -> list[str]:
        """Names of the interlocks that have tripped, as the snapshot shows them."""
        trips = self.snapshot.trips
        return [rule.name for bit, rule in enumerate(self.plan.interlocks) if trips >> bit & 1]

    @property
    def line_is_whole(self) -> bool:
        """Whether the board's cable is plugged in and says both ways what it is told."""
        return self._line is not None and self._port is self.rig.board_port and not self.faults.board_mute

    @property
    def board_is_ready(self) -> bool:
        """Whether control and board have come to an understanding, as control sees it."""
        return all(each.state == "ready" for each in self.process._boards.health())

    @property
    def relay(self) -> bool:
        """Whether the heaters have their supply."""
        assert self.plan.pins is not None
        assert self.plan.pins.heater_relay is not None
        return self.chip.level(self.plan.pins.heater_relay.pin)

    def told(self, subject: str) -> list[str]:
        """Return what the event log says of a subject, oldest first."""
        return [each.event.text for each in self.service.events if each.event.subject == subject]

    def last_words(self) -> str:
        logged = [
            f"{each.time_s:.2f} s {each.event.subject}: {each.event.text}"
            for each in self.service.events[-5:]
        ]
        said = "; ".join(logged)
        return f"{self.state.name}, {self.control.reason or 'no reason'}; {said}"

    def ask(self, command: Command, actor: str = "chemist", lease: str = "") -> Reply:
        """Say it, let one tick pass, and return what control answers."""
        number = self.service.post(command, actor, lease)
        self.tick()
        return self.service.take_answer(number)

    def cut(self) -> None:
        """Unplug the board's cable."""
        self._cut = True
        if self._far is not None:
            self._far.close()
        self._far = self._line = None

    def mend(self) -> None:
        """Plug it in again; on a good line."""
        self._cut = False
        self._port = self.rig.board_port
        self._plug()

    def damage(self, faults: LineFaults, seed: int = 1) -> None:
        self._port = FaultyPort(self.rig.board_port, faults, seed=seed)
        self._plug()

    def press_stop_pin(self, pressed: bool | None = True) -> None:
        """Press or release the button on the pins; None cuts its wire."""
        self.chip.drive(self._stop_pin, pressed)

    @property
    def stop_pin_is_pressed(self) -> bool:
        return self.chip.level(self._stop_pin)

    def start_control(self) -> None:
        """Boot control anew, on the same hardware."""
        plan, self.boots = self.plan, self.boots + 1
        assert plan.pins is not None
        pins = Pins(plan.pins, open_chip(plan.pins, self._folder / "pins"))
        boards = Boards(plan, lambda device, told: find_board_driver(device.driver).make(self._open, told))
        self._mailbox = MailboxServer(self._folder / "mailbox")
        self._writer = SnapshotWriter(self._folder / "snapshots", len(plan.channels), self.boots)
        self._recorder = Recorder(self._folder / "recorder", len(plan.channels), boards.count, self.boots)
        self._ring = RingReader(self._folder / "recorder")
        self._process = ControlProcess(
            plan, boards, self._mailbox, self._writer, self.boots, pins=pins, recorder=self._recorder
        )

    def kill_control(self) -> None:
        """Let control die as by SIGKILL: its lines close, its pins stay as they are."""
        self.drain()
        self._process = None
        if self._near is not None:
            self._near.close()
        self._line = self._far = self._near = None
        for owned in (self._mailbox, self._writer, self._recorder, self._ring):
            owned.close()
        self.service.disconnect()

    def stop_control(self) -> None:
        """End control in order; its last words still arrive."""
        self.process.go_safe()
        if self._far is not None:
            # Closed, and nothing waits in it, when control had let go of it before.
            with suppress(LinkError):
                self._port.feed(self._far.read())
        self.kill_control()

    def close(self) -> None:
        if self._process is not None:
            self.stop_control()
        self._snapshots.close()
        self.chip.close()

    def drain(self) -> None:
        """Take from the flight recorder what it holds: boot, kind and body of each record."""
        found, lost = self._ring.read()
        assert not lost, "drain more often"
        self.records += [(self.boots, kind, body) for kind, body in found]

    @property
    def _stop_pin(self) -> int:
        assert self.plan.pins is not None
        assert self.plan.pins.stop is not None
        return self.plan.pins.stop.pin

    def _index(self, channel: str) -> int:
        return next(index for index, each in enumerate(self.plan.channels) if each.name == channel)

    def _open(self) -> Link:
        if self._cut:
            raise LinkError("twin:board: unplugged")
        near, far = loopback_pair("twin:board")
        self._near, self._far = near, far
        self._plug()
        return near

    def _plug(self) -> None:
        self._line = None if self._far is None else LoopbackEndpoint(self._far, self._port)

    def _switch_supply(self) -> None:
        """The relay on the pins is in the heaters' supply."""
        if self.relay:
            self.faults.clear(HeaterSupplyOff())
        else:
            self.faults.set(HeaterSupplyOff())


def running(folder: Path, *rigs: str) -> Bench:
    """Return a bench at work: it heats, pumps and shines, and no output is at its safe value."""
    bench = Bench(folder, rig_of(*rigs))
    bench.until(lambda: bench.is_in(ReactorState.READY), 1.0)
    reply = bench.ask(SetTargets(AT_WORK))
    assert not reply.refused, reply.detail
    bench.run(4.0)
    for each in bench.actuators:
        assert not bench.is_safe(each.name), f"{each.name} does nothing"
    assert bench.relay
    return bench
