"""A rig's yield factor is that of its twin: what the device works out is the product's quantum yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.config.rig import load_rig
from controller.sensing.features import absorbed_share, relative_yield
from firmware_bridge.simulator.twins.designs import design
from firmware_bridge.simulator.twins.registry import TWINS

if TYPE_CHECKING:
    from controller.domain.plan import EmissionPlan
    from firmware_bridge.simulator.twins.base import Twin

DRIVERS = {"ostwald-board": "board", "ostwald-spectrometer": "spectrometer"}
MOST_COUNTS_S = 6.4e5
"""At 100 ms they fill the detector."""


def emission_of(twin: Twin) -> EmissionPlan | None:
    plan = load_rig(twin.rig_file, known_drivers=DRIVERS)
    return None if plan.spectrometer is None else plan.spectrometer.emission


CALIBRATED = [
    twin for twin in TWINS.values() if (plan := emission_of(twin)) is not None and plan.yield_factor
]


def test_there_are_rigs_that_know_quantum_yields() -> None:
    assert {"cdsete", "cspbx3-exchange", "cspbbr3-ligands"} <= {twin.name for twin in CALIBRATED}


@pytest.mark.parametrize("twin", CALIBRATED, ids=lambda twin: twin.name)
def test_the_device_finds_the_yield_of_the_product(twin: Twin) -> None:
    plan, model = emission_of(twin), twin.model()
    assert plan is not None
    for conditions in design(twin, "sobol", 12, seed=1):
        outcome = model.settle(conditions)
        assert outcome.emission is not None
        assert outcome.emission.max() < MOST_COUNTS_S
        absorbed = absorbed_share(outcome.wavelengths_nm, outcome.absorbance, plan.excitation_nm)
        window = (plan.low_nm, plan.high_nm)
        found = plan.yield_factor * relative_yield(outcome.wavelengths_nm, outcome.emission, window, absorbed)
        # The factor is one number; the detector's response is a bell.
        assert found == pytest.approx(outcome.properties["quantum_yield"], rel=0.12)
