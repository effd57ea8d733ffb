"""Lipid nanoparticles: what is conserved, what mixing does, and what sizer and spectrum show of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import lipid as chemistry
from firmware_bridge.simulator.chemistry.lipid import LipidAssembly, LipidRates, Lipids, scattered
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics.clear_spheres import ClearSphereOptics
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.lipid import ChipParameters, LipidProcess
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

ONE = np.ones(1)
MIX = np.array([[0.1, 0.03, 0.07, 0.8]])
SPREAD = LipidRates().size_spread


def assembled(mixing_s: float, fractions: np.ndarray = MIX, time_s: float = 6.0) -> Lipids:
    return LipidAssembly().assemble(fractions, ONE * mixing_s, ONE * time_s)


def size(lipids: Lipids) -> tuple[float, float]:
    return scattered(lipids, ONE, SPREAD)


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.one_of(st.just(0.0), st.floats(0.0, 1.0))] * 4),
    st.floats(1e-4, 10.0),
    st.one_of(st.just(0.0), st.floats(0.0, 1e5)),
)
def test_all_lipid_is_dissolved_or_in_particles(
    parts: tuple[float, ...], mixing_s: float, time_s: float
) -> None:
    fractions = np.array([parts]) / max(sum(parts), 1.0)
    lipids = assembled(mixing_s, fractions, time_s)
    fed, _ = LipidAssembly().fed_mol_m3(fractions)
    found = lipids.dissolved_mol_m3 + lipids.pieces_mol_m3.sum(axis=1)
    assert found == pytest.approx(fed, rel=1e-9, abs=1e-12)
    assert lipids.dissolved_mol_m3.min() > -1e-12
    assert np.isfinite(lipids.diameter_nm).all()
    assert (lipids.diameter_nm > 0.0).all()


@pytest.mark.parametrize("mixing_s", [0.005, 0.05, 1.0])
def test_the_integral_over_ethanol_has_converged(mixing_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = size(assembled(mixing_s))
    monkeypatch.setattr(chemistry, "POINTS", 2 * chemistry.POINTS)
    assert coarse == pytest.approx(size(assembled(mixing_s)), rel=0.005)


def test_the_closed_solution_agrees_with_small_steps_in_time() -> None:
    """Step one piece of liquid by Euler's method, as the equations are written down."""
    alike = dataclasses.replace(LipidRates(), striation_spread=0.0)
    assembly = LipidAssembly(rates=alike)
    mixing_s, time_s, steps = 0.03, 0.4, 200_000
    made = assembly.assemble(MIX, ONE * mixing_s, ONE * time_s)
    fed, peg = (float(each[0]) for each in assembly.fed_mol_m3(MIX))
    covered_nm = float(assembly.covered_nm(np.array([peg / fed]))[0])
    diameter_nm = 1.0 / (1.0 / alike.disc_nm + 1.0 / covered_nm)
    ethanol, h = 1.0, time_s / steps
    for _ in range(steps):
        ethanol -= h * (ethanol - 0.2) / mixing_s
        soluble = alike.water_solubility_mol_m3 * 10.0 ** (alike.solubility_decades * ethanol)
        if soluble < fed / 0.2 * ethanol:
            pace = 3.0 / np.pi * alike.coalescence_m3_s * 1e27 * fed / 0.2 * alike.molar_volume_m3_mol
            gain = pace * ethanol * np.exp(ethanol / alike.ethanol_scale) * (1.0 - diameter_nm / covered_nm)
            diameter_nm = (diameter_nm**3 + h * gain) ** (1.0 / 3.0)
    assert made.diameter_nm == pytest.approx(diameter_nm, rel=0.005)


def test_particles_never_outgrow_what_their_chains_cover() -> None:
    made = assembled(5.0, time_s=1e6)
    covered_nm = LipidAssembly().covered_nm(np.array([0.06 / 2.06]))
    assert made.diameter_nm.max() <= covered_nm.max()
    assert made.diameter_nm.max() == pytest.approx(covered_nm.max(), rel=0.02)


def test_nothing_forms_without_buffer_or_without_lipid_or_before_it_is_mixed() -> None:
    for lipids in (
        assembled(0.01, np.array([[0.5, 0.2, 0.3, 0.0]])),
        assembled(0.01, np.array([[0.0, 0.0, 0.2, 0.8]])),
        assembled(10.0, time_s=0.01),
    ):
        assert lipids.solid_mol_m3 == pytest.approx([0.0], abs=1e-12)
        assert np.isnan(size(lipids)).all()


def test_light_scattering_reads_a_log_normal_as_theory_has_it() -> None:
    lipids = Lipids(ONE * 0.0, ONE, np.array([[50.0]]), np.array([[1.0]]))
    shown_nm, polydispersity = size(lipids)
    # Of a log-normal with this spread: median exp(5.5 s^2), and exp(s^2) - 1.
    median_nm = 50.0 * np.exp(-1.5 * SPREAD**2)
    assert shown_nm == pytest.approx(median_nm * np.exp(5.5 * SPREAD**2))
    assert polydispersity == pytest.approx(np.expm1(SPREAD**2))


def test_the_chip_mixes_the_faster_the_more_flows_and_by_diffusion_when_nothing_does() -> None:
    times_s = ChipParameters().mixing_s(np.array([0.0, 3.0, 10.0, 30.0]))
    assert (np.diff(times_s) < 0.0).all()
    assert times_s[0] == pytest.approx(4e-8 / (np.pi**2 * 1e-9))


def test_small_clear_spheres_scatter_as_rayleigh_found() -> None:
    nm = np.linspace(400.0, 800.0, 101)
    seen = ClearSphereOptics(nm, 1.46, 1.337).extinction_per_mm(ONE * 1e-3, np.log([20.0]), ONE * 0.01)
    slope = np.polyfit(np.log(nm), np.log(seen), 1)[0]
    assert slope == pytest.approx(-4.0, abs=0.05)
    relative = (1.46 / 1.337) ** 2
    contrast = ((relative - 1.0) / (relative + 2.0)) ** 2
    wave_per_nm = 2.0 * np.pi * 1.337 / 600.0
    expected = 1e-3 * 2.0 * contrast * wave_per_nm**4 * 10.0**3 * 1e6
    assert np.interp(600.0, nm, seen) == pytest.approx(expected, rel=0.02)


def test_the_running_plant_settles_at_its_steady_state_and_its_sizer_shows_it() -> None:
    process = LipidProcess()
    plant = FlowPlant(process, 5)
    drive = Drive((260.0, 80.0, 190.0, 2100.0), (0.0, 0.0), 0.8)
    for _ in range(600):
        shown = plant.advance(0.5, drive).pressures_kpa[1]
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    fractions = tuple(flow / total for flow in flows)
    parcels = steady_parcels(process, Operation(fractions, 60.0 * total, 22.0, 22.0, process.marks(drive)))
    expected = process.absorbance(parcels)
    assert expected.max() > 0.01
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()
    assert shown / 4.0 == pytest.approx(process.reading(parcels), abs=2.5)
