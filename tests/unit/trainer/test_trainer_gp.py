"""The Gaussian process against its definition, written out plainly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

from trainer.candidates.base import TrainingSet, merge_replicates
from trainer.candidates.gp import MAX_CONDITIONS, fit
from trainer.candidates.gp_posterior import Posterior
from trainer.candidates.kernels import KERNELS
from trainer.distances import squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats


def _data(rows: int = 24, targets: int = 2, repeats: int = 1, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    z = np.repeat(rng.normal(size=(rows, 3)), repeats, axis=0)
    clean = np.column_stack([np.sin(z @ rng.normal(size=3)) for _ in range(targets)])
    y = clean + 0.1 * rng.normal(size=clean.shape)
    return z, (y - y.mean(axis=0)) / y.std(axis=0)


def _training(z: Floats, y: Floats, repeats: int) -> TrainingSet:
    return merge_replicates(z, y, np.arange(len(z)) // repeats, np.arange(3))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("groups", [None, 5])
def test_the_gradient_of_the_posterior_is_its_slope(kernel: str, repeats: int, groups: int | None) -> None:
    data = _training(*_data(repeats=repeats), repeats)
    data = replace(data, group_of=None if groups is None else np.arange(len(data.z)) % groups)
    posterior = Posterior.of(data, KERNELS[kernel])
    theta = posterior.start() + 0.3 * np.arange(len(posterior.start()))

    def value(at: Floats) -> float:
        return posterior.negative_log(at)[0]

    def slope(at: Floats) -> Floats:
        return posterior.negative_log(at)[1]

    wrong_by = check_grad(value, slope, theta)
    assert wrong_by < 1e-4 * np.linalg.norm(posterior.negative_log(theta)[1])


def test_what_a_group_has_in_common_is_no_news_of_another() -> None:
    rng = np.random.default_rng(0)
    group_of = np.arange(60) // 10
    # An input that nearly names the group seems to explain its offset.
    z = np.column_stack([rng.normal(size=60), group_of + 0.05 * rng.normal(size=60)])
    y = z[:, :1] + rng.normal(0.0, 2.0, 6)[group_of, None]
    data = TrainingSet(z, y, np.ones(60), np.zeros(1), np.arange(2))
    fresh = np.column_stack([np.linspace(-1.5, 1.5, 20), np.full(20, 2.5)])
    alone, grouped = fit(data, 0), fit(replace(data, group_of=group_of), 0)
    slopes = [np.polyfit(fresh[:, 0], model.predict(fresh)[0][:, 0], 1)[0] for model in (alone, grouped)]
    assert abs(slopes[1] - 1.0) < max(abs(slopes[0] - 1.0), 0.05)
    # Of a new group, the offset is unknown: that is part of its deviation.
    assert (grouped.predict(z)[1] > 2.0 * alone.predict(z)[1]).all()


def test_merged_replicates_have_the_likelihood_of_all_their_rows() -> None:
    z, y = _data(rows=6, targets=1, repeats=4)
    data = _training(z, y, 4)
    posterior = Posterior.of(data, KERNELS["matern52"])

    def merged(theta: Floats) -> float:
        return posterior._likelihood(theta)[0]

    def by_definition(theta: Floats) -> float:
        at = posterior.unpack(theta)
        scaled = z / at.length_scales
        same = (np.arange(len(z))[:, None] // 4 == np.arange(len(z)) // 4).astype(float)
        c = KERNELS["matern52"].value(squared_distances(scaled, scaled))
        c = c + at.condition_noise * same + at.row_noise * np.eye(len(z))
        scale = float(y[:, 0] @ np.linalg.solve(c, y[:, 0])) / len(z)
        return -float(multivariate_normal(np.zeros(len(z)), scale * c).logpdf(y[:, 0]))

    start = posterior.start()
    for step in (0.5, -0.7):
        assert merged(start + step) - merged(start) == pytest.approx(
            by_definition(start + step) - by_definition(start), rel=1e-6
        )


def test_merged_replicates_predict_as_all_their_rows_would() -> None:
    z, y = _data(rows=10, targets=2, repeats=3)
    model = fit(_training(z, y, 3), 0)
    new = np.random.default_rng(5).normal(size=(4, 3))
    scaled = z * model.inverse_scales
    data = _training(z, y, 3)
    c = model.kernel.value(squared_distances(scaled, scaled))
    posterior = Posterior.of(data, model.kernel)
    assert posterior.has_replicates
    # own_variance = 1 + condition noise + row noise; the split follows from C's diagonal over one condition.
    c_inverse = model.root @ model.root.T
    diagonal = np.diag(np.linalg.inv(c_inverse)) - 1.0
    row_noise = (model.own_variance - 1.0 - diagonal[0]) / (1.0 - 1.0 / 3.0)
    condition_noise = model.own_variance - 1.0 - row_noise
    same = (np.arange(30)[:, None] // 3 == np.arange(30) // 3).astype(float)
    full = c + condition_noise * same + row_noise * np.eye(30)
    k = model.kernel.value(squared_distances(new * model.inverse_scales, scaled))
    mean, std = model.predict(new)
    np.testing.assert_allclose(mean, k @ np.linalg.solve(full, y), rtol=1e-6, atol=1e-9)
    variance = model.own_variance - np.einsum("ij,ji->i", k, np.linalg.solve(full, k.T))
    np.testing.assert_allclose(std, np.sqrt(variance)[:, None] * model.signal, rtol=1e-6)


def test_a_smooth_function_is_learned_and_its_error_is_foreseen() -> None:
    z, y = _data(rows=80, targets=1)
    model = fit(_training(z[:60], y[:60], 1), 0)
    mean, std = model.predict(z[60:])
    assert 1.0 - ((mean - y[60:]) ** 2).mean() / y[60:].var() > 0.9
    assert 0.4 < np.sqrt((((mean - y[60:]) / std) ** 2).mean()) < 2.0


def test_far_from_the_data_the_deviation_is_that_of_a_new_condition() -> None:
    model = fit(_training(*_data(), 1), 0)
    mean, std = model.predict(np.full((1, 3), 1e6))
    np.testing.assert_allclose(mean, 0.0, atol=1e-9)
    np.testing.assert_allclose(std[0], np.sqrt(model.own_variance) * model.signal)


def test_a_target_repeated_many_times_changes_nothing() -> None:
    z, y = _data(targets=1)
    once = fit(_training(z, y, 1), 0)
    often = fit(_training(z, np.repeat(y, 40, axis=1), 1), 0)
    np.testing.assert_allclose(often.inverse_scales, once.inverse_scales, rtol=1e-3)


def test_a_constant_target_is_answered_with_its_value() -> None:
    z, y = _data(targets=1)
    mean, _ = fit(_training(z, np.hstack([y, np.zeros_like(y)]), 1), 0).predict(z)
    np.testing.assert_allclose(mean[:, 1], 0.0, atol=1e-12)


def test_of_many_conditions_a_part_is_kept_and_still_learned() -> None:
    z, y = _data(rows=1600, targets=1)
    model = fit(_training(z, y, 1), 0)
    assert len(model.points) == MAX_CONDITIONS
    assert 1.0 - ((model.predict(z)[0] - y) ** 2).mean() > 0.9


def test_a_part_of_the_data_keeps_its_share_of_the_replicates_spread() -> None:
    data = _training(*_data(rows=10, repeats=3), 3)
    np.testing.assert_allclose(data.part(np.arange(5)).within, data.within / 2)
