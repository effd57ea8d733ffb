"""Populations of dots: what enters stays in them, steps do not matter, and they behave as dots do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulator.chemistry import dot_growth
from firmware_bridge.simulator.chemistry.cadmium_selenide import (
    DODECYLAMINE,
    OCTYLAMINE,
    OLEYLAMINE,
    UNIT_NM3,
    SelenideGrowth,
)
from firmware_bridge.simulator.chemistry.dots import (
    Dots,
    Kinetics,
    capillary_nm,
    carried,
    growth_nm_s,
    over_dots,
    precursors,
    units,
)
from firmware_bridge.simulator.twins.designs import design
from firmware_bridge.simulator.twins.registry import find_twin

ONE = np.ones(1)
GROWTH = SelenideGrowth((DODECYLAMINE, OLEYLAMINE, OCTYLAMINE))
CONCENTRATIONS = st.floats(0.0, 30.0)
AMINES = st.floats(0.0, 400.0)


def made(
    cadmium: float = 7.5,
    selenium: float = 7.5,
    amines: tuple[float, float, float] = (100.0, 50.0, 50.0),
    celsius: float = 230.0,
    time_s: float = 60.0,
) -> tuple[Dots, float]:
    amines_mol_m3 = np.array(amines)[:, None]
    dots, quantum_yield = GROWTH.react(
        ONE * cadmium, ONE * selenium, amines_mol_m3, ONE * celsius, ONE * time_s
    )
    return dots, float(quantum_yield[0])


def kinetics(**changes: float) -> Kinetics:
    constants = {
        "conversion_m3_mol_s": 3e-3,
        "growth_nm_m3_mol_s": 0.4,
        "diffusion_nm": 1.0,
        "solubility_mol_m3": 0.02,
        "capillary_nm": 1.2,
        "nucleation_per_s": 0.3,
        "barrier": 60.0,
    } | changes
    return Kinetics(**{name: ONE * value for name, value in constants.items()}, unequal=0.03)


def grown(time_s: float = 60.0, **changes: float) -> Dots:
    return dot_growth.grow(precursors(ONE * 7.5, ONE * 7.5, UNIT_NM3), kinetics(**changes), ONE * time_s)


@settings(max_examples=40, deadline=None)
@given(
    CONCENTRATIONS,
    CONCENTRATIONS,
    st.tuples(AMINES, AMINES, AMINES),
    st.floats(15.0, 300.0),
    st.floats(0.0, 1e6),
)
def test_cadmium_and_selenium_are_neither_made_nor_lost(
    cadmium: float, selenium: float, amines: tuple[float, float, float], celsius: float, time_s: float
) -> None:
    dots, quantum_yield = made(cadmium, selenium, amines, celsius, time_s)
    held = dots.monomer_mol_m3 + dots.solid_mol_m3
    assert dots.cation_mol_m3 + held == pytest.approx(cadmium, rel=1e-9, abs=1e-12)
    assert dots.anion_mol_m3 + held == pytest.approx(selenium, rel=1e-9, abs=1e-12)
    amounts = (dots.cation_mol_m3, dots.anion_mol_m3, dots.solid_mol_m3, dots.dots_mol_m3)
    assert all(float(amount[0]) >= -1e-12 for amount in amounts)
    assert 0.0 <= quantum_yield < 1.0
    assert 0.3 < float(dots.radius_nm[0]) < 50.0


@pytest.mark.parametrize("celsius", [190.0, 230.0, 280.0])
@pytest.mark.parametrize("time_s", [20.0, 60.0, 300.0])
def test_halving_the_steps_changes_the_dots_by_less_than_half_a_percent(
    celsius: float, time_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse, _ = made(celsius=celsius, time_s=time_s)
    # The error of a step goes with its cube.
    monkeypatch.setattr(dot_growth, "_TOLERANCE", dot_growth._TOLERANCE / 8.0)
    fine, _ = made(celsius=celsius, time_s=time_s)
    assert coarse.radius_nm == pytest.approx(fine.radius_nm, rel=0.005)
    assert coarse.solid_mol_m3 == pytest.approx(fine.solid_mol_m3, rel=0.005)


@pytest.mark.parametrize("name", ["pbs", "cdse-amines", "cdse-y", "cdsete", "cspbbr3-ligands"])
def test_halving_the_steps_changes_no_property_anywhere_by_half_a_percent(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = find_twin(name)
    points = design(twin, "lhs", 8, 3)
    coarse = [twin.model().settle(point).properties for point in points]
    monkeypatch.setattr(dot_growth, "_TOLERANCE", dot_growth._TOLERANCE / 8.0)
    for point, expected in zip(points, coarse, strict=True):
        found = twin.model().settle(point).properties
        # A distance from the target is a small difference of peaks: half a percent of these is much of it.
        least = {"dissatisfaction": 0.01}
        for key, value in expected.items():
            assert found[key] == pytest.approx(value, rel=0.005, abs=least.get(key), nan_ok=True), key


def test_a_parcel_does_not_depend_on_its_neighbours() -> None:
    amines = np.full((3, 2), 60.0)
    both, _ = GROWTH.react(
        np.array([7.5, 7.5]), np.array([7.5, 3.0]), amines, np.array([230.0, 280.0]), np.array([60.0, 200.0])
    )
    alone, _ = made(amines=(60.0, 60.0, 60.0))
    assert both.radius_nm[0] == pytest.approx(alone.radius_nm[0], rel=1e-12)


def test_growth_in_two_stages_is_growth_in_one() -> None:
    laws = kinetics()
    halfway = dot_growth.grow(precursors(ONE * 7.5, ONE * 7.5, UNIT_NM3), laws, ONE * 30.0)
    ended = dot_growth.grow(halfway, laws, ONE * 30.0)
    assert ended.radius_nm == pytest.approx(grown().radius_nm, rel=0.005)
    assert ended.solid_mol_m3 == pytest.approx(grown().solid_mol_m3, rel=0.005)


def test_conversion_is_that_of_two_precursors() -> None:
    start = precursors(ONE * 5.0, ONE * 5.0, UNIT_NM3)
    converted, rate = dot_growth.Supply(start, kinetics()).at(ONE * 100.0)
    # dx/dt = k (a - x)^2 has the solution a - a / (1 + k a t).
    assert converted == pytest.approx(5.0 - 5.0 / (1.0 + 3e-3 * 5.0 * 100.0), rel=1e-6)
    assert rate == pytest.approx(3e-3 * (5.0 - converted) ** 2, rel=1e-6)


def test_liquid_that_stands_for_a_day_only_ripens() -> None:
    hour, day = grown(3600.0), grown(86400.0)
    assert day.radius_nm == hour.radius_nm
    short = grown(120.0)
    assert hour.dots_mol_m3 < 0.7 * short.dots_mol_m3
    assert hour.radius_nm > 1.1 * short.radius_nm


def test_quicker_conversion_makes_more_and_smaller_dots() -> None:
    """The rate at which monomer comes sets the number of nuclei: Owen et al., JACS 132, 18206 (2010)."""
    slow, quick = (
        grown(600.0, solubility_mol_m3=0.002),
        grown(600.0, solubility_mol_m3=0.002, conversion_m3_mol_s=3e-2),
    )
    assert quick.dots_mol_m3 > 1.8 * slow.dots_mol_m3
    assert quick.radius_nm < slow.radius_nm


def test_diffusion_focuses_sizes_and_a_curved_surface_defocuses_them() -> None:
    free, held_back = grown(diffusion_nm=1e6), grown(diffusion_nm=0.1)
    assert held_back.sigma_nm / held_back.radius_nm < free.sigma_nm / free.radius_nm
    flat, curved = grown(1800.0, capillary_nm=0.01), grown(1800.0, capillary_nm=2.5)
    assert curved.sigma_nm / curved.radius_nm > flat.sigma_nm / flat.radius_nm


def test_dots_at_their_solubility_stand_still() -> None:
    laws = kinetics()
    dots = grown(600.0)
    balanced = Dots(
        dots.cation_mol_m3,
        dots.anion_mol_m3,
        over_dots(dots.radius_nm, laws),
        dots.solid_mol_m3,
        dots.dots_mol_m3,
        dots.spread_nm2_mol_m3,
        UNIT_NM3,
    )
    assert growth_nm_s(balanced, laws) == pytest.approx(0.0, abs=1e-12)


def test_without_one_precursor_there_is_nothing() -> None:
    dots, _ = made(selenium=0.0)
    assert dots.solid_mol_m3[0] == 0.0
    assert dots.dots_mol_m3[0] == 0.0
    assert dots.sigma_nm[0] == 0.0


def test_units_and_lengths_are_those_of_the_crystal() -> None:
    # 4 / 3 pi 1.5^3 nm3 over 0.0548 nm3.
    assert units(1.5, UNIT_NM3) == pytest.approx(258.0, rel=0.001)
    # 2 x 0.1 J/m2 x 33.0 cm3/mol over R T at 240 degC.
    assert capillary_nm(0.1, UNIT_NM3, ONE * 240.0) == pytest.approx(1.547, rel=0.001)
    assert carried(2.0, 50e3, 240.0, ONE * 240.0) == pytest.approx(2.0)
    assert carried(2.0, 50e3, 240.0, ONE * 250.0) > 2.0
