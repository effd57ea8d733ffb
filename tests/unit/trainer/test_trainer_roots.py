"""Amounts that spread over decades are bent towards symmetry, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.parity import run_onnx
from trainer.preprocess import InputKind, Preprocessor
from trainer.roots import Roots
from trainer.surrogate import Prepared

RNG = np.random.default_rng(0)
ROWS = 120
AMOUNTS = np.where(RNG.random(ROWS) < 0.2, 0.0, RNG.lognormal(0.0, 1.5, ROWS))
NUMBER = InputKind()


def _roots(*columns: np.ndarray, kinds: tuple[InputKind, ...] | None = None) -> tuple[Roots, np.ndarray]:
    x = np.column_stack(columns)
    preprocessor = Preprocessor.fit(x, kinds or (NUMBER,) * len(columns))
    z = preprocessor.transform(x)
    return Roots.fit(preprocessor, z), z


def _skewness(values: np.ndarray) -> float:
    apart = values - values.mean()
    return float((apart**3).mean() / apart.std() ** 3)


def test_amounts_over_decades_lose_their_skewness_and_keep_unit_size() -> None:
    roots, z = _roots(AMOUNTS)
    bent = roots.apply(z)[:, 0]
    assert roots.roots == (2,)
    assert abs(_skewness(bent)) < 0.2 * _skewness(z[:, 0])
    assert (bent.mean(), bent.std()) == pytest.approx((0.0, 1.0), abs=1e-9)


def test_what_is_even_or_below_zero_or_a_choice_stays_as_it_is() -> None:
    even, signed = RNG.uniform(10.0, 400.0, ROWS), RNG.lognormal(0.0, 1.5, ROWS) - 2.0
    choice = (RNG.random(ROWS) < 0.02).astype(float)
    roots, z = _roots(even, signed, choice, kinds=(NUMBER, NUMBER, InputKind(choice_count=2)))
    assert roots.roots == (0, 0, 0, 0)
    np.testing.assert_array_equal(roots.apply(z), z)


@given(st.lists(st.floats(-5.0, 1e3), min_size=2, max_size=20, unique=True))
def test_more_stays_more_below_zero_and_far_above_the_largest_amount(values: list[float]) -> None:
    preprocessor = Preprocessor.fit(AMOUNTS[:, None], (NUMBER,))
    roots = Roots.fit(preprocessor, preprocessor.transform(AMOUNTS[:, None]))
    bent = roots.apply(preprocessor.transform(np.sort(values)[:, None]))[:, 0]
    assert (np.diff(bent) >= 0.0).all()


def test_a_rounding_error_at_zero_does_not_grow() -> None:
    roots, _ = _roots(AMOUNTS)
    at_zero = roots.zero[None, :]
    assert abs(roots.apply(at_zero + 1e-15) - roots.apply(at_zero)).max() < 1e-9


def test_the_graph_bends_as_the_model_does_and_novelty_is_that_of_the_plain_inputs() -> None:
    x = np.column_stack([RNG.uniform(0.0, 1.0, ROWS), AMOUNTS, AMOUNTS[::-1] ** 1.2])
    y = np.column_stack([np.sqrt(AMOUNTS) + x[:, 0]])
    surrogate = Prepared.of(x, y, (NUMBER,) * 3, 0).fit("ridge", 0)
    assert surrogate.prepared.roots.roots[0] == 0 < min(surrogate.prepared.roots.roots[1:])
    rows = np.vstack([x, 10.0 * x, -x])
    expected, found = surrogate.predict(rows), run_onnx(surrogate.to_onnx("roots"), rows)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9)
    np.testing.assert_allclose(found.novelty, expected.novelty, rtol=1e-9, atol=1e-9)
    above = x.max(axis=0) * [1.0, 1.1, 1.0]
    # A tenth of the range beyond it is two twentieths.
    assert surrogate.predict(above[None, :]).novelty[0] >= 2.0 - 1e-9


def test_a_model_on_amounts_over_decades_needs_no_help() -> None:
    half = ROWS // 2
    x, y = AMOUNTS[:, None], np.cbrt(AMOUNTS)[:, None]
    answer = Prepared.of(x[:half], y[:half], (NUMBER,), 0).fit("ridge", 0).predict(x[half:])
    assert float(((answer.mean - y[half:]) ** 2).mean()) < 0.1 * float(y.var())
