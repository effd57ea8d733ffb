"""Control as it is, ticked by a clock that jumps, before a board that does at once what it is told."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING, Any

from controller.campaign.mandate import Mandate
from controller.campaign.recipes import parse_recipe
from controller.campaign.runner import RunEngine
from controller.domain.commands import HoldLease, ReleaseLease
from controller.domain.conditions import Limits
from controller.domain.errors import ControllerError, Kind
from controller.domain.modes import TABLE
from controller.domain.plan import (
    ChannelPlan,
    FlowGroupPlan,
    FlowMember,
    InterlockPlan,
    LoopPlan,
    ReactorPlan,
    ReagentPlan,
    RigPlan,
    SpectrometerPlan,
)
from controller.domain.readings import Features, Inputs, Quality, Spectrum
from controller.equipment.reactor import RemoteReactor, StatusBoard
from controller.processes.tick import ControlProcess
from controller.storage.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from controller.domain.modes import State
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Recipe
    from controller.domain.run import Run

BOOT = 7
ANN, BOB = "ann@bench", "bob@desk"
TICK_S = 0.5
PLAN = RigPlan(
    name="bench",
    rate_hz=50.0,
    orphan_hold_s=10.0,
    reactor=ReactorPlan(80.0, 20.0),
    links=(),
    devices=(),
    channels=(
        ChannelPlan("reactor.temperature", "board", "temperature.0", "degC", 0.0, 100.0),
        ChannelPlan("reactor.heater", "board", "heater.0", "%", 0.0, 100.0, safe_value=0.0),
        ChannelPlan("pump.silver", "board", "pump.0", "uL/min", 0.0, 1000.0, safe_value=0.0),
        ChannelPlan("pump.water", "board", "pump.1", "uL/min", 0.0, 1000.0, safe_value=0.0),
        ChannelPlan("lamp.power", "board", "lamp", "%", 0.0, 100.0, safe_value=0.0),
    ),
    loops=(LoopPlan("heat", "reactor.temperature", "reactor.heater", 1.0, 10.0, 0.0, 0.0),),
    interlocks=(
        InterlockPlan("hot", Limits("reactor.temperature", high=85.0)),
        InterlockPlan(
            "warm", Limits("reactor.temperature", high=70.0), latching=False, forces=("lamp.power",)
        ),
    ),
    reagents=(ReagentPlan("silver", "pump.silver", "1 mM"), ReagentPlan("water", "pump.water", "pure")),
    spectrometer=SpectrometerPlan("spectrometer", "lamp.power", 80.0, 0.1, 4, 400.0, 800.0),
)
RECIPE = """
[recipe]
name = "silver"

[parameters.total]
unit = "uL/min"
low = 100.0
high = 900.0
default = 600.0

[parameters.silver]
unit = "%"
low = 0.0
high = 50.0
default = 20.0

[parameters.temperature]
unit = "degC"
low = 20.0
high = 60.0
default = 40.0

[[steps]]
flush = {reagent = "water", volumes = 1, total = "600 uL/min"}

[[steps]]
acquire = {kind = "dark"}

[[steps]]
acquire = {kind = "reference"}

[[steps]]
set = {"reactor.temperature" = "$temperature"}

[[steps]]
flows = {total = "$total", fractions = {silver = "$silver"}, balance = "water"}

[[steps]]
wait_steady = {washouts = 2, tolerance = "1 nm", window = "16 s", timeout = "2 min"}

[[steps]]
dwell = {time = "5 s"}

