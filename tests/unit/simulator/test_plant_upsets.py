"""Bubbles, fouling, empty bottles and drift: what goes wrong in a plant by itself, and how much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics.spectrometer import Spectrometer, SpectrometerParameters
from firmware_bridge.simulator.plant.bottles import Bottles
from firmware_bridge.simulator.plant.bubbles import BubbleParameters, Bubbles
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.faults import ReagentEmpty
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.fouling import Fouling, FoulingParameters
from firmware_bridge.simulator.plant.noise import generator
from firmware_bridge.simulator.plant.platelets import PlateletProcess

HOUR_S = 3600.0
BUSY = BubbleParameters(per_hour=20.0)


def count(bubbles: Bubbles, hours: float, celsius: float, dt_s: float = 1.0, flow_ul_s: float = 5.0) -> int:
    """How many come: each is a new share of light, drawn at random."""
    seen: list[float] = []
    for _ in range(round(hours * HOUR_S / dt_s)):
        bubbles.advance(dt_s, flow_ul_s * dt_s, 0.0, celsius)
        if bubbles.scattered and (not seen or seen[-1] != bubbles.scattered):
            seen.append(bubbles.scattered)
    return len(seen)


def test_bubbles_come_more_often_from_warm_liquid() -> None:
    cold, warm = (count(Bubbles(BUSY, 85.0, seed=1), 20.0, celsius) for celsius in (25.0, 45.0))
    # Poisson: 400 in 20 h, and e^(5/3) times as many; some come while another passes.
    assert cold == pytest.approx(400, abs=80)
    assert warm > 3.5 * cold


def test_how_many_bubbles_come_does_not_depend_on_the_step() -> None:
    slow, fine = Bubbles(BUSY, 85.0, seed=2), Bubbles(BUSY, 85.0, seed=2)
    assert count(slow, 5.0, 25.0, dt_s=0.5, flow_ul_s=8.0) == count(fine, 5.0, 25.0, dt_s=0.1, flow_ul_s=8.0)


def test_a_bubble_passes_with_the_flow_and_dissolves_in_liquid_that_stands() -> None:
    for flow_ul, seconds in ((1.0, 10), (0.0, 1200)):
        bubbles = Bubbles(BubbleParameters(per_hour=0.0), 85.0, seed=3)
        while not bubbles.scattered:
            bubbles.advance(0.1, 0.5, 0.5, 25.0)
        assert 0.2 <= bubbles.scattered <= 0.7
        assert bubbles.ripple_kpa == 3.0
        for _ in range(seconds):
            bubbles.advance(1.0, flow_ul, 0.0, 25.0)
        assert bubbles.scattered == bubbles.ripple_kpa == 0.0


def test_air_of_a_dry_pump_comes_as_bubbles() -> None:
    bubbles = Bubbles(BubbleParameters(per_hour=0.0), 85.0, seed=4)
    seen = 0
    for _ in range(2000):
        bubbles.advance(1.0, 2.0, 1.0, 25.0)
        seen += bubbles.scattered > 0.0
    assert 200 < seen < 1200


@given(st.lists(st.tuples(st.floats(0.1, 600.0), st.floats(0.0, 1.0)), min_size=1, max_size=30))
def test_fouling_is_that_of_the_whole_however_it_is_cut(steps: list[tuple[float, float]]) -> None:
    whole, halves = (Fouling(FoulingParameters(), 300.0) for _ in range(2))
    for dt_s, share in steps:
        whole.advance(dt_s, [share * dt_s, (1.0 - share) * dt_s], dt_s)
        for _ in range(2):
            halves.advance(dt_s / 2, [share * dt_s / 2, (1.0 - share) * dt_s / 2], dt_s / 2)
    assert halves.resistance == pytest.approx(whole.resistance, rel=1e-9)
    assert whole.resistance >= 1.0


def test_walls_foul_by_a_percent_an_hour_and_a_flush_takes_off_the_fresh_part() -> None:
    fouling = Fouling(FoulingParameters(), 300.0)
    for _ in range(3600 * 4):
        fouling.advance(1.0, [1.0, 1.0], 2.0)
    assert fouling.resistance == pytest.approx(1.04, abs=1e-4)
    for _ in range(3600):
        fouling.advance(1.0, [5.0, 0.0], 5.0)
    flushed = fouling.resistance
    # Four time constants of hardening in which a fresh deposit builds up: e^-1 of it is still fresh.
    assert 1.0 + 0.04 * (1.0 / np.e) == pytest.approx(flushed, rel=2e-3)
    fouling.advance(1e4, [0.0, 0.0], 0.0)
    assert fouling.resistance == flushed


def platelets(seconds: float, *, running_out: tuple[tuple[int, float], ...] = (), plant: FlowPlant) -> float:
    rates = (200.0, 80.0, 100.0, 287.0)
    drive = Drive(rates, (0.0, 0.3), 0.8, running_out=running_out)
    kpa = [plant.advance(0.5, drive).pressures_kpa[0] for _ in range(round(seconds / 0.5))]
    return float(np.mean(kpa))


def test_a_plant_fouls_over_a_day() -> None:
    plant = FlowPlant(PlateletProcess(), 2)
    platelets(900.0, plant=plant)
    morning_kpa = platelets(120.0, plant=plant)
    for _ in range(8640):
        plant.advance(10.0, Drive((200.0, 80.0, 100.0, 287.0), (0.0, 0.3), 0.0))
    assert 1.12 < platelets(120.0, plant=plant) / morning_kpa < 1.3


def test_a_bottle_runs_out_and_its_pump_delivers_air() -> None:
    plant = FlowPlant(PlateletProcess(), 2)
    platelets(60.0, plant=plant)
    before = plant.dosed_ul
    platelets(600.0, plant=plant, running_out=((0, 100.0),))
    given = [after - start for after, start in zip(plant.dosed_ul, before, strict=True)]
    assert given[0] == pytest.approx(100.0, abs=1e-9)
    assert given[1] > 200.0
    assert plant.parcels().fractions[:, 0] == pytest.approx(np.zeros(8))
    # Air takes up the volume: what still flows is as thin as it was.
    assert plant.parcels().fractions[:, 1] == pytest.approx(np.full(8, 80.0 / 667.0), rel=0.03)
    starved_kpa = platelets(30.0, plant=plant, running_out=((0, 0.0),))
    platelets(600.0, plant=plant)
    assert starved_kpa < 0.8 * platelets(30.0, plant=plant)
    assert plant.parcels().fractions[:, 0] == pytest.approx(np.full(8, 200.0 / 667.0), rel=0.03)


def test_a_bottle_that_is_filled_again_counts_anew() -> None:
    bottles = Bottles()
    assert bottles.take(((1, 3.0),), [5.0, 2.0]) == [0.0, 0.0]
    assert bottles.take(((1, 3.0),), [5.0, 2.0]) == [0.0, 1.0]
    assert bottles.take((), [5.0, 2.0]) == [0.0, 0.0]
    assert not bottles.are_watched
    assert bottles.take(((1, 3.0), (4, 1.0)), [5.0, 2.5]) == [0.0, 0.0]


def test_a_bottle_cannot_hold_less_than_nothing() -> None:
    for left_ul in (-1.0, float("nan"), float("inf")):
        with pytest.raises(PlantError, match="what is left"):
            ReagentEmpty(0, left_ul)


def test_the_dark_wanders_by_a_few_percent_in_a_day() -> None:
    clear = np.ones(512)
    changes = []
    for seed in range(40):
        spectrometer = Spectrometer(SpectrometerParameters(), generator(seed, "spectrometer"))
        before = spectrometer.expected_counts(clear, 0.0, 1.0)
        spectrometer.drift(24 * HOUR_S, float(generator(seed, "draw").standard_normal()))
        after = spectrometer.expected_counts(clear, 0.0, 1.0)
        changes.append(float(np.log((after - 1500.0).mean() / (before - 1500.0).mean())))
    assert np.std(changes) == pytest.approx(0.02 * np.sqrt(24.0), rel=0.3)


def test_what_is_seen_dims_while_a_bubble_passes_and_recovers() -> None:
    plant = FlowPlant(PlateletProcess(), 2)
    platelets(60.0, plant=plant)
    clear = plant.expose(0.01, 100).mean() - 1520.0
    while not plant._bubbles.scattered:
        platelets(0.5, plant=plant, running_out=((3, 0.0),))
    dim = plant.expose(0.01, 100).mean() - 1520.0
    assert dim == pytest.approx(clear * (1.0 - plant._bubbles.scattered), rel=0.02)
    while plant._bubbles.scattered:
        platelets(0.5, plant=plant)
    assert plant.expose(0.01, 100).mean() - 1520.0 == pytest.approx(clear, rel=0.02)
