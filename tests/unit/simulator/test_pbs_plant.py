"""The twin of PbS: its two stages, its near infrared light, and the plant around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import dot_growth
from firmware_bridge.simulator.chemistry.dots import Dots
from firmware_bridge.simulator.chemistry.lead_sulfide import UNIT_NM3, Feed, Stage, SulfideGrowth
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics import lead_sulfide
from firmware_bridge.simulator.optics.confinement import lead_sulfide_gap_ev
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.pbs import SulfideProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

ONE = np.ones(1)
NM = np.linspace(700.0, 1900.0, 4001)
WORK = Drive((200.0, 100.0, 55.0, 35.0, 280.0), (0.42, 0.33), 0.8, (), (0.6, 0.9))
HEAT = st.floats(15.0, 180.0)
SHARE = st.floats(0.0, 1.0)


def made(
    *,
    lead: float = 30.0,
    sulfur: float = 4.0,
    acid: float = 80.0,
    wet: float = 0.2,
    amine: float = 30.0,
    injection_c: float = 115.0,
    growth_c: float = 85.0,
    growth_s: float = 90.0,
    mixing_s: float = 0.5,
) -> tuple[Dots, float]:
    feed = Feed(ONE * lead, ONE * sulfur, ONE * acid, ONE * amine, ONE * wet, ONE * mixing_s)
    dots, quantum_yield = SulfideGrowth().react(
        feed, Stage(ONE * injection_c, ONE * 9.0), Stage(ONE * growth_c, ONE * growth_s)
    )
    return dots, float(quantum_yield[0])


def dots_of(diameter_nm: float, relative: float = 0.05) -> Dots:
    radius_nm, nothing = diameter_nm / 2.0, 0.0 * ONE
    sigma_nm = relative * radius_nm
    solid = 4.0 / 3.0 * np.pi * (radius_nm**3 + 3.0 * radius_nm * sigma_nm**2) / UNIT_NM3 * 5e-3
    return Dots(nothing, nothing, nothing, solid * ONE, 5e-3 * ONE, 5e-3 * sigma_nm**2 * ONE, UNIT_NM3)


def run(plant: FlowPlant, seconds: float, dt_s: float) -> None:
    for _ in range(round(seconds / dt_s)):
        plant.advance(dt_s, WORK)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.0, 60.0),
    st.floats(0.0, 30.0),
    st.floats(0.0, 400.0),
    SHARE,
    st.floats(0.0, 400.0),
    HEAT,
    HEAT,
)
def test_lead_and_sulfur_are_neither_made_nor_lost(
    lead: float, sulfur: float, acid: float, wet: float, amine: float, injection_c: float, growth_c: float
) -> None:
    dots, quantum_yield = made(
        lead=lead, sulfur=sulfur, acid=acid, wet=wet, amine=amine, injection_c=injection_c, growth_c=growth_c
    )
    held = dots.monomer_mol_m3 + dots.solid_mol_m3
    assert dots.cation_mol_m3 + held == pytest.approx(lead, rel=1e-9, abs=1e-12)
    assert dots.anion_mol_m3 + held == pytest.approx(sulfur, rel=1e-9, abs=1e-12)
    assert 0.0 <= quantum_yield <= 0.6


@pytest.mark.parametrize(("injection_c", "growth_c"), [(90.0, 70.0), (115.0, 85.0), (140.0, 110.0)])
def test_halving_the_steps_changes_the_dots_by_less_than_half_a_percent(
    injection_c: float, growth_c: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse, _ = made(injection_c=injection_c, growth_c=growth_c)
    monkeypatch.setattr(dot_growth, "_TOLERANCE", dot_growth._TOLERANCE / 8.0)
    fine, _ = made(injection_c=injection_c, growth_c=growth_c)
    assert coarse.radius_nm == pytest.approx(fine.radius_nm, rel=0.005)
    assert coarse.solid_mol_m3 == pytest.approx(fine.solid_mol_m3, rel=0.005)


def test_what_has_not_been_degassed_glows_less_and_is_less_uniform() -> None:
    (dry, bright), (wet, dim) = made(wet=0.0), made(wet=0.8)
    assert dim < 0.6 * bright
    assert wet.sigma_nm / wet.radius_nm > dry.sigma_nm / dry.radius_nm


def test_slower_mixing_finds_each_nucleus_in_other_liquid() -> None:
    (quick, _), (slow, _) = made(mixing_s=0.1), made(mixing_s=2.0)
    assert slow.sigma_nm / slow.radius_nm > 1.2 * quick.sigma_nm / quick.radius_nm
    assert slow.dots_mol_m3 == pytest.approx(quick.dots_mol_m3, rel=0.1)


def test_dots_nucleate_in_the_mixer_and_grow_behind_it() -> None:
    (nuclei, _), (grown, _) = made(growth_s=0.0), made()
    assert nuclei.dots_mol_m3 == pytest.approx(grown.dots_mol_m3, rel=0.2)
    assert grown.solid_mol_m3 > 1.3 * nuclei.solid_mol_m3


@pytest.mark.parametrize("diameter_nm", [3.0, 4.5, 6.0])
def test_uniform_dots_absorb_first_where_the_sizing_curve_says(diameter_nm: float) -> None:
    gap_nm = 1239.842 / float(lead_sulfide_gap_ev(np.array(diameter_nm)))
    dots = dots_of(diameter_nm, 1e-6)
    around = np.abs(NM - gap_nm) < 60.0
    (seen,) = lead_sulfide.absorbances(dots, NM, 1e-3)
    assert NM[around][seen[around].argmax()] == pytest.approx(gap_nm, rel=0.01)
    emitted = lead_sulfide.emission(dots, 0.3 * ONE, ONE, NM, 1e-3, 780.0)
    assert NM[emitted.argmax()] > gap_nm
    taken = 1.0 - 10.0 ** -float(lead_sulfide.absorbances(dots, np.array([780.0]), 1e-3)[0, 0])
    assert float(np.trapezoid(emitted, NM)) == pytest.approx(0.3 * taken, rel=0.02)


def test_at_400_nm_dots_absorb_by_their_volume() -> None:
    """0.0233 cm2/nmol d^3, d in nm: Moreels et al., ACS Nano 3, 3023 (2009)."""
    at_400 = np.array([400.0])
    for diameter_nm in (3.0, 5.0, 7.0):
        (seen,) = lead_sulfide.absorbances(dots_of(diameter_nm), at_400, 1e-2)
        # 5 umol/L in 10 mm.
        assert seen[0] == pytest.approx(0.0233 * diameter_nm**3 * 5.0, rel=0.02)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    process = SulfideProcess()
    plant = FlowPlant(process, 5)
    run(plant, 1500.0, 0.5)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    assert 90.0 < thermal.mixer_c < 140.0
    assert 70.0 < thermal.reactor_c < 110.0
    shares = tuple(flow / total for flow in flows)
    operation = Operation(shares, 60.0 * total, thermal.mixer_c, thermal.reactor_c, marks=(0.9,))
    expected = process.emission(steady_parcels(process, operation))
    assert np.abs(process.emission(plant.parcels()) - expected).max() < 0.02 * expected.max()


def test_halving_the_step_changes_the_emission_by_less_than_half_a_percent() -> None:
    def after(dt_s: float) -> np.ndarray:
        plant = FlowPlant(SulfideProcess(), 2)
        run(plant, 400.0, dt_s)
        return SulfideProcess().emission(plant.parcels())

    coarse, fine = after(0.2), after(0.1)
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


def test_a_rinsed_plant_neither_absorbs_nor_emits() -> None:
    process = SulfideProcess()
    parcels = FlowPlant(process, 1).parcels()
    assert float(np.abs(process.absorbance(parcels)).max()) == 0.0
    assert float(np.abs(process.emission(parcels)).max()) == 0.0
