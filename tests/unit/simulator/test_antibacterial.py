"""The assay of particles against bacteria does what was found of them, and reads as a plate reader does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulator.assays.antibacterial import (
    COATINGS,
    DIAMETER_NM,
    DOSE_UG_ML,
    SPECIES,
    Conditions,
    Effect,
    effect,
    half_dose_ug_ml,
    rows,
)
from firmware_bridge.simulator.twins.base import TwinError

WELL = Conditions(diameter_nm=20.0, dose_ug_ml=20.0, species="E. coli", coating="citrate")
wells = st.builds(
    Conditions,
    st.floats(*DIAMETER_NM),
    st.floats(*DOSE_UG_ML),
    st.sampled_from(sorted(SPECIES)),
    st.sampled_from(sorted(COATINGS)),
)


@given(wells, st.floats(1.01, 10.0))
def test_more_dose_does_more_and_larger_particles_less(well: Conditions, factor: float) -> None:
    more = effect(replace(well, dose_ug_ml=factor * well.dose_ug_ml))
    larger = effect(replace(well, diameter_nm=factor * well.diameter_nm))
    here = effect(well)
    assert larger.inhibition_pct < here.inhibition_pct < more.inhibition_pct
    assert larger.log_reduction < here.log_reduction < more.log_reduction


@given(wells)
def test_half_of_the_growth_is_left_at_the_dose_of_half_effect(well: Conditions) -> None:
    half = replace(well, dose_ug_ml=half_dose_ug_ml(well))
    assert effect(half).inhibition_pct == pytest.approx(50.0)


@pytest.mark.parametrize("coating", COATINGS)
def test_e_coli_bears_least_and_s_aureus_most_whatever_the_coating(coating: str) -> None:
    doses = {name: half_dose_ug_ml(replace(WELL, species=name, coating=coating)) for name in SPECIES}
    assert min(doses, key=doses.__getitem__) == "E. coli"
    assert max(doses, key=doses.__getitem__) == "S. aureus"


@pytest.mark.parametrize("species", SPECIES)
def test_a_coating_acts_the_more_the_more_positive_it_is(species: str) -> None:
    doses = [
        half_dose_ug_ml(replace(WELL, species=species, coating=name)) for name in ("BPEI", "PVP", "citrate")
    ]
    assert all(lower < higher for lower, higher in pairwise(doses))


@pytest.mark.parametrize(("inhibition", "outcome"), [(5.0, "grows"), (50.0, "slowed"), (95.0, "stopped")])
def test_an_outcome_is_a_word_for_the_inhibition(inhibition: float, outcome: str) -> None:
    assert Effect(inhibition, 0.0).outcome == outcome


@pytest.mark.parametrize("design", ["lhs", "sobol"])
def test_wells_fill_the_ranges_evenly_and_depend_on_the_seed_alone(design: str) -> None:
    read = list(rows(design, 96, seed=3))
    assert read == list(rows(design, 96, seed=3)) != list(rows(design, 96, seed=4))
    assert [row.plate for row in read] == [number // 24 for number in range(96)]
    for names, chosen in (
        (SPECIES, [row.conditions.species for row in read]),
        (COATINGS, [row.conditions.coating for row in read]),
    ):
        assert all(15 <= chosen.count(name) <= 33 for name in names)
    logs = np.log([row.conditions.dose_ug_ml for row in read])
    assert logs.min() < np.log(DOSE_UG_ML[0]) + 0.2
    assert np.median(logs) == pytest.approx(np.log(DOSE_UG_ML).mean(), abs=0.3)


def test_readings_scatter_about_the_truth_and_stay_where_a_reader_can_show_them() -> None:
    read = list(rows("lhs", 480, seed=1))
    assert all(0.0 <= row.effect.inhibition_pct <= 100.0 for row in read)
    assert all(0.0 <= row.effect.log_reduction <= 6.0 for row in read)
    errors = [row.effect.inhibition_pct - effect(row.conditions).inhibition_pct for row in read]
    assert abs(np.mean(errors)) < 2.0
    assert 1.0 < np.std(errors) < 10.0


def test_wells_of_a_plate_err_together() -> None:
    read = list(rows("lhs", 2400, seed=1))
    errors = np.array([row.effect.inhibition_pct - effect(row.conditions).inhibition_pct for row in read])
    plates = errors.reshape(100, 24)
    # Of independent wells the means would scatter by a fifth of one well.
    assert plates.mean(axis=1).std() > 0.3 * errors.std()


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(TwinError, match="unknown design 'grid'"):
        list(rows("grid", 10, seed=1))
    with pytest.raises(TwinError, match="ask for 1 to"):
        list(rows("lhs", 0, seed=1))
