"""Gaps are filled from the other numbers of a row, by what training rows taught, and in the graph alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import TrainerError, UsageError
from trainer.parity import check_parity
from trainer.preprocess import InputKind, Preprocessor
from trainer.surrogate import Prepared
from trainer.target_scale import Scales, TargetScale, check_scale, choose_scale, parse_scale

if TYPE_CHECKING:
    from trainer.arrays import Floats

METHODS = ("neighbours", "iterative")
RNG = np.random.default_rng(0)
KNOWN = RNG.normal(size=(200, 1)) @ np.array([[1.0, -20.0, 300.0]]) + RNG.normal(size=(200, 3)) * [
    0.1,
    2.0,
    30.0,
]
CHOICE = RNG.integers(0, 2, 200).astype(np.float64)
X = np.column_stack([KNOWN, CHOICE])


def _kinds(method: str) -> tuple[InputKind, ...]:
    return (*(InputKind(may_miss=True, filled_by=method),) * 3, InputKind(2))


def _with_gaps(share: float) -> Floats:
    holes = np.random.default_rng(1).uniform(size=(200, 3)) < share
    x = X.copy()
    x[:, :3][holes] = np.nan
    return x


def _error(method: str) -> float:
    x = _with_gaps(0.2)
    z = Preprocessor.fit(X, _kinds("fill")).transform(X)
    filled = Preprocessor.fit(x, _kinds(method))
    # The same scaling for all, so that only the filling differs.
    back = filled.transform(x)[:, :3] * filled.scale[:3] + filled.mean[:3]
    plain = Preprocessor.fit(X, _kinds("fill"))
    return float(np.abs((back - plain.mean[:3]) / plain.scale[:3] - z[:, :3]).mean())


@pytest.mark.parametrize("method", METHODS)
def test_other_numbers_tell_more_than_a_median(method: str) -> None:
    assert _error(method) < 0.4 * _error("fill")


@pytest.mark.parametrize("method", METHODS)
def test_what_is_known_stays_as_it_is(method: str) -> None:
    x = _with_gaps(0.3)
    filler = Preprocessor.fit(x, _kinds(method)).filler
    assert filler is not None
    filled = filler.fill(x)
    np.testing.assert_array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])
    assert np.isfinite(filled).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_row_of_gaps_becomes_the_mean(method: str) -> None:
    filler = Preprocessor.fit(_with_gaps(0.1), _kinds(method)).filler
    assert filler is not None
    filled = filler.fill(np.array([[np.nan, np.nan, np.nan, 1.0]]))
    assert np.isfinite(filled).all()
    assert (np.abs(filled[0, :3]) < KNOWN.std(axis=0)).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_graph_fills_as_the_fitted_model(method: str) -> None:
    x = _with_gaps(0.2)
    surrogate = Prepared.of(x, KNOWN[:, :1] ** 2, _kinds(method), 0).fit("ridge", 0)
    far = np.vstack([x, 5.0 * x, np.full((1, 4), np.nan) * [1, 1, 1, 0] + [0, 0, 0, 1.0]])
    far[:, 3] = np.nan_to_num(far[:, 3])
    parity = check_parity(surrogate.to_onnx("gaps"), surrogate, far, ["y"], 1e-6)
    assert parity.rows == 401


def test_collinear_columns_and_constant_ones_do_no_harm() -> None:
    x = np.column_stack([KNOWN[:, 0], 2.0 * KNOWN[:, 0], np.full(200, 3.0), CHOICE])
    x[::7, 1] = np.nan
    for method in METHODS:
        filler = Preprocessor.fit(x, _kinds(method)).filler
        assert filler is not None
        assert np.abs(filler.fill(x)[::7, 1] - 2.0 * KNOWN[::7, 0]).max() < 1.0


Y = np.column_stack([np.exp(KNOWN[:, 0]), 100.0 / (1.0 + np.exp(-3.0 * KNOWN[:, 0])), KNOWN[:, 2]])
SCALES = (TargetScale("log"), TargetScale("bounded", 0.0, 100.0), TargetScale())


@pytest.mark.parametrize("algorithm", ["ridge", "gp"])
def test_the_graph_gives_targets_back_in_their_own_unit(algorithm: str) -> None:
    x = X[:60]
    surrogate = Prepared.of(x, Y[:60], _kinds("fill"), 0, SCALES).fit(algorithm, 0)
    rows = np.vstack([X, 50.0 * X * [1, 1, 1, 0]])
    check_parity(surrogate.to_onnx("scales"), surrogate, rows, ["a", "b", "c"], 1e-6)
    answer = surrogate.predict(rows)
    assert (answer.mean[:, 0] > 0.0).all()
    assert ((answer.mean[:, 1] >= 0.0) & (answer.mean[:, 1] <= 100.0)).all()
    assert np.isfinite(answer.std).all()


def test_transformed_targets_come_back() -> None:
    scales, u = Scales.fit(SCALES, Y)
    assert scales is not None
    mean, std = scales.inverse(u, np.full_like(u, 0.01))
    np.testing.assert_allclose(mean[:, [0, 2]], Y[:, [0, 2]])
    np.testing.assert_allclose(mean[:, 1], Y[:, 1], atol=0.5)
    np.testing.assert_allclose(std[:, 0], 0.01 * Y[:, 0])


def test_a_linear_model_of_a_logarithm_beats_a_plain_one() -> None:
    y = np.exp(3.0 * KNOWN[:, :1])
    plain, log = (
        Prepared.of(X[:150], y[:150], _kinds("fill"), 0, scale).fit("ridge", 0)
        for scale in ((), (TargetScale("log"),))
    )
    missed = [float(np.abs(model.predict(X[150:]).mean - y[150:]).mean()) for model in (plain, log)]
    assert missed[1] < 0.2 * missed[0]


def test_plain_targets_cost_nothing() -> None:
    scales, u = Scales.fit((TargetScale(),) * 3, Y)
    assert scales is None
    assert u is Y


def test_the_scale_is_chosen_by_evidence() -> None:
    assert choose_scale(KNOWN[:, :1], np.exp(3.0 * KNOWN[:, 0]), "nm")[0] == TargetScale("log")
    scale, gain = choose_scale(KNOWN[:, :1], Y[:, 1], "%")
    assert (scale, gain > 10.0) == (TargetScale("bounded", 0.0, 100.0), True)
    assert choose_scale(KNOWN[:, :1], KNOWN[:, 2], "nm") == (TargetScale(), 0.0)


@pytest.mark.parametrize("text", ["plain", "log", "bounded:0.0:100.0"])
def test_a_scale_is_read_as_it_is_written(text: str) -> None:
    assert str(parse_scale(text)) == text


@pytest.mark.parametrize(
    "text", ["", "log:1", "bounded", "bounded:1:0", "bounded:a:b", "bounded:0:inf", "auto"]
)
def test_a_scale_that_is_none_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match="is not understood"):
        parse_scale(text)


def test_a_scale_must_fit_its_target() -> None:
    with pytest.raises(TrainerError, match="target 'y' is -1 somewhere, which has no logarithm"):
        check_scale(TargetScale("log"), np.array([-1.0, 2.0]), "y")
    with pytest.raises(TrainerError, match=r"target 'y' is 0\.5 to 2, not within 0 to 1"):
        check_scale(TargetScale("bounded"), np.array([0.5, 2.0]), "y")
