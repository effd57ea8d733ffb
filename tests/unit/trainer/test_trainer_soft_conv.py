"""The convolutional soft sensor: trained by torch, run without it. `make test-deep` runs these."""

from __future__ import annotations

import numpy as np
import pytest
from ostwald.spectral import SpectralGrid

from trainer.candidates.base import TrainingSet
from trainer.columns import Column
from trainer.errors import TrainerError
from trainer.graph import ALLOWED_OPERATORS, operators
from trainer.parity import check_parity
from trainer.soft.conv import fit_conv
from trainer.soft.methods import Fronts
from trainer.soft.spectra import SpectraSet

pytestmark = pytest.mark.deep

GRID = SpectralGrid("absorbance", tuple(400.0 + 5.0 * index for index in range(60)))


@pytest.fixture(scope="module", autouse=True)
def torch():
    return pytest.importorskip("torch", reason="pip install 'ostwald[deep]'")


@pytest.fixture(scope="module")
def spectra() -> SpectraSet:
    rng = np.random.default_rng(0)
    size_nm, width_nm = rng.uniform(10.0, 50.0, 90), rng.uniform(20.0, 40.0, 90)
    nm = np.array(GRID.wavelengths_nm)
    x = np.exp(-0.5 * ((nm - 480.0 - 2.0 * size_nm[:, None]) / width_nm[:, None]) ** 2)
    x += rng.normal(0.0, 0.002, x.shape)
    target = Column("size (nm)", "size", "nm", size_nm)
    return SpectraSet(GRID, x, (target,), None, (), "spectra.csv", "", ())


@pytest.fixture(scope="module")
def fronts(spectra) -> Fronts:
    return Fronts.of(spectra, "none")


def test_the_network_tells_the_size_of_spectra_it_has_not_seen(fronts, spectra):
    found = fronts.fit("conv", np.arange(70), 0).predict(spectra.x[70:])
    error = found.mean[:, 0] - spectra.y[70:, 0]
    assert 1.0 - error.var() / spectra.y[70:, 0].var() > 0.95


def test_the_graph_holds_what_a_device_takes_and_answers_as_the_model(fronts, spectra):
    import onnx

    sensor = fronts.fit("conv", np.arange(90), 0)
    model = sensor.to_onnx("size")
    assert set(operators(onnx.load_from_string(model))) <= ALLOWED_OPERATORS
    assert check_parity(model, sensor, spectra.x, ["size"], 1e-6).rows == 90


def test_equal_seeds_give_equal_networks_and_leave_the_random_state_alone(fronts, torch):
    before = torch.random.get_rng_state()
    first, second = (fronts.fit("conv", np.arange(40), 3).to_onnx("size") for _ in range(2))
    assert first == second
    assert torch.equal(before, torch.random.get_rng_state())


def test_too_few_points_for_two_convolutions_are_refused():
    few = TrainingSet(np.zeros((8, 12)), np.zeros((8, 1)), np.ones(8), np.zeros(1), np.arange(12))
    with pytest.raises(TrainerError, match="needs 20 points"):
        fit_conv(few, 0)
