"""Segmented and droplet flow: residence times, film, pressure; and a plant with a carrier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.interfaces import Drive
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.flow_plant import FlowPlant
from firmware_bridge.simulator.plant.hydraulics import pressure_drop_kpa, residence_variance
from firmware_bridge.simulator.plant.layout import Geometry, Layout, Parcels
from firmware_bridge.simulator.plant.slugs import (
    DROPLET_VARIANCE,
    Segmented,
    cell_length_m,
    film_share,
    slug_length_m,
    slug_pressure_kpa,
    slug_variance,
)
from firmware_bridge.simulator.plant.steady import Operation, steady_parcels
from tests.unit.simulator.tracer import LONG, Tracer

GAS = Segmented("gas")
OIL = Segmented("oil", wets_wall=True, heat=0.5)


def run(plant: FlowPlant, seconds: float, rates: tuple[float, ...], duty: float = 0.0) -> float:
    pressures = [
        plant.advance(0.5, Drive(rates, (0.0, duty), 0.0)).pressures_kpa[0]
        for _ in range(round(seconds / 0.5))
    ]
    return float(np.mean(pressures[-100:]))


def settled(tracer: Tracer, rates: tuple[float, ...], seconds: float = 900.0) -> tuple[FlowPlant, Parcels]:
    plant = FlowPlant(tracer, 4)
    run(plant, seconds, rates)
    return plant, plant.parcels()


@pytest.mark.parametrize("joins_late", [False, True])
def test_a_carrier_takes_time_and_no_concentration(joins_late: bool) -> None:
    _, alone = settled(Tracer(GAS, joins_late=joins_late), (200.0, 200.0, 0.0))
    _, cut = settled(Tracer(GAS, joins_late=joins_late), (200.0, 200.0, 400.0))
    assert alone.fractions[:, 0] == pytest.approx(np.full(8, 0.5), abs=0.01)
    assert cut.fractions[:, 0] == pytest.approx(np.full(8, 0.5), abs=0.01)
    assert (cut.fractions[:, 2] == 0.0).all()
    assert alone.carrier == pytest.approx(np.zeros(8))
    assert cut.carrier == pytest.approx(np.full(8, 0.5), abs=0.01)
    assert cut.reactor_s @ cut.weight == pytest.approx(0.5 * (alone.reactor_s @ alone.weight), rel=0.02)


@pytest.mark.parametrize("segmented", [GAS, OIL])
def test_slugs_arrive_nearly_together_where_one_phase_spreads(segmented: Segmented) -> None:
    _, whole = settled(Tracer(segmented), (300.0, 300.0, 0.0))
    _, cut = settled(Tracer(segmented), (150.0, 150.0, 300.0))

    def spread(parcels: Parcels) -> float:
        mean = float(parcels.reactor_s @ parcels.weight)
        return math.sqrt(float((parcels.reactor_s - mean) ** 2 @ parcels.weight)) / mean

    assert spread(whole) > 0.07
    assert spread(cut) < 0.1 * spread(whole)


def test_the_running_plant_settles_at_its_steady_state() -> None:
    tracer = Tracer(OIL)
    plant, parcels = settled(tracer, (250.0, 150.0, 300.0), seconds=1800.0)
    flows = [pump._flow_ul_s for pump in plant._pumps]
    total = sum(flows)
    thermal = plant._thermal
    operation = Operation(
        tuple(flow / total for flow in flows), 60.0 * total, thermal.mixer_c, thermal.reactor_c
    )
    steady = steady_parcels(tracer, operation)
    for name in ("fractions", "reactor_s", "outlet_s", "outlet_c", "carrier", "weight"):
        # Pumps pulse by 0.4 %.
        assert getattr(parcels, name) == pytest.approx(getattr(steady, name), rel=0.01, abs=1e-3), name


def test_carrier_alone_is_no_liquid_and_harmless() -> None:
    plant, parcels = settled(Tracer(GAS), (0.0, 0.0, 400.0))
    assert (parcels.fractions == 0.0).all()
    assert (parcels.carrier == 1.0).all()
    assert np.isfinite(plant.expose(0.01, 1)).all()
    steady = steady_parcels(Tracer(GAS), Operation((0.0, 0.0, 1.0), 120.0, 22.0, 22.0))
    assert (steady.fractions == 0.0).all()


def test_gas_takes_up_no_heat_and_oil_some() -> None:
    def warmed_c(segmented: Segmented | None) -> float:
        plant = FlowPlant(Tracer(segmented), 4)
        run(plant, 1200.0, (600.0, 600.0, 2400.0), duty=0.5)
        return plant._thermal.reactor_c

    liquid_c, oil_c, gas_c = warmed_c(None), warmed_c(OIL), warmed_c(GAS)
    assert liquid_c + 0.3 < oil_c < gas_c - 0.3


def test_segments_cost_pressure_and_a_gas_saves_friction() -> None:
    capillary = slug_pressure_kpa(LONG, GAS, 5.0, 25.0, 0.5) - 0.5 * pressure_drop_kpa(LONG, 5.0, 25.0, 0.0)
    # 1000 segments of 2 mm at Ca = 8.9e-4 Pa s x 25.5 mm/s / 0.03 N/m: 3.58 (3 Ca)^(2/3) x 120 Pa each.
    assert LONG.length_m / cell_length_m(0.5, 0.5) == pytest.approx(1018.6, rel=1e-3)
    assert capillary == pytest.approx(1018.6 * 3.58 * (3.0 * 7.555e-4) ** (2 / 3) * 0.12, rel=0.01)
    assert slug_pressure_kpa(LONG, GAS, 5.0, 25.0, 0.0) == pytest.approx(
        pressure_drop_kpa(LONG, 5.0, 25.0, 0.0)
    )
    assert slug_pressure_kpa(LONG, GAS, 5.0, 25.0, 1.0) == 0.0
    tracer = FlowPlant(Tracer(GAS), 4)
    whole_kpa = run(tracer, 600.0, (600.0, 600.0, 0.0))
    assert run(tracer, 600.0, (300.0, 300.0, 600.0)) > 1.5 * whole_kpa


@given(st.floats(1e-7, 0.1))
def test_the_film_is_brethertons_when_slow_and_never_fills_the_tube(capillary: float) -> None:
    share = film_share(capillary)
    assert 0.0 < share < 1.0 - (1.0 - 0.4) ** 2
    if capillary < 1e-5:
        assert share == pytest.approx(2.0 * 1.34 * capillary ** (2 / 3), rel=0.01)


@given(st.floats(0.02, 0.98), st.floats(20.0, 2000.0))
def test_slugs_never_disperse_more_than_one_phase(carrier: float, residence_s: float) -> None:
    whole = residence_variance(LONG, residence_s, 25.0, 0.0)
    gas = slug_variance(LONG, GAS, residence_s, 25.0, carrier)
    oil = slug_variance(LONG, OIL, residence_s, 25.0, carrier)
    assert oil == min(DROPLET_VARIANCE, whole)
    assert oil <= gas <= whole


def test_the_leak_through_the_film_is_that_of_a_random_walk_over_slugs() -> None:
    """Molecules that fall back by one cell, at the rate at which the film exchanges a slug."""
    carrier, residence_s = 0.9, 100.0
    random = np.random.default_rng(3)
    speed = LONG.length_m / residence_s
    film = film_share(8.9e-4 * speed / GAS.tension_n_m)
    cell_m, slug_m = cell_length_m(0.5, carrier), slug_length_m(0.5, carrier)
    falls = random.poisson(film * speed / slug_m * residence_s, 400_000)
    delay = falls * cell_m / speed / residence_s
    assert slug_variance(LONG, GAS, residence_s, 25.0, carrier) == pytest.approx(
        float(np.var(delay)), rel=0.02
    )


def test_slugs_are_longer_the_less_carrier_there_is_until_there_are_none() -> None:
    assert slug_length_m(0.5, 0.5) == pytest.approx(1e-3)
    assert slug_length_m(0.5, 0.1) == pytest.approx(5e-3)
    assert slug_length_m(0.5, 0.0) == cell_length_m(0.5, 0.0) == cell_length_m(0.5, 1.0) == math.inf
    assert slug_variance(LONG, OIL, 100.0, 25.0, 1e-9) == residence_variance(LONG, 100.0, 25.0, 0.0)


def test_a_carrier_must_be_a_stream_and_carry_no_polymer() -> None:
    def layout(polymer: str, carrier: str) -> Layout:
        tubes = Geometry(LONG, LONG, LONG, 10.0, Segmented(carrier))
        return Layout(("a", "b"), (), tubes, 300.0, 80.0, polymer=polymer)

    with pytest.raises(PlantError, match="carrier 'argon' is none of the streams"):
        layout("", "argon")
    with pytest.raises(PlantError, match="leave the polymer out"):
        layout("a", "b")


def test_the_gate_leaves_bubbles_out() -> None:
    def brightness(segmented: Segmented | None) -> float:
        plant = FlowPlant(Tracer(segmented), 4)
        while not plant._bubbles.scattered:
            plant.advance(
                0.5, Drive((300.0, 300.0, 300.0), (0.0, 0.0), 0.8, running_out=((0, 0.0), (1, 0.0)))
            )
        return float(plant.expose(0.01, 50).mean())

    assert brightness(GAS) > 1.2 * brightness(None)
