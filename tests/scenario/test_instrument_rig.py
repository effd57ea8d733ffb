"""A rig made of instruments under the real control process: safe when one goes, usable when it is back."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from controller.config.rig import parse_rig
from controller.domain import plain
from controller.domain.commands import Command, EmergencyStop, Reply, Request, Reset, SetTargets
from controller.domain.readings import ReactorState
from controller.equipment.drivers import known_instruments
from controller.equipment.hardware import assemble
from controller.processes.simulation import simulate
from controller.processes.tick import ControlProcess
from controller.runtime.mailbox import MAX_DATAGRAM, MailboxServer
from controller.runtime.snapshots import SnapshotReader, SnapshotWriter
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from controller.domain.plan import LinkPlan

PUMPS = ("agno3", "pva", "citrate", "seed", "reductant")
HEAD = """\
[rig]
name = "pumps"
rate = "50 Hz"
[reactor]
volume = "60 uL"
[twin]
synthesis = "silver"
[twin.piping]
agno3 = "pump.0"
pva = "pump.1"
citrate = "pump.2"
seed = "pump.3"
reductant = "pump.4"
[links.a]
url = "twin:a"
[links.b]
url = "twin:b"
[interlocks.seed_lost]
kind = "board_lost"
device = "seed"
delay = "0.5 s"
[flows.feed]
fractions = {agno3 = "pump.agno3", seed = "pump.seed"}
"""
PUMP = """\
[devices.{name}]
driver = "new-era"
link = "{link}"
address = "{address:02}"
syringe = "BD Plastic 10 mL"
[channels."pump.{name}"]
device = "{name}"
signal = "flow"
unit = "uL/min"
range = ["0 uL/min", "1000 uL/min"]
safe = "0 uL/min"
"""
TEXT = HEAD + "".join(
    PUMP.format(name=name, link="b" if name == "seed" else "a", address=index)
    for index, name in enumerate(PUMPS)
)


class Bench:
    """Control on twins, on injected time."""

    def __init__(self, folder: Path) -> None:
        self.plan = parse_rig(TEXT, "rig.toml", {"ostwald-board": "board"}, instruments=known_instruments())
        assert self.plan.twin is not None
        self.period_s = 1.0 / self.plan.rate_hz
        self.simulation = simulate(self.plan.twin, self.plan)
        self.cut: set[str] = set()
        self.ends: dict[str, tuple[Any, LoopbackEndpoint]] = {}
        hardware = assemble(self.plan, lambda *_: pytest.fail("there is no board"), self.opener, self.let)
        self.mailbox = MailboxServer(folder / "mailbox")
        self.writer = SnapshotWriter(folder / "snapshots", len(self.plan.channels), 1)
        self.snapshots = SnapshotReader(folder / "snapshots")
        self.process = ControlProcess(self.plan, hardware, self.mailbox, self.writer, 1)
        self.client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.client.connect(str(folder / "mailbox"))
        self.client.setblocking(False)
        self.said: list[dict[str, Any]] = []

    def opener(self, link: LinkPlan):
        name = link.url.removeprefix("twin:")

        def open_link():
            if name in self.cut:
                raise LinkError(f"{link.url}: unplugged")
            near, far = loopback_pair(link.url)
            self.ends[name] = (far, LoopbackEndpoint(far, self.simulation.ports[name]))
            return near

        return open_link

    def let(self, seconds: float) -> None:
        """Let time pass for the far ends."""
        for _, end in self.ends.values():
            end.pump()
        self.simulation.rig.advance(seconds)

    def tick(self) -> None:
        self.let(self.period_s)
        self.process.tick(self.period_s, self.mailbox.receive())
        while True:
            try:
                self.said.append(json.loads(self.client.recv(MAX_DATAGRAM)))
            except BlockingIOError:
                return

    def until(self, condition: Callable[[], bool], within_s: float) -> None:
        for _ in range(round(within_s / self.period_s)):
            if condition():
                return
            self.tick()
        pytest.fail(f"not so within {within_s} s: {self.state.name}, {self.flows()}, {self.events()[-5:]}")

    def ask(self, command: Command) -> Reply:
        request = plain.to_plain(Request(command, "chemist", ""))
        self.client.send(json.dumps({"op": "request", "id": 1, "request": request}).encode())
        self.said.clear()
        self.tick()
        answer = next(each for each in self.said if each.get("id") == 1)
        return Reply(answer["refused"], answer["detail"])

    def plug(self, name: str, *, cut: bool) -> None:
        if cut:
            self.cut.add(name)
            self.ends.pop(name)[0].close()
        else:
            self.cut.discard(name)

    @property
    def state(self) -> ReactorState:
        return self.process._state.state

    def flows(self) -> dict[str, float]:
        assert self.simulation.rig.bench is not None
        twins = self.simulation.rig.bench.twins
        return {name: round(twins[name].action.flow_ul_s * 60.0, 3) for name in PUMPS}

    def events(self) -> list[str]:
        return [f"{each.event.subject}: {each.event.text}" for each in self.process._events]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.until(lambda: made.state is ReactorState.READY, 5.0)
    yield made
    made.process.go_safe()
    for owned in (made.mailbox, made.writer, made.snapshots, made.client):
        owned.close()


AT_WORK = {
    "pump.pva": 100.0,
    "pump.citrate": 50.0,
    "feed.total": 200.0,
    "feed.agno3": 0.25,
    "feed.seed": 0.75,
}
FLOWS = {"agno3": 50.0, "pva": 100.0, "citrate": 50.0, "seed": 150.0, "reductant": 0.0}


def test_flows_asked_of_pumps_on_two_lines_flow(bench: Bench):
    assert not bench.ask(SetTargets(AT_WORK)).refused
    bench.until(lambda: bench.flows() == FLOWS, 5.0)


def test_an_emergency_stop_stops_every_pump_within_half_a_second(bench: Bench):
    bench.ask(SetTargets(AT_WORK))
    bench.until(lambda: bench.flows() == FLOWS, 5.0)
    bench.ask(EmergencyStop("spill"))
    bench.until(lambda: not any(bench.flows().values()), 0.5)
    bench.ask(Reset())
    bench.until(lambda: bench.state is ReactorState.READY, 2.0)
    assert not any(bench.flows().values())


@pytest.mark.parametrize("line", ["a", "b"])
def test_each_line_in_turn_unplugged_makes_the_rest_safe_and_comes_back(bench: Bench, line: str):
    bench.ask(SetTargets(AT_WORK))
    bench.until(lambda: bench.flows() == FLOWS, 5.0)
    bench.plug(line, cut=True)
    others = [name for name in PUMPS if (name == "seed") != (line == "b")]
    bench.until(lambda: not any(bench.flows()[name] for name in others), 1.0)
    assert bench.state is not ReactorState.READY
    # The pumps of the cut line stop by their own watchdog, of 5 s unless said otherwise.
    bench.until(lambda: not any(bench.flows().values()), 6.0)
    bench.until(lambda: any("unplugged" in each for each in bench.events()), 2.0)
    bench.plug(line, cut=False)
    if line == "b":
        bench.until(lambda: bench.state is ReactorState.TRIPPED, 1.0)
        bench.until(lambda: not bench.ask(Reset()).refused, 5.0)
    bench.until(lambda: bench.state is ReactorState.READY, 5.0)
    assert not any(bench.flows().values()), "nothing flows again by itself"
    bench.ask(SetTargets(AT_WORK))
    bench.until(lambda: bench.flows() == FLOWS, 5.0)


def test_a_pump_that_stalls_makes_all_safe_and_is_told_by_name(bench: Bench):
    bench.ask(SetTargets(AT_WORK))
    bench.until(lambda: bench.flows() == FLOWS, 5.0)
    assert bench.simulation.rig.bench is not None
    bench.simulation.rig.bench.twins["pva"].stall()  # type: ignore[attr-defined]
    bench.until(lambda: not any(bench.flows().values()), 1.5)


def test_the_end_of_control_stops_every_pump(bench: Bench):
    bench.ask(SetTargets(AT_WORK))
    bench.until(lambda: bench.flows() == FLOWS, 5.0)
    bench.process.go_safe()
    assert not any(bench.flows().values())
