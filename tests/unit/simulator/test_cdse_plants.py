"""The twins of CdSe as running plants, and the light of their dots."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.simulator.chemistry.dots import Dots
from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.optics import selenide
from firmware_bridge.simulator.optics.confinement import dot_diameter_nm
from firmware_bridge.simulator.plant.cdse import AMINES, Y_REACTOR, SelenideProcess, SelenideRig
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels

ONE = np.ones(1)
NM = np.linspace(350.0, 850.0, 2001)
RIGS = [
    pytest.param(AMINES, (150.0, 150.0, 100.0, 50.0, 50.0, 500.0), 0.42, id="amines"),
    pytest.param(Y_REACTOR, (50.0, 60.0, 0.0), 0.32, id="Y"),
]


def run(plant: FlowPlant, seconds: float, dt_s: float, steps_s: tuple[float, ...], heater: float) -> None:
    drive = Drive(steps_s, (0.0, heater), 0.8, (), (0.6,))
    for _ in range(round(seconds / dt_s)):
        plant.advance(dt_s, drive)


def dots_of(diameter_nm: float, relative: float = 0.1) -> Dots:
    """As much CdSe in dots of this size as 5 mol/m3."""
    radius_nm, nothing = diameter_nm / 2.0, 0.0 * ONE
    sigma_nm = relative * radius_nm
    units = 4.0 / 3.0 * np.pi * (radius_nm**3 + 3.0 * radius_nm * sigma_nm**2) / 0.0548
    dots = 5.0 * ONE / units
    return Dots(nothing, nothing, nothing, 5.0 * ONE, dots, dots * sigma_nm**2, 0.0548)


def emitted(dots: Dots, quantum_yield: float = 0.4) -> np.ndarray:
    return selenide.emission(dots, quantum_yield * ONE, ONE, NM, 1e-3, 405.0)


@pytest.mark.parametrize(("rig", "steps_s", "heater"), RIGS)
def test_the_running_plant_settles_at_its_steady_state(
    rig: SelenideRig, steps_s: tuple[float, ...], heater: float
) -> None:
    process = SelenideProcess(rig)
    plant = FlowPlant(process, 5)
    run(plant, 1500.0, 0.5, steps_s, heater)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    shares = tuple(flow / total for flow in flows)
    assert 160.0 < thermal.reactor_c < 280.0
    operation = Operation(shares, 60.0 * total, thermal.mixer_c, thermal.reactor_c)
    parcels = steady_parcels(process, operation)
    expected = process.emission(parcels)
    assert np.abs(process.emission(plant.parcels()) - expected).max() < 0.02 * expected.max()
    expected = process.absorbance(parcels)
    assert np.abs(plant.absorbance() - expected).max() < 0.02 * expected.max()


@pytest.mark.parametrize(("rig", "steps_s", "heater"), RIGS)
def test_halving_the_step_changes_the_emission_by_less_than_half_a_percent(
    rig: SelenideRig, steps_s: tuple[float, ...], heater: float
) -> None:
    def after(dt_s: float) -> np.ndarray:
        plant = FlowPlant(SelenideProcess(rig), 2)
        run(plant, 400.0, dt_s, steps_s, heater)
        return SelenideProcess(rig).emission(plant.parcels())

    coarse, fine = after(0.2), after(0.1)
    assert np.abs(coarse - fine).max() < 0.005 * fine.max()


@pytest.mark.parametrize("first_nm", [500.0, 550.0, 600.0])
def test_uniform_dots_absorb_first_and_emit_behind_where_the_sizing_curve_says(first_nm: float) -> None:
    dots = dots_of(dot_diameter_nm("CdSe", first_nm), relative=1e-6)
    seen = selenide.absorbance(dots, ONE, NM, 1e-3)
    around = np.abs(NM - first_nm) < 25.0
    # On the slope of the continuum a maximum shifts a little; the second derivative tells the line.
    curvature = np.gradient(np.gradient(seen, NM), NM)
    assert NM[around][curvature[around].argmin()] == pytest.approx(first_nm, rel=0.025)
    shift_ev = 1239.842 / first_nm - 1239.842 / NM[emitted(dots).argmax()]
    assert shift_ev == pytest.approx(selenide.STOKES_EV, abs=0.05)


def test_unequal_sizes_widen_emission_and_leave_its_photons() -> None:
    narrow, wide = emitted(dots_of(3.2, 0.02)), emitted(dots_of(3.2, 0.15))
    assert wide.sum() == pytest.approx(narrow.sum(), rel=0.05)
    assert wide.max() < 0.7 * narrow.max()


def test_no_more_light_leaves_than_the_quantum_yield_allows() -> None:
    dots = dots_of(3.2)
    taken = 1.0 - 10.0 ** -float(selenide.absorbance(dots, ONE, np.array([405.0]), 1e-3)[0])
    photons = float(np.trapezoid(emitted(dots), NM))
    assert photons == pytest.approx(0.4 * taken, rel=0.01)
    assert float(emitted(dots, 0.0).max()) == 0.0


def test_dots_smaller_than_the_sizing_curve_knows_stay_finite() -> None:
    assert np.isfinite(selenide.absorbance(dots_of(0.9, 0.3), ONE, NM, 1e-3)).all()
