from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.simulator.optics.peak import main_peak
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.nanoprism_model import Conditions
from firmware_bridge.simulator.plant.nanoprisms import NanoprismPlant
from firmware_bridge.simulator.syntheses import SYNTHESES, SynthesisError, build

TYPICAL = Conditions(20.0, 22.0, 8.0, 8.0, 500.0, reactor_c=40.0)
WARM = (0.3, 0.6)


@pytest.fixture(scope="module")
def rested() -> NanoprismPlant:
    """Never driven: for steady states only."""
    return NanoprismPlant(0)


def drive(conditions: Conditions, heaters: tuple[float, float] = WARM, lamp: float = 0.8) -> Drive:
    steps_s = tuple(share * conditions.total_ul_min / 60.0 * 200.0 for share in conditions.fractions)
    return Drive((*steps_s, 0.0), heaters, lamp)


def run(plant: NanoprismPlant, seconds: float, dt_s: float = 0.1, asked: Drive | None = None) -> Sensed:
    asked = asked or drive(TYPICAL)
    for _ in range(round(seconds / dt_s)):
        sensed = plant.advance(dt_s, asked)
    return sensed


def peak_nm(plant: NanoprismPlant, **changes: float) -> float:
    return plant.steady(replace(TYPICAL, **changes)).peak.peak_nm


def test_clear_water_fills_the_cell_at_first() -> None:
    plant = NanoprismPlant(1)
    assert plant.absorbance() == pytest.approx(np.zeros(512), abs=1e-12)
    run(plant, 2.0)
    assert plant.absorbance().max() < 1e-9


def test_a_new_condition_shows_once_the_dead_volume_is_displaced() -> None:
    plant = NanoprismPlant(1)
    run(plant, 300.0)
    before = main_peak(plant.wavelengths_nm, plant.absorbance()).peak_nm
    redder = drive(replace(TYPICAL, seed_pct=3.0))
    run(plant, 2.0, asked=redder)
    assert main_peak(plant.wavelengths_nm, plant.absorbance()).peak_nm == pytest.approx(before, abs=0.7)
    run(plant, 3.0 * plant.facts.dead_volume_ul / TYPICAL.total_ul_min * 60.0, asked=redder)
    settled = main_peak(plant.wavelengths_nm, plant.absorbance()).peak_nm
    assert settled > before + 20.0
    run(plant, 60.0, asked=redder)
    assert main_peak(plant.wavelengths_nm, plant.absorbance()).peak_nm == pytest.approx(settled, abs=2.5)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    plant = NanoprismPlant(5)
    run(plant, 900.0, dt_s=0.5)
    thermal = plant._thermal
    true_ul = [pump._flow_ul_s * 60.0 for pump in plant._pumps]
    total = sum(true_ul)
    silver, pva, citrate, seed, _ = (100.0 * flow / total for flow in true_ul)
    there = Conditions(silver, pva, citrate, seed, total, thermal.reactor_c, thermal.mixer_c)
    expected, seen = plant.steady(there).absorbance, plant.absorbance()
    assert np.abs(seen - expected).max() < 0.02 * expected.max()


def test_halving_the_step_changes_the_product_by_less_than_half_a_percent() -> None:
    def after(dt_s: float) -> np.ndarray:
        plant = NanoprismPlant(2)
        run(plant, 40.0, dt_s)
        run(plant, 20.0, dt_s, drive(replace(TYPICAL, citrate_pct=4.0), heaters=(0.2, 0.9)))
        return plant.absorbance()

    coarse, fine = after(0.2), after(0.1)
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


def test_all_liquid_that_enters_is_in_the_tubes_or_has_left() -> None:
    plant = NanoprismPlant(3)
    run(plant, 30.0)
    run(plant, 20.0, 0.37, drive(replace(TYPICAL, seed_pct=2.0, total_ul_min=900.0)))
    run(plant, 10.0, 0.013)
    dosed = plant.dosed_ul
    assert plant._history.volume_ul == pytest.approx(sum(dosed), rel=1e-9)
    held = np.sum([parcel.streams_ul for parcel in plant._mixer._parcels], axis=0)
    bins = plant._history._bins
    assert len(bins) < plant._history._most_bins
    passed = np.sum([inflow.streams_ul for inflow in bins], axis=0)
    assert passed + np.append(held, 0.0) == pytest.approx(np.array(dosed), rel=1e-9)


