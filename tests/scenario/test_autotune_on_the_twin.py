"""The loops of the silver twin's rig file tune themselves, through control, boards and frames, and step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.config.rig import parse_rig
from controller.control.fotdp import TwoLags, lambda_tuning
from controller.domain.commands import DONE, EndAutotune, Retune, SetTargets, StartAutotune
from controller.domain.readings import ReactorState
from firmware_bridge.devices.registry import DRIVERS
from firmware_bridge.simulator.plant.heat import ThermalParameters
from tests.scenario.bench import Bench, rig_of

RIG = Path(__file__).parents[2] / "examples" / "rigs" / "silver-twin.toml"
FROM_C, TO_C = 40.0, 50.0
BAND_C = 0.02 * (TO_C - FROM_C)
REST_S, WATCHED_S = 300.0, 200.0


def true_model(thermal: ThermalParameters) -> TwoLags:
    """Return a zone without flow, and the sensor behind it."""
    loss_w_k = thermal.zone_to_base_w_k + thermal.zone_to_ambient_w_k + thermal.zone_to_zone_w_k
    return TwoLags(
        thermal.heater_w / 100.0 / loss_w_k,
        thermal.zone_j_k / loss_w_k,
        thermal.sensor_lag_s,
        thermal.heater_delay_s,
    )


class Tuned:
    """The bench with the example's rig file, and one of its loops."""

    def __init__(self, bench: Bench, loop: str) -> None:
        self.bench, self.loop = bench, loop
        self.number = [each.name for each in bench.plan.loops].index(loop)
        self.sensor = bench.plan.loops[self.number].sensor

    @property
    def state(self):
        return self.bench.control.loops[self.number]

    def do(self, command) -> None:
        reply = self.bench.ask(command)
        assert reply == DONE, reply.detail

    def run(self, duration_s: float) -> list[float]:
        """Go on; return what the sensor reads on the way."""
        path_c = []
        for _ in range(round(duration_s / self.bench.period_s)):
            self.bench.tick()
            path_c.append(self.bench.reads(self.sensor))
        # The flight recorder holds some minutes.
        self.bench.drain()
        return path_c

    def step(self) -> tuple[float, float]:
        """Return overshoot, as a share of the step, and settling time."""
        self.do(SetTargets({self.sensor: FROM_C}))
        rest_c = self.run(REST_S)[-1]
        assert abs(rest_c - FROM_C) < BAND_C
        self.do(SetTargets({self.sensor: TO_C}))
        path_c = self.run(WATCHED_S)
        outside = [tick for tick, value_c in enumerate(path_c) if abs(value_c - TO_C) > BAND_C]
        assert outside[-1] + 1 < len(path_c), "never settles"
        return (max(path_c) - TO_C) / (TO_C - FROM_C), (outside[-1] + 1) * self.bench.period_s


@pytest.fixture(params=["mixer", "reactor"])
def tuned(request, tmp_path):
    kinds = {name: driver.kind.value for name, driver in DRIVERS.items()}
    plan = parse_rig(RIG.read_text(encoding="utf-8"), RIG.name, kinds)
    # The bench's relay and stop button; the example has none.
    pins = rig_of().pins
    assert pins is not None
    bench = Bench(tmp_path, replace(plan, pins=replace(pins, inputs=())))
    bench.until(lambda: bench.is_in(ReactorState.READY), 2.0)
    yield Tuned(bench, request.param)
    bench.close()


def test_a_loop_tunes_itself_on_the_twin_and_steps_as_the_ideal_does(tuned):
    tuned.do(SetTargets({tuned.sensor: FROM_C}))
    tuned.run(REST_S)
    tuned.do(StartAutotune(tuned.loop, 0.5 * (FROM_C + TO_C), 20.0))
    while tuned.state.autotune is not None:
        tuned.run(50.0)
        assert tuned.bench.time_s < 1500.0
    assert tuned.state.proposal is not None, tuned.state.problem
    tuned.do(EndAutotune(tuned.loop, accept=True))

    overshoot, settling_s = tuned.step()
    ideal = lambda_tuning(true_model(ThermalParameters()).reduced(), tuned.bench.period_s)
    tuned.do(Retune(tuned.loop, *ideal, 0.0))
    _, ideal_settling_s = tuned.step()

    assert overshoot < 0.05
    assert settling_s <= 1.3 * ideal_settling_s
    assert tuned.bench.is_in(ReactorState.READY), tuned.bench.last_words()
