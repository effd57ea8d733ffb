"""The gold twins as running plants, and the chemistry of spheres that they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import spheres as chemistry
from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL, GoldByLight
from firmware_bridge.simulator.chemistry.gold_pulsed import GoldByPulses
from firmware_bridge.simulator.chemistry.spheres import Kinetics, grow, grow_while_mixing, moments, none_yet
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold import GoldByLightProcess, GoldByPulsesProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

KINETICS = Kinetics(GOLD_M3_MOL, 1e-3, 2e-4, 1e-5, 100.0)
ONE = np.ones(1)
LIGHT = Drive((166.7, 33.3, 133.3), (0.0, 0.0), 0.8, frequency_hz=(5000.0, 0.0), duty=(0.5, 0.0))
PULSED = Drive((1666.7, 1666.7), (0.0, 0.35), 0.8, frequency_hz=(100.0, 0.0))
every_plant = pytest.mark.parametrize(
    ("process", "drive"), [(GoldByLightProcess, LIGHT), (GoldByPulsesProcess, PULSED)]
)


def run(plant: FlowPlant, seconds: float, dt_s: float, drive: Drive) -> None:
    for _ in range(round(seconds / dt_s)):
        plant.advance(dt_s, drive)


@every_plant
def test_a_running_plant_settles_at_its_steady_state(process, drive: Drive) -> None:
    made = process()
    plant = FlowPlant(made, 5)
    run(plant, 900.0, 0.5, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    operation = Operation(
        tuple(flow / total for flow in flows),
        60.0 * total,
        thermal.mixer_c,
        thermal.reactor_c,
        made.marks(drive),
        made.met(drive),
    )
    expected = made.absorbance(steady_parcels(made, operation))
    assert expected.max() > 0.3
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()


@every_plant
def test_halving_the_step_changes_a_plants_product_by_less_than_half_a_percent(process, drive: Drive) -> None:
    def after(dt_s: float) -> np.ndarray:
        plant = FlowPlant(process(), 2)
        run(plant, 300.0, dt_s, drive)
        return plant.absorbance()

    coarse, fine = after(0.2), after(0.1)
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


@every_plant
def test_all_liquid_is_in_the_tubes_or_has_left(process, drive: Drive) -> None:
    plant = FlowPlant(process(), 3)
    run(plant, 20.0, 0.1, drive)
    run(plant, 10.0, 0.37, drive)
    bins, history = plant._history._bins, plant._history
    assert history.volume_ul == pytest.approx(sum(plant.dosed_ul), rel=1e-9)
    held = np.sum([parcel.streams_ul for parcel in plant._mixer._parcels], axis=0)
    passed = np.sum([inflow.streams_ul for inflow in bins], axis=0)
    assert passed + held == pytest.approx(np.array(plant.dosed_ul), rel=1e-9)


@every_plant
def test_a_plant_that_stands_for_a_day_stays_finite_and_keeps_its_gold(process, drive: Drive) -> None:
    made = process()
    plant = FlowPlant(made, 1)
    run(plant, 300.0, 0.5, drive)
    still = Drive((0.0,) * len(drive.pump_steps_s), (0.0, 0.0), 0.8, drive.frequency_hz, drive.duty)
    run(plant, 86400.0, 10.0, still)
    parcels = plant.parcels()
    spheres = made.spheres(parcels)
    fed = made.chemistry.gold_mol_m3(parcels.fractions)
    assert np.isfinite(plant.absorbance()).all()
    assert spheres.precursor_mol_m3 + spheres.solid_mol_m3(GOLD_M3_MOL) == pytest.approx(fed, rel=1e-9)
    assert spheres.precursor_mol_m3 == pytest.approx(0.0, abs=1e-3)


def test_equal_seeds_and_calls_give_equal_bits() -> None:
    first, second, other = (FlowPlant(GoldByLightProcess(), seed) for seed in (11, 11, 12))
    for plant in (first, second, other):
        run(plant, 30.0, 0.1, LIGHT)
    counts = [plant.expose(0.01, 5) for plant in (first, second, other)]
    assert np.array_equal(counts[0], counts[1])
    assert not np.array_equal(counts[0], counts[2])


def test_without_light_nothing_is_written() -> None:
    plant = FlowPlant(GoldByLightProcess(), 1)
    run(plant, 600.0, 0.5, Drive((166.7, 33.3, 133.3), (0.0, 0.0), 0.8))
    assert plant.absorbance().max() < 1e-6


@pytest.mark.parametrize(
    "drive",
    [
        Drive((1.0,) * 3, (0.0, 0.0), 0.5, frequency_hz=(float("nan"),)),
        Drive((1.0,) * 3, (0.0, 0.0), 0.5, duty=(1.5,)),
    ],
)
def test_an_impossible_frequency_or_duty_is_refused(drive: Drive) -> None:
    with pytest.raises(PlantError):
        FlowPlant(GoldByLightProcess(), 1).advance(0.1, drive)


def test_operations_without_meaning_are_refused() -> None:
    with pytest.raises(PlantError, match="sum to 1"):
        Operation((0.5, 0.4), 100.0, 22.0, 22.0)
    with pytest.raises(PlantError, match="total flow"):
        Operation((0.5, 0.5), 0.0, 22.0, 22.0)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
    st.floats(0.0, 1.0),
    st.floats(1.0, 20000.0),
    st.floats(1.0, 1e5),
)
def test_light_neither_makes_nor_loses_gold(
    gold: float, citrate: float, intensity: float, scan_hz: float, time_s: float
) -> None:
    made = GoldByLight()
    fractions = np.array([[gold, citrate, 0.0]])
    spheres = made.grow(fractions, ONE * intensity, ONE * scan_hz, ONE * time_s)
    held = spheres.precursor_mol_m3 + spheres.solid_mol_m3(GOLD_M3_MOL)
    assert held == pytest.approx(made.gold_mol_m3(fractions), rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 300.0), st.floats(10.0, 80.0), st.floats(0.0, 1e5))
def test_mixing_neither_makes_nor_loses_gold(
    citrate: float, switching_hz: float, celsius: float, time_s: float
) -> None:
    made = GoldByPulses()
    fractions = np.array([[1.0 - citrate, citrate]])
    spheres = made.grow(fractions, ONE * switching_hz, ONE * celsius, ONE * time_s)
    held = spheres.precursor_mol_m3 + spheres.solid_mol_m3(GOLD_M3_MOL)
    assert held == pytest.approx(made.gold_mol_m3(fractions), rel=1e-9, abs=1e-12)


def test_the_integration_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    def sizes() -> tuple[float, float]:
        made = GoldByPulses()
        spheres = made.grow(np.array([[0.5, 0.5]]), ONE * 50.0, ONE * 40.0, ONE * 40.0)
        return moments(spheres, ONE)

    coarse = sizes()
    monkeypatch.setattr(chemistry, "_STEPS", 80)
    assert coarse == pytest.approx(sizes(), rel=0.005)


def test_seeds_grow_at_the_surface_by_the_same_length_whatever_their_size() -> None:
    def no_delivery(_at_s: np.ndarray, left: np.ndarray) -> np.ndarray:
        return np.zeros_like(left)

    small, large = (chemistry.Spheres(ONE, ONE, ONE * nm, ONE * nm**2, ONE * nm**3) for nm in (5.0, 50.0))
    grown = [grow(each, KINETICS, no_delivery, ONE * 10.0) for each in (small, large)]
    rise_nm = [grown[0].moment1[0] - 5.0, grown[1].moment1[0] - 50.0]
    assert rise_nm[0] == pytest.approx(rise_nm[1], rel=1e-9)
    # So few that the precursor stays: 2 v_m k_s A t.
    assert rise_nm[0] == pytest.approx(2.0 * GOLD_M3_MOL * 2e-4 * 10.0 / 1e-9, rel=1e-9)


def test_instant_mixing_is_no_mixing_at_all() -> None:
    def delivery(_at_s: np.ndarray, left: np.ndarray) -> np.ndarray:
        return 0.1 * left

    fresh = grow(none_yet(ONE * 0.2), KINETICS, delivery, ONE * 0.3)
    mixed = grow_while_mixing(fresh, KINETICS, delivery, ONE * 1e-3, ONE * 8e-3)
    late = moments(grow(mixed, KINETICS, delivery, ONE * 50.0), ONE)
    assert late == pytest.approx(moments(grow(fresh, KINETICS, delivery, ONE * 50.0), ONE), rel=0.01)


def test_liquid_without_particles_has_no_size_and_no_spread() -> None:
    empty = none_yet(ONE)
    assert np.isnan(moments(empty, ONE)).all()
    assert empty.log_spread == pytest.approx([0.0])