def test_equal_seeds_and_calls_give_equal_bits() -> None:
    first, second, other = NanoprismPlant(11), NanoprismPlant(11), NanoprismPlant(12)
    sensed = [run(plant, 30.0) for plant in (first, second, other)]
    counts = [plant.expose(0.01, 5) for plant in (first, second, other)]
    assert sensed[0] == sensed[1] != sensed[2]
    assert np.array_equal(counts[0], counts[1])
    assert not np.array_equal(counts[0], counts[2])


def test_looking_does_not_change_the_plant() -> None:
    watched, alone = NanoprismPlant(4), NanoprismPlant(4)
    for _ in range(20):
        watched.expose(0.01, 2)
        assert run(watched, 1.0) == run(alone, 1.0)
    assert np.array_equal(watched.absorbance(), alone.absorbance())


def test_liquid_that_stands_still_reacts_on() -> None:
    plant = NanoprismPlant(1)
    fast = drive(replace(TYPICAL, total_ul_min=980.0), heaters=(0.0, 0.0))
    run(plant, 60.0, asked=fast)
    flowing = plant.absorbance().max()
    run(plant, 120.0, asked=Drive((0.0,) * 6, (0.0, 0.0), 0.8))
    assert plant.absorbance().max() > 1.05 * flowing
    run(plant, 20_000.0, 10.0, asked=Drive((0.0,) * 6, (0.0, 0.0), 0.8))
    assert np.isfinite(plant.absorbance()).all()


def test_any_single_pump_alone_is_harmless() -> None:
    for axis in range(6):
        plant = NanoprismPlant(1)
        rates = tuple(1500.0 if pump == axis else 0.0 for pump in range(6))
        run(plant, 60.0, asked=Drive(rates, WARM, 0.8))
        assert np.isfinite(plant.expose(0.01, 1)).all()


def test_the_absorbance_seen_through_counts_is_the_true_one() -> None:
    plant = NanoprismPlant(6)
    run(plant, 30.0, asked=Drive((0.0,) * 6, WARM, 0.0))
    dark = plant.expose(0.01, 500)
    run(plant, 3.0, asked=Drive((0.0,) * 6, WARM, 0.8))
    reference = plant.expose(0.01, 500)
    run(plant, 120.0)
    seen = -np.log10((plant.expose(0.01, 500) - dark) / (reference - dark))
    assert np.abs(seen - plant.absorbance()).max() < 0.02


def test_pressure_follows_flow_and_pva() -> None:
    def pressure_kpa(conditions: Conditions) -> float:
        return float(np.mean([run(plant, 0.1, asked=drive(conditions)).pressures_kpa[0] for _ in range(100)]))

    plant = NanoprismPlant(1)
    run(plant, 900.0, dt_s=0.5)
    base = pressure_kpa(TYPICAL)
    run(plant, 120.0, asked=drive(replace(TYPICAL, total_ul_min=980.0)))
    assert pressure_kpa(replace(TYPICAL, total_ul_min=980.0)) > 1.7 * base
    thick = replace(TYPICAL, pva_pct=39.0)
    run(plant, 120.0, asked=drive(thick))
    assert base * 1.03 < pressure_kpa(thick) < plant.facts.safe_pressure_kpa


def test_the_published_flows_keep_below_half_the_safe_pressure(rested: NanoprismPlant) -> None:
    plant = NanoprismPlant(1)
    worst = Conditions(20.0, 40.0, 20.0, 10.0, 983.0, 20.0)
    sensed = run(plant, 60.0, asked=drive(worst, heaters=(0.0, 0.0)))
    assert sensed.pressures_kpa[0] < 0.5 * rested.facts.safe_pressure_kpa
    assert sensed.pressures_kpa[1] == 0.0


def test_citrate_silver_and_scarce_seeds_shift_the_band_to_the_red(rested: NanoprismPlant) -> None:
    assert (
        peak_nm(rested, citrate_pct=2.0)
        < peak_nm(rested, citrate_pct=6.0)
        < peak_nm(rested, citrate_pct=20.0)
    )
    assert peak_nm(rested, agno3_pct=6.0) < peak_nm(rested, agno3_pct=12.0) < peak_nm(rested, agno3_pct=24.0)
    assert peak_nm(rested, seed_pct=16.0) < peak_nm(rested, seed_pct=8.0) < peak_nm(rested, seed_pct=4.0)


