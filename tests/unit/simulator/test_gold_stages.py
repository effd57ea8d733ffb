"""Gold in three stages: the chemistry of each, its light, and the seeds that it hands on."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import overgrowth, spheres
from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.gold_octahedra import OctahedronGrowth
from firmware_bridge.simulator.chemistry.gold_rods import RodGrowth
from firmware_bridge.simulator.chemistry.gold_spheres import SphereGrowth
from firmware_bridge.simulator.chemistry.overgrowth import SeedStock
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics import octahedron
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.optics.elongated import ElongatedOptics
from firmware_bridge.simulator.optics.octahedron import (
    EDGE_PER_RADIUS,
    MODES,
    octahedron_extinction_per_volume,
)
from firmware_bridge.simulator.optics.spheroid import rod_extinction_per_volume
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.gold_stages import GoldRodsProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from firmware_bridge.simulator.twins import gold_octahedra, gold_rods, gold_spheres
from firmware_bridge.simulator.twins.designs import design

ONE = np.ones(1)
SEED = SeedStock(2e19, 5.0, 5.0, 0.16)
RODS = (SeedStock(2e17, 10.0, 30.0, 0.16), SeedStock(5e16, 12.0, 12.0, 0.16))
NM = np.linspace(400.0, 800.0, 801)
shares = st.floats(0.0, 0.24)
times = st.one_of(st.floats(0.0, 600.0), st.floats(0.0, 1e5))


def mix(*named: float) -> np.ndarray:
    return np.array([[*named, 1.0 - sum(named)]])


@settings(max_examples=40, deadline=None)
@given(shares, shares, shares, st.floats(10.0, 80.0), times)
def test_spheres_hold_the_gold_that_is_gone(
    gold: float, reductant: float, surfactant: float, celsius: float, time_s: float
) -> None:
    made = SphereGrowth()
    fractions = mix(gold, reductant, surfactant)
    grown = made.grow(fractions, ONE * celsius, ONE * time_s)
    held = grown.precursor_mol_m3 + grown.solid_mol_m3(GOLD_M3_MOL)
    assert held == pytest.approx(made.gold_mol_m3(fractions), rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(shares, shares, shares, shares, st.floats(10.0, 80.0), times)
def test_rods_neither_make_nor_lose_gold(
    gold: float, silver: float, ascorbate: float, seeds: float, celsius: float, time_s: float
) -> None:
    made = RodGrowth(SEED)
    fractions = mix(gold, silver, ascorbate, seeds)
    rods = made.grow(fractions, ONE * celsius, ONE * time_s)
    left = rods.grown.gold_left_mol_m3
    held = left + rods.rods_mol_m3 + rods.round_mol_m3 + rods.nuclei_mol_m3
    assert held == pytest.approx(made.gold_mol_m3(fractions), rel=1e-9, abs=1e-12)
    assert left.min() > -1e-6
    assert (rods.length_nm >= rods.width_nm).all()


@settings(max_examples=40, deadline=None)
@given(shares, shares, shares, shares, st.floats(10.0, 80.0), times)
def test_octahedra_neither_make_nor_lose_gold(
    gold: float, ascorbate: float, surfactant: float, seeds: float, celsius: float, time_s: float
) -> None:
    made = OctahedronGrowth(RODS)
    fractions = mix(gold, ascorbate, surfactant, seeds)
    grown = made.grow(fractions, ONE * celsius, ONE * time_s)
    left = grown.grown.gold_left_mol_m3
    held = left + grown.solid_mol_m3.sum(axis=0) + grown.nuclei_mol_m3
    assert held == pytest.approx(made.gold_mol_m3(fractions), rel=1e-9, abs=1e-12)
    assert left.min() > -1e-6
    assert (grown.length_nm >= grown.width_nm * (1.0 - 1e-12)).all()
    assert ((grown.faceted >= 0.0) & (grown.faceted < 1.0)).all()


def test_the_integrations_have_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[float]:
        ball = SphereGrowth().grow(mix(0.2, 0.2, 0.2), ONE * 35.0, ONE * 60.0)
        rods = RodGrowth(SEED).grow(mix(0.4, 0.1, 0.3, 0.02), ONE * 45.0, ONE * 150.0)
        faced = OctahedronGrowth(RODS).grow(mix(0.3, 0.2, 0.15, 0.05), ONE * 45.0, ONE * 150.0)
        return [
            *spheres.moments(ball, ONE),
            *(float(each[0]) for each in (rods.length_nm, rods.width_nm, rods.nuclei_mol_m3)),
            *(float(each[0]) for each in (faced.width_nm[0], faced.nuclei_mol_m3)),
        ]

    coarse = found()
    monkeypatch.setattr(spheres, "_STEPS", 80)
    monkeypatch.setattr(overgrowth, "_LEAST_STEPS", 80)
    monkeypatch.setattr(overgrowth, "_TURNS_A_STEP", 0.75)
    assert coarse == pytest.approx(found(), rel=0.005)


def test_without_acid_to_spare_no_gold_comes_down() -> None:
    # As much acid as turns Au(III) into Au(I), and none that reduces that.
    rods = RodGrowth(SEED).grow(mix(0.3, 0.1, 0.05, 0.05), ONE * 40.0, ONE * 300.0)
    assert rods.length_nm == pytest.approx([SEED.length_nm])


def test_without_silver_seeds_stay_round() -> None:
    rods = RodGrowth(SEED).grow(mix(0.4, 0.0, 0.3, 0.05), ONE * 30.0, ONE * 120.0)
    assert rods.aspect == pytest.approx([1.0])
    assert rods.rods_mol_m3 == pytest.approx([0.0])


def test_larger_seeds_give_rods_of_lower_aspect_ratio() -> None:
    aspects = [
        RodGrowth(SeedStock(2e19, nm, nm, 0.16))
        .grow(mix(0.4, 0.08, 0.3, 0.04), ONE * 30.0, ONE * 200.0)
        .aspect[0]
        for nm in (3.0, 5.0, 8.0)
    ]
    assert aspects[0] > aspects[1] > aspects[2] > 1.0


def test_long_seeds_end_nearly_as_long_as_wide() -> None:
    grown = OctahedronGrowth(RODS).grow(mix(0.4, 0.2, 0.15, 0.03), ONE * 30.0, ONE * 400.0)
    assert grown.length_nm[0] / grown.width_nm[0] < 1.1


def test_the_modes_give_the_published_polarisabilities() -> None:
    assert sum(c for c, _ in MODES) == pytest.approx(1.0)
    assert sum(c * n for c, n in MODES) == pytest.approx(1.0 / 3.0, abs=1e-6)
    assert sum(c / n for c, n in MODES) == pytest.approx(3.5507, abs=1e-4)
    assert sum(c / (n - 1.0) for c, n in MODES) == pytest.approx(-1.5871, abs=1e-4)


def test_a_body_with_a_spheres_one_mode_absorbs_as_a_spheroid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octahedron, "MODES", ((1.0, 1.0 / 3.0),))
    monkeypatch.setattr(octahedron, "_PATH_PER_EDGE", 4.0 / 3.0 / EDGE_PER_RADIUS)
    ours = octahedron_extinction_per_volume(NM, 12.0, np.array(1.0))
    assert ours == pytest.approx(rod_extinction_per_volume(NM, 12.0, np.array(1.0)), rel=1e-3)


def test_octahedra_absorb_further_in_the_red_than_spheres_and_the_more_so_the_larger() -> None:
    def peak_nm(extinction: np.ndarray) -> float:
        return float(NM[extinction.argmax()])

    octahedra = [
        peak_nm(octahedron_extinction_per_volume(NM, edge / EDGE_PER_RADIUS, np.array(1.0)))
        for edge in (16.0, 40.0, 77.0)
    ]
    assert octahedra[0] < octahedra[1] < octahedra[2]
    assert peak_nm(rod_extinction_per_volume(NM, 77.0 / EDGE_PER_RADIUS, np.array(1.0), GOLD)) < octahedra[2]
    assert octahedra[0] > 530.0


@pytest.mark.parametrize("shape", [rod_extinction_per_volume, octahedron_extinction_per_volume])
def test_a_tabulated_population_equals_the_integral_over_it(shape) -> None:
    spread, aspect, radius_nm = 0.12, 2.6, 11.3
    seen = ElongatedOptics(NM, shape).extinction_per_mm(
        ONE * 1e-6, ONE * radius_nm, ONE * aspect, ONE * spread
    )
    away = np.linspace(-4.0, 4.0, 161)
    weight = np.exp(-0.5 * away**2)
    each = shape(NM, radius_nm, (aspect * np.exp(spread * away))[:, None])
    expected = weight @ each / weight.sum() * 1e-6 * 1e6
    assert np.abs(seen - expected).max() < 0.01 * expected.max()


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = GoldRodsProcess(gold_spheres.seeds())
    plant = FlowPlant(process, 5)
    drive = Drive((175.0, 30.0, 150.0, 20.0, 125.0), (0.0, 0.2), 0.8)
    for _ in range(1600):
        plant.advance(0.5, drive)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    fractions = tuple(flow / total for flow in flows)
    operation = Operation(fractions, 60.0 * total, thermal.mixer_c, thermal.reactor_c)
    expected = process.absorbance(steady_parcels(process, operation))
    assert expected.max() > 0.3
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()


def test_seeds_hold_the_gold_and_the_number_of_the_product_before() -> None:
    seed = gold_spheres.seeds()
    product = gold_spheres.GoldSpheresModel().settle(gold_spheres.SEEDS_FROM).properties
    assert seed.gold_mol_m3 == pytest.approx(
        gold_spheres.SEEDS_FROM["gold"] / 100.0 * product["conversion"], rel=1e-6
    )
    assert product["diameter"] < seed.width_nm < 1.1 * product["diameter"]
    rods, balls = gold_rods.seeds()
    product = gold_rods.GoldRodsModel().settle(gold_rods.SEEDS_FROM).properties
    assert rods.length_nm / rods.width_nm == pytest.approx(product["aspect_ratio"])
    assert rods.length_nm == pytest.approx(product["length"], rel=0.02)
    in_rods = rods.gold_mol_m3 / (rods.gold_mol_m3 + balls.gold_mol_m3)
    assert in_rods == pytest.approx(product["rod_yield"], rel=1e-6)


def test_another_first_stage_makes_another_second() -> None:
    fine, coarse = (
        gold_rods.GoldRodsModel(
            gold_spheres.GoldSpheresModel().seeds({**gold_spheres.SEEDS_FROM, "surfactant": share})
        )
        for share in (39.5, 5.0)
    )
    typical = gold_rods.TWIN.typical()
    assert coarse.settle(typical).properties["width"] > 1.2 * fine.settle(typical).properties["width"]


@pytest.mark.parametrize(("stage", "name"), [(gold_spheres, "fwhm"), (gold_rods, "peak_wavelength")])
def test_seeds_come_from_where_the_stages_campaign_settles(stage, name: str) -> None:
    objective = tomllib.loads(stage.TWIN.campaign_files[0].read_text())["objectives"][name]
    target, tolerance = (float(objective[key].split()[0]) for key in ("target", "tolerance"))
    model = stage.TWIN.model()

    def score(conditions) -> float:
        found = model.settle(conditions).properties
        return float(abs(found[name] - target) / tolerance - 0.5 * found["absorbance"])

    best = min(score(point) for point in design(stage.TWIN, "sobol", 128, seed=1))
    assert abs(model.settle(stage.SEEDS_FROM).properties[name] - target) < tolerance
    assert score(stage.SEEDS_FROM) < best


def test_where_nothing_has_grown_an_octahedron_has_no_edge() -> None:
    outcome = gold_octahedra.GoldOctahedraModel().settle(
        {**gold_octahedra.TWIN.typical(), "ascorbate": 1.0, "gold": 40.0}
    )
    assert np.isnan(outcome.properties["edge"])
    assert outcome.properties["octahedron_yield"] == 0.0
