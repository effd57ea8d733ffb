"""Scores, calibration and novelty mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.calibration import ONE_SIGMA, calibrate, coverage
from trainer.novelty import Novelty
from trainer.preprocess import InputKind, Preprocessor
from trainer.scores import Score, score_targets, score_together

if TYPE_CHECKING:
    from trainer.arrays import Floats


def test_a_perfect_prediction_scores_one_and_the_mean_scores_zero() -> None:
    truth = np.array([[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]])
    predicted = np.column_stack([truth[:, 0], np.full(3, 3.0)])
    perfect, mean = score_targets(truth, predicted)
    assert perfect == Score(1.0, 0.0, 0.0)
    assert mean.r2 == pytest.approx(0.0)
    assert mean.rmse == pytest.approx(np.std([1.0, 2.0, 6.0]))
    assert mean.mae == pytest.approx(2.0)


def test_a_constant_target_scores_one_only_if_met() -> None:
    met, missed = score_targets(np.ones((3, 2)), np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]]))
    assert (met.r2, missed.r2) == (1.0, 0.0)


def test_errors_of_several_targets_are_in_deviations() -> None:
    truth = np.array([[0.0, 0.0], [2.0, 2000.0]])
    together = score_together(truth, score_targets(truth, truth + np.array([0.5, 500.0])))
    assert together.rmse == pytest.approx(0.5)
    assert together.mae == pytest.approx(0.5)


@given(factor=st.floats(0.01, 100.0), count=st.integers(30, 300), seed=st.integers(0, 100))
def test_a_calibrated_deviation_holds_two_thirds_of_the_errors(factor: float, count: int, seed: int) -> None:
    ratios = np.abs(np.random.default_rng(seed).normal(size=(count, 1))) * factor
    inside = (ratios <= calibrate(ratios)).mean()
    assert ONE_SIGMA <= inside <= ONE_SIGMA + 2.0 / count


def test_coverage_of_normal_errors_is_near_its_level() -> None:
    ratios = np.abs(np.random.default_rng(0).normal(size=(5000, 2))) * 3.0
    fold_of = np.arange(5000) % 10
    assert coverage(ratios, fold_of, ONE_SIGMA) == pytest.approx(0.683, abs=0.02)
    assert coverage(ratios, fold_of, 0.95) == pytest.approx(0.95, abs=0.02)


def test_coverage_of_a_fold_is_judged_by_the_others() -> None:
    ratios = np.array([[1.0]] * 10 + [[100.0]] * 10)
    assert coverage(ratios, np.repeat([0, 1], 10), 0.95) == 0.5


def test_errors_of_zero_leave_a_deviation_above_zero() -> None:
    assert (calibrate(np.zeros((20, 2))) > 0.0).all()


KINDS = (InputKind(), InputKind(3), InputKind())


def _novelty(x: Floats) -> tuple[Preprocessor, Novelty]:
    preprocessor = Preprocessor.fit(x, KINDS)
    return preprocessor, Novelty.fit(preprocessor, preprocessor.transform(x), 0)


@pytest.fixture
def x() -> Floats:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.uniform(10, 400, 60), rng.integers(0, 3, 60), rng.uniform(0.1, 0.2, 60)])


def test_training_rows_are_not_new(x: Floats) -> None:
    preprocessor, novelty = _novelty(x)
    measured = novelty.measure(preprocessor.transform(x))
    assert (measured == 0.0).all()


def test_rows_between_the_training_rows_are_inside(x: Floats) -> None:
    preprocessor, novelty = _novelty(x)
    rng = np.random.default_rng(2)
    between = np.column_stack(
        [rng.uniform(20, 390, 200), rng.integers(0, 3, 200), rng.uniform(0.11, 0.19, 200)]
    )
    measured = novelty.measure(preprocessor.transform(between))
    assert (measured <= 1.0).mean() > 0.95
    assert (measured == 0.0).mean() > 0.7


@pytest.mark.parametrize(
    "row",
    [
        [450.0, 1.0, 0.15],
        [-30.0, 1.0, 0.15],
        [200.0, 1.0, 0.26],
        [200.0, 3.0, 0.15],
        [200.0, 0.5, 0.15],
        [200.0, -1.0, 0.15],
        [1e6, 1.0, 0.15],
    ],
)
def test_a_row_outside_the_range_or_with_no_choice_is_new(x: Floats, row: list[float]) -> None:
    preprocessor, novelty = _novelty(x)
    assert novelty.measure(preprocessor.transform(np.array([row])))[0] > 1.0


@given(steps=st.lists(st.floats(0.0, 3.0), min_size=2, max_size=10))
def test_novelty_only_grows_on_the_way_out(steps: list[float]) -> None:
    rng = np.random.default_rng(1)
    inside = np.column_stack([rng.uniform(10, 400, 60), rng.integers(0, 3, 60), rng.uniform(0.1, 0.2, 60)])
    preprocessor, novelty = _novelty(inside)
    way = np.array([[400.0 * (1.0 + step), 1.0, 0.15] for step in sorted(steps)])
    measured = novelty.measure(preprocessor.transform(way))
    assert (np.diff(measured) >= -1e-9).all()


def test_a_hole_in_the_middle_of_the_data_is_new() -> None:
    edge = np.concatenate([np.linspace(0.0, 1.0, 40), np.linspace(9.0, 10.0, 40)])
    preprocessor = Preprocessor.fit(edge[:, None], (InputKind(),))
    novelty = Novelty.fit(preprocessor, preprocessor.transform(edge[:, None]), 0)
    assert novelty.measure(preprocessor.transform(np.array([[5.0]])))[0] > 1.0


def test_a_constant_input_may_not_move() -> None:
    data = np.column_stack([np.arange(20.0), np.full(20, 25.0)])
    preprocessor = Preprocessor.fit(data, (InputKind(), InputKind()))
    novelty = Novelty.fit(preprocessor, preprocessor.transform(data), 0)
    assert novelty.measure(preprocessor.transform(np.array([[5.0, 25.0]])))[0] == 0.0
    assert novelty.measure(preprocessor.transform(np.array([[5.0, 30.0]])))[0] > 1.0


def test_a_constant_input_of_small_numbers_may_not_move_either() -> None:
    data = np.column_stack([np.arange(20.0), np.full(20, 1e-4)])
    preprocessor = Preprocessor.fit(data, (InputKind(), InputKind()))
    novelty = Novelty.fit(preprocessor, preprocessor.transform(data), 0)
    assert novelty.measure(preprocessor.transform(np.array([[5.0, 2e-4]])))[0] > 1.0