def test_pva_and_heat_shift_the_band_to_the_blue(rested: NanoprismPlant) -> None:
    assert peak_nm(rested, pva_pct=36.0) < peak_nm(rested, pva_pct=12.0)
    assert peak_nm(rested, reactor_c=60.0) < peak_nm(rested, reactor_c=35.0)


def test_secondary_nucleation_costs_the_band_its_shape(rested: NanoprismPlant) -> None:
    clean, dirty = (
        rested.steady(Conditions(30.0, 15.0, 10.0, seed, 500.0, reactor_c=60.0)) for seed in (8.0, 0.8)
    )
    assert clean.sphere_share < 0.1
    assert dirty.sphere_share > 0.3
    violet = np.searchsorted(clean.wavelengths_nm, 395.0)
    assert (
        dirty.absorbance[violet] / dirty.absorbance.max()
        > 3.0 * clean.absorbance[violet] / clean.absorbance.max()
    )


def test_faster_flow_leaves_silver_unreduced(rested: NanoprismPlant) -> None:
    conversions = [
        rested.steady(replace(TYPICAL, total_ul_min=flow, reactor_c=25.0)).conversion
        for flow in (200.0, 500.0, 983.0)
    ]
    assert conversions == sorted(conversions, reverse=True)
    assert conversions[0] - conversions[-1] > 0.1


def published_domain(count: int) -> list[Conditions]:
    generator = np.random.default_rng(8)
    low = np.array([4.5, 10.0, 0.5, 0.5, 200.0, 20.0])
    high = np.array([42.8, 40.0, 30.5, 19.5, 983.0, 60.0])
    points = low + (high - low) * generator.random((3 * count, 6))
    return [Conditions(*point) for point in points.tolist() if sum(point[:4]) <= 92.0][:count]


def test_most_of_the_published_domain_shows_one_clear_band(rested: NanoprismPlant) -> None:
    peaks = [rested.steady(conditions).peak for conditions in published_domain(150)]
    clear = [p for p in peaks if p.fwhm_nm < 100.0 and p.peak_nm > 415.0 and p.height > 0.1]
    assert len(clear) > 0.8 * len(peaks)
    assert min(p.peak_nm for p in clear) < 440.0
    assert max(p.peak_nm for p in clear) > 580.0


def test_conditions_without_meaning_are_refused_with_their_reason() -> None:
    with pytest.raises(PlantError, match="sum to at most 100"):
        Conditions(60.0, 30.0, 20.0, 5.0, 500.0, 40.0)
    with pytest.raises(PlantError, match="must each be 0 to 100"):
        Conditions(math.nan, 30.0, 20.0, 5.0, 500.0, 40.0)
    with pytest.raises(PlantError, match="total flow"):
        Conditions(10.0, 30.0, 20.0, 5.0, 0.0, 40.0)
    with pytest.raises(PlantError, match="water"):
        Conditions(10.0, 30.0, 20.0, 5.0, 500.0, 140.0)


@pytest.mark.parametrize(
    ("dt_s", "asked"),
    [
        (0.0, drive(TYPICAL)),
        (math.nan, drive(TYPICAL)),
        (0.1, Drive((1.0,) * 4, (0.0, 0.0), 0.5)),
        (0.1, Drive((1.0,) * 6, (0.0,), 0.5)),
        (0.1, Drive((math.nan,) * 6, (0.0, 0.0), 0.5)),
        (0.1, Drive((1.0,) * 6, (0.0, 1.5), 0.5)),
        (0.1, Drive((1.0,) * 6, (0.0, 0.0), math.nan)),
        (0.1, Drive((1.0,) * 6, (0.0, 0.0), 0.5, resistance=math.nan)),
        (0.1, Drive((1.0,) * 6, (0.0, 0.0), 0.5, lost_share=1.1)),
    ],
)
def test_an_impossible_drive_is_refused(rested: NanoprismPlant, dt_s: float, asked: Drive) -> None:
    with pytest.raises(PlantError):
        rested.advance(dt_s, asked)


def test_an_impossible_exposure_is_refused(rested: NanoprismPlant) -> None:
    for integration_s, scans in ((0.0, 1), (math.nan, 1), (0.01, 0), (0.01, 10_000)):
        with pytest.raises(PlantError):
            rested.expose(integration_s, scans)


def test_syntheses_are_built_by_name() -> None:
    for name in SYNTHESES:
        assert build(name, 1).wavelengths_nm.shape == (512,)
    with pytest.raises(SynthesisError, match=r"unknown synthesis 'gold'; known: .*gold-light"):
        build("gold", 1)