[[steps]]
acquire = {kind = "sample"}
"""


def recipe(text: str = RECIPE, plan: RigPlan = PLAN) -> Recipe:
    return parse_recipe(text, plan)


class Hardware:
    """A board whose pumps deliver what is asked, and whose sensors read what a test says."""

    def __init__(self, plan: RigPlan) -> None:
        self._plan = plan
        self.outputs = tuple(0.0 if each.is_actuator else nan for each in plan.channels)
        self.reads = {each.name: 25.0 for each in plan.channels if not each.is_actuator}
        self.blocked: set[str] = set()
        self.stop_pressed = False
        self.lost = False

    def read(self, _now_s: float, *, service_alive: bool) -> Inputs:
        values = [
            self.reads.get(each.name, 0.0 if each.name in self.blocked else output)
            for each, output in zip(self._plan.channels, self.outputs, strict=True)
        ]
        good = (int(Quality.GOOD),) * len(values)
        return Inputs(tuple(values), good, not self.lost, "", self.stop_pressed, service_alive, (self.lost,))

    def write(self, outputs: tuple[float, ...], _now_s: float, **_flags: bool) -> None:
        self.outputs = outputs

    def health(self) -> tuple[()]:
        return ()


class Wire:
    """Mailbox and snapshot ring in one: a request takes a tick, as it does in the control process."""

    connected = True
    accepted = 1

    def __init__(self) -> None:
        self.gone = False
        self.ticked: Callable[[float, list[Any]], None] = lambda _dt_s, _mail: None
        self.told: Callable[[Any], None] = lambda _message: None
        self._reply: Any = None
        self._snapshot: Snapshot | None = None

    def send(self, _client: object, message: object) -> None:
        self._reply = message

    def broadcast(self, message: object) -> None:
        self.told(message)

    def publish(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def newest(self) -> Snapshot:
        self._refuse_gone()
        assert self._snapshot is not None
        return self._snapshot

    async def request(self, message: dict[str, object]) -> Any:
        self._refuse_gone()
        self.ticked(0.02, [(None, message)])
        answer = self._reply
        await asyncio.sleep(0)
        return answer

    def _refuse_gone(self) -> None:
        if self.gone:
            raise ControllerError("control is gone", reason="CONTROL_GONE", kind=Kind.UNAVAILABLE)


class JumpingClock:
    """Who sleeps lets the others go on after each tick, and wakes without a second having passed."""

    def __init__(self, control: ControlProcess) -> None:
        self._control = control
        self.participants = 0

    def now_s(self) -> float:
        return self._control.time_s

    async def sleep(self, duration_s: float) -> None:
        until_s = self._control.time_s + duration_s
        while (left_s := until_s - self._control.time_s) > 1e-9:
            self._control.tick(min(left_s, TICK_S), [])
            await asyncio.sleep(0)

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        self.participants += 1
        try:
            yield
        finally:
            self.participants -= 1


class Exposures:
    """A spectrometer that sees `peak_nm` once dark and reference were taken; an exposure takes 2 s.

    One that is `unplugged` is found out when it is exposed.
    """

    def __init__(self, reactor: RemoteReactor) -> None:
        self._reactor = reactor
        self.peak_nm: Callable[[], float] = lambda: 520.0
        self.taken: list[str] = []
        self.unplugged = False

    async def acquire(
        self, kind: str, *, actor: str, lease: str, scans: int | None, **_default: None
    ) -> Spectrum:
        level = 0.0 if kind == "dark" else 80.0
        await self._reactor.set({"lamp.power": level}, actor=actor, lease=lease)
        await self._reactor.clock.sleep(2.0)
        if self.unplugged:
            raise ControllerError(
                "the spectrometer does not answer", reason="SPECTROMETER_UNREACHABLE", kind=Kind.UNAVAILABLE
            )
        self.taken.append(kind)
        features = Features(self.peak_nm(), 60.0, 0.5) if kind == "sample" else None
        number = f"s{len(self.taken)}"
        now_s = self._reactor.clock.now_s()
        return Spectrum(number, kind, BOOT, now_s, 0.1, scans or 4, (500.0,), (9.0,), (), features)


class InlinePlanner(Executor):
    """A planner that has its answer at once: no thread that the turns of an event loop would race."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class SimulatedRig:
    """A rig whose control, run engine and journal are the real ones."""

    def __init__(self, folder: Path, plan: RigPlan = PLAN) -> None:
        self.plan = plan
        self.hardware, self.wire = Hardware(plan), Wire()
        hardware: Any = self.hardware
        wire: Any = self.wire
        self.control = ControlProcess(plan, hardware, wire, wire, BOOT)
        self.log: list[tuple[str, str]] = []
        board = StatusBoard(
            lambda events: self.log.extend((each.event.text, each.event.actor) for each in events)
        )
        self.wire.ticked, self.wire.told = self.control.tick, board.take
        self.clock = JumpingClock(self.control)
        self.reactor = RemoteReactor(plan, self.clock, wire, wire, board)
        self.spectrometer = Exposures(self.reactor)
        if plan.spectrometer is not None:
            spectrometry: Any = self.spectrometer
            self.reactor.spectrometry = spectrometry
        self.journal = Journal(folder / "journal.sqlite", wall_s=self.clock.now_s)
        # These tests ask what is journaled, not whether it outlives a power cut.
        self.journal._connection.execute("PRAGMA synchronous = OFF")
        self.runs = RunEngine(self.reactor, self.journal, poll_s=0.0)
        self.control.tick(TICK_S, [])

    def close(self) -> None:
        self.journal.close()

    def output(self, name: str) -> float:
        """What the board was last told."""
        return self.hardware.outputs[[each.name for each in self.plan.channels].index(name)]

    def outputs(self) -> dict[str, float]:
        return {each.name: self.output(each.name) for each in self.plan.channels if each.is_actuator}

    def setpoint(self, name: str) -> float:
        """What is asked of a channel, as the newest snapshot shows it."""
        return self.reactor.snapshot().setpoints[[each.name for each in self.plan.channels].index(name)]

    def begin(self, recipe: Recipe) -> asyncio.Task[tuple[Run, Mandate]]:
        """Begin a campaign's first trial."""
        return asyncio.create_task(
            self.runs.execute(recipe, {}, Mandate(), campaign_id="c1", trial=1, heard=lambda _run: None)
        )

    async def let_others(self) -> None:
        """Let everybody who waits go on a little."""
        await asyncio.sleep(0)

    def pass_time(self, duration_s: float) -> None:
        """Let the reactor's time pass though nobody sleeps."""
        for _ in range(round(duration_s / TICK_S)):
            self.control.tick(TICK_S, [])

    async def until(self, condition: Callable[[], Any]) -> None:
        """Let the others go on until a condition holds; a failure when it never does."""
        for _ in range(50_000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"never so; the run: {self.runs.active}")

    async def until_it(self, deed: str) -> Run:
        """Let the run go on until it does this, and a little longer."""
        await self.until(lambda: self.runs.active and self.runs.active.detail.startswith(deed))
        began_s = self.clock.now_s()
        await self.until(lambda: self.clock.now_s() >= began_s + TICK_S or self.runs.active is None)
        assert self.runs.active is not None
        return self.runs.active

    async def end(self) -> Run:
        """Let the run go on to its end; how it ended."""
        await self.until(lambda: self.runs.active is None)
        return self.runs.list(1, 0)[0]

    async def take_lease(self, holder: str, token: str, ttl_s: float = 300.0) -> None:
        await self.reactor.request(HoldLease(holder, token, ttl_s), actor=holder)

    async def give_lease_back(self, token: str) -> None:
        await self.reactor.request(ReleaseLease(token), actor="its holder")

    def told(self, run_id: str) -> list[str]:
        """The messages of a run."""
        return [event.message for event in self.journal.runs.events(run_id)]

    def states(self, run_id: str) -> list[State]:
        """The states that a run went through, in order; each move is checked against PackML's table."""
        states = [event.state for event in self.journal.runs.events(run_id)]
        moves = [(a, b) for a, b in pairwise(states) if a is not b]
        assert set(moves) <= {(state, after) for (state, _), after in TABLE.items()}
        return states[:1] + [after for _, after in moves]


def with_group(plan: RigPlan = PLAN) -> RigPlan:
    """The same rig with its pumps in one flow group."""
    computed = (
        ChannelPlan("flow.total", "", "total", "uL/min", 0.0, 2000.0),
        ChannelPlan("flow.silver", "", "fraction", "1", 0.0, 1.0),
        ChannelPlan("flow.water", "", "fraction", "1", 0.0, 1.0),
    )
    members = (FlowMember("pump.silver", "flow.silver"), FlowMember("pump.water", "flow.water"))
    group = FlowGroupPlan("flow", "flow.total", members)
    return replace(plan, channels=plan.channels + computed, flows=(group,))
