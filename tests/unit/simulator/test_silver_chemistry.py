from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from firmware_bridge.simulator.chemistry import growth
from firmware_bridge.simulator.chemistry.growth import Passage, Product, grow, plate_silver_mol_m3
from firmware_bridge.simulator.chemistry.rates import Rates, citrate_coverage, reduction, selectivity
from firmware_bridge.simulator.chemistry.reduction import silver_left
from firmware_bridge.simulator.chemistry.streams import Liquid, Stocks, blend

TYPICAL = (0.20, 0.22, 0.08, 0.08)


def liquid(silver: float, pva: float, citrate: float, seed: float) -> Liquid:
    return blend(np.array([[silver, pva, citrate, seed, 1.0 - silver - pva - citrate - seed]]), Stocks())


def passage(
    *, mixer_c: float = 25.0, exposure: float = 8.0, reactor_s: float = 7.0, reactor_c: float = 40.0
) -> Passage:
    values = (mixer_c, exposure, reactor_s, reactor_c, 1.5, 25.0)
    return Passage(*(np.array([value]) for value in values))


def product(*shares: float, **stay: float) -> Product:
    return grow(liquid(*shares), passage(**stay), Rates())


def aspect(grown: Product) -> float:
    return float(grown.diameter_nm[0] / grown.thickness_nm[0])


def sphere_share(grown: Product) -> float:
    return float(grown.spheres_mol_m3[0] / (grown.spheres_mol_m3[0] + grown.plates_mol_m3[0]))


@pytest.mark.parametrize("ascorbate", [0.02, 0.05, 0.8])
def test_reduction_in_closed_form_solves_its_rate_equation(ascorbate: float) -> None:
    silver, constant = 0.1, 3.0
    solved = solve_ivp(
        lambda _, y: -constant * y * (ascorbate - (silver - y) / 2.0),
        (0.0, 9.0),
        [silver],
        rtol=1e-10,
        atol=1e-14,
    )
    mine = silver_left(*(np.array([v]) for v in (silver, ascorbate, constant, 9.0)))
    assert mine[0] == pytest.approx(solved.y[0, -1], rel=1e-7)


def test_reduction_stays_finite_in_liquid_that_stood_for_a_day() -> None:
    for ascorbate, expected in ((0.01, 0.08), (0.05, 0.0), (0.5, 0.0)):
        left = silver_left(*(np.array([v]) for v in (0.1, ascorbate, 5.0, 86400.0)))
        assert left[0] == pytest.approx(expected, abs=1e-4)


@given(
    st.tuples(
        st.floats(0.045, 0.428), st.floats(0.1, 0.4), st.floats(0.005, 0.305), st.floats(0.005, 0.195)
    ).filter(lambda shares: sum(shares) <= 0.92),
    st.floats(20.0, 60.0),
    st.floats(0.5, 60.0),
)
def test_no_silver_is_lost_or_made(shares: tuple[float, ...], reactor_c: float, reactor_s: float) -> None:
    fed = liquid(*shares)
    grown = product(*shares, reactor_c=reactor_c, reactor_s=reactor_s)
    seeds = plate_silver_mol_m3(fed.seed_per_m3, growth.SEED_DIAMETER_NM, growth.SEED_DIAMETER_NM)
    drawn = plate_silver_mol_m3(grown.plates_per_m3, grown.diameter_nm, grown.thickness_nm)
    found = grown.silver_left_mol_m3 + drawn + grown.spheres_mol_m3
    assert found[0] == pytest.approx(fed.silver_mol_m3[0] + seeds[0], rel=1e-9)
    assert grown.silver_left_mol_m3[0] >= 0.0
    assert grown.spheres_mol_m3[0] >= 0.0


