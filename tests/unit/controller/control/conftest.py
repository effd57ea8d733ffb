"""A bench for loops: six channels, the loops of a test, a plant behind them, and what `step` does around."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

from controller.control import loop_commands, loops
from controller.control.loop_model import compile_loops
from controller.control.loop_state import LoopState, initial
from controller.control.ramps import approach
from controller.domain.commands import DONE, Reply
from controller.domain.plan import ChannelPlan, LoopPlan, ReactorPlan, RigPlan
from controller.domain.readings import Quality

if TYPE_CHECKING:
    from controller.control.loop_commands import LoopCommand
    from controller.domain.events import Event

SENSORS = ("reactor", "jacket", "room")
ACTUATORS = ("heater", "cooler", "pump")
INDEX = {name: index for index, name in enumerate(SENSORS + ACTUATORS)}
Plant = Callable[["Bench"], None]


class Bench:
    """Sensors read 0 to 100 degC, actuators give 0 to 100 %; `forced` is what an interlock would hold."""

    def __init__(self, *plans: LoopPlan, rates_per_s: Mapping[str, float], plant: Plant, dt_s: float) -> None:
        channels = [ChannelPlan(name, "board", name, "degC", 0.0, 100.0) for name in SENSORS]
        for name in ACTUATORS:
            rate = rates_per_s.get(name, 0.0)
            channels.append(
                ChannelPlan(name, "board", name, "%", 0.0, 100.0, safe_value=0.0, rate_limit_per_s=rate)
            )
        reactor = ReactorPlan(volume_ul=100.0, dead_volume_ul=10.0)
        plan = RigPlan("bench", 1.0 / dt_s, 10.0, reactor, (), (), tuple(channels), loops=plans)
        self.channels, self.plant, self.dt_s = channels, plant, dt_s
        self.model = compile_loops(plan)
        self.states = initial(self.model)
        self.values = [20.0] * 3 + [math.nan] * 3
        self.qualities = [int(Quality.GOOD)] * 6
        self.outputs = [math.nan] * 3 + [0.0] * 3
        self.forced: dict[str, float] = {}
        self.events: list[Event] = []

    def tick(self, count: int = 1) -> float:
        """Go on for some ticks; return what the heater gives then."""
        for _ in range(count):
            wanted = [math.nan] * 3 + [0.0] * 3
            self.states, events = loops.drive(
                self.model, self.states, self.values, self.qualities, wanted, self.outputs, self.dt_s
            )
            self.events += events
            for index in range(3, 6):
                limit = self.channels[index].rate_limit_per_s
                self.outputs[index] = approach(self.outputs[index], wanted[index], limit, self.dt_s)
                assert 0.0 <= self.outputs[index] <= 100.0
            for name, value in self.forced.items():
                self.outputs[INDEX[name]] = value
            self.plant(self)
        return self.output("heater")

    def run(self, duration_s: float) -> list[float]:
        """Go on for a while; return what the reactor reads on the way."""
        path = []
        for _ in range(round(duration_s / self.dt_s)):
            self.tick()
            path.append(self.reading("reactor"))
        return path

    def reading(self, sensor: str) -> float:
        return self.values[INDEX[sensor]]

    def show(self, sensor: str, value: float) -> None:
        self.values[INDEX[sensor]] = value

    def blind(self, sensor: str, quality: Quality = Quality.STALE) -> None:
        self.qualities[INDEX[sensor]] = int(quality)

    def output(self, actuator: str) -> float:
        return self.outputs[INDEX[actuator]]

    def hold(self, actuator: str, value: float) -> None:
        """Let an actuator stand somewhere before the loops begin."""
        self.outputs[INDEX[actuator]] = value

    def state(self, loop: str) -> LoopState:
        return self.states[self.model.by_name[loop]]

    def ask(self, command: LoopCommand) -> Reply:
        self.states, reply, events = loop_commands.take(
            self.model, self.states, command, self.values, self.qualities, self.outputs
        )
        self.events += events
        return reply

    def do(self, command: LoopCommand) -> None:
        assert self.ask(command) == DONE

    def try_aim(self, loop: str, value: float) -> Reply:
        self.states, reply = loop_commands.aim(
            self.model, self.states, self.model.by_name[loop], value, self.values, self.qualities
        )
        return reply

    def aim(self, loop: str, value: float) -> None:
        assert self.try_aim(loop, value) == DONE

    def told(self) -> str:
        """Return what the events said, in a line."""
        return "; ".join(f"{event.subject}: {event.text}" for event in self.events)


class Lag:
    """First order with dead time: `gain` per %, of one actuator less that of another, around a base.

    A sensor that the loops do not touch may disturb it, by its distance from 20 degC.
    """

    def __init__(
        self,
        gain: float,
        lag_s: float,
        dead_time_s: float = 0.0,
        *,
        base: float = 20.0,
        sensor: str = "reactor",
        drive: Mapping[str, float] | None = None,
    ) -> None:
        self.gain, self.lag_s, self.base, self.sensor = gain, lag_s, base, sensor
        self.drive = drive or {"heater": 1.0}
        self.dead_time_s = dead_time_s
        self.line: deque[float] = deque()

    def __call__(self, bench: Bench) -> None:
        self.line.append(sum(share * self._source(bench, name) for name, share in self.drive.items()))
        wanted = round(self.dead_time_s / bench.dt_s) + 1
        push = self.line.popleft() if len(self.line) >= wanted else 0.0
        settled = self.base + self.gain * push
        here = bench.reading(self.sensor)
        bench.show(self.sensor, settled + (here - settled) * math.exp(-bench.dt_s / self.lag_s))

    @staticmethod
    def _source(bench: Bench, name: str) -> float:
        return bench.output(name) if name in ACTUATORS else bench.reading(name) - 20.0


def _still(_bench: Bench) -> None:
    """A plant that does not answer: the test says what the sensors read."""


@pytest.fixture(scope="session")
def loop_bench():
    """Make a bench: `loop_bench(loop, ..., rates_per_s={}, plant=lag(...), dt_s=0.1)`."""

    def make(*plans, rates_per_s=None, plant=_still, dt_s=0.1):
        return Bench(*plans, rates_per_s=rates_per_s or {}, plant=plant, dt_s=dt_s)

    return make


@pytest.fixture(scope="session")
def lag():
    """Make a first-order plant with dead time: `lag(gain, lag_s, dead_time_s, base=20.0)`."""
    return Lag


@pytest.fixture(scope="session")
def heating():
    """A loop from the reactor's temperature to the heater."""
    return LoopPlan("heat", "reactor", "heater", gain=4.0, integral_s=50.0, derivative_s=0.0, ramp_per_s=1.0)


@pytest.fixture(scope="session")
def cascade():
    """The reactor's temperature drives the jacket's setpoint, the jacket's loop the heater."""
    outer = LoopPlan("outer", "reactor", "jacket", 2.0, 60.0, 0.0, ramp_per_s=0.5)
    return outer, LoopPlan("inner", "jacket", "heater", 8.0, 10.0, 0.0, ramp_per_s=2.0)