@pytest.mark.parametrize("shares", [TYPICAL, (0.4, 0.15, 0.2, 0.02), (0.05, 0.4, 0.01, 0.15)])
def test_integration_has_converged(shares: tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = product(*shares)
    monkeypatch.setattr(growth, "_HEATED_STEPS", 64)
    monkeypatch.setattr(growth, "_OUTLET_STEPS", 16)
    fine = product(*shares)
    assert coarse.diameter_nm == pytest.approx(fine.diameter_nm, rel=2e-3)
    assert coarse.thickness_nm == pytest.approx(fine.thickness_nm, rel=2e-3)
    assert sphere_share(coarse) == pytest.approx(sphere_share(fine), abs=3e-3)


def test_correcting_the_drawn_diameter_changes_it_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of silver fixes the diameter; it must not hide an integration that has gone astray."""
    corrections = []
    honest = growth._product

    def watch(fed: Liquid, silver: np.ndarray, state: np.ndarray, rates: Rates) -> Product:
        made = honest(fed, silver, state, rates)
        corrections.append(float(np.abs(made.diameter_nm / state[0] - 1.0).max()))
        return made

    monkeypatch.setattr(growth, "_product", watch)
    for shares in (TYPICAL, (0.4, 0.15, 0.2, 0.02), (0.42, 0.1, 0.3, 0.006)):
        product(*shares, reactor_c=55.0)
    assert max(corrections) < 5e-3


def test_more_citrate_makes_flatter_plates() -> None:
    aspects = [aspect(product(0.20, 0.22, citrate, 0.08)) for citrate in (0.005, 0.03, 0.08, 0.2)]
    assert aspects == sorted(aspects)
    assert aspects[-1] > 2.0 * aspects[0]


def test_more_silver_for_each_seed_makes_larger_and_flatter_plates() -> None:
    plates = [product(0.20, 0.22, 0.08, seed) for seed in (0.16, 0.08, 0.04)]
    assert [aspect(p) for p in plates] == sorted(aspect(p) for p in plates)
    assert [p.diameter_nm[0] for p in plates] == sorted(p.diameter_nm[0] for p in plates)


def test_pva_takes_sites_from_citrate() -> None:
    assert aspect(product(0.2, 0.38, 0.08, 0.08)) < aspect(product(0.2, 0.12, 0.08, 0.08))


def test_a_warm_reactor_is_less_selective() -> None:
    covered = np.array([0.95])
    cold, warm = (selectivity(Rates(), covered, np.array([c]))[0] for c in (20.0, 60.0))
    assert warm < cold
    assert selectivity(Rates(), np.array([0.0]), np.array([40.0]))[0] == pytest.approx(1.0)


def test_caps_need_time_in_the_mixer() -> None:
    fed = liquid(*TYPICAL)
    coverage = [
        citrate_coverage(Rates(), fed, np.array([25.0]), np.array([exposure]))[0]
        for exposure in (0.1, 1.0, 10.0)
    ]
    assert coverage == sorted(coverage)
    assert 0.0 < coverage[0] < coverage[-1] < 1.0


def test_few_seeds_and_fast_reduction_end_in_spheres() -> None:
    assert sphere_share(product(0.42, 0.15, 0.1, 0.006, reactor_c=60.0)) > 0.3
    assert sphere_share(product(*TYPICAL)) < 0.05
    assert sphere_share(product(0.3, 0.15, 0.1, 0.01, reactor_c=60.0)) > sphere_share(
        product(0.3, 0.15, 0.1, 0.01, reactor_c=25.0)
    )


def test_without_seeds_all_silver_goes_into_spheres() -> None:
    assert sphere_share(product(0.2, 0.2, 0.1, 0.0)) == pytest.approx(1.0)


def test_without_silver_the_seeds_stay_as_they_are() -> None:
    grown = product(0.0, 0.2, 0.1, 0.1)
    assert grown.diameter_nm[0] == grown.thickness_nm[0] == growth.SEED_DIAMETER_NM
    assert sphere_share(grown) == 0.0


def test_conversion_grows_with_time_and_temperature() -> None:
    left = [product(*TYPICAL, reactor_s=s).silver_left_mol_m3[0] for s in (2.0, 6.0, 18.0)]
    assert left == sorted(left, reverse=True)
    left = [product(*TYPICAL, reactor_c=c).silver_left_mol_m3[0] for c in (20.0, 40.0, 60.0)]
    assert left == sorted(left, reverse=True)


def test_citrate_speeds_the_reduction_up() -> None:
    slow, fast = (
        reduction(Rates(), liquid(0.2, 0.2, citrate, 0.05), np.array([25.0]))[0] for citrate in (0.01, 0.3)
    )
    assert fast > slow


def test_faster_nucleation_costs_the_plates_their_silver() -> None:
    quick = replace(Rates(), nucleation_m3_mol_s=1e-2)
    assert sphere_share(grow(liquid(*TYPICAL), passage(), quick)) > sphere_share(product(*TYPICAL))
