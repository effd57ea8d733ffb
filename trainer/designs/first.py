"""First experiments: Latin hypercube, Sobol, factorial and D-optimal designs, within constraints.

A design is an array [n, d] of factor values; equal seeds give equal designs.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import qmc

from trainer.designs.factors import from_unit, to_unit
from trainer.distances import squared_distances
from trainer.errors import TrainerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats, Ints
    from trainer.designs.constraints import Constraint
    from trainer.designs.factors import Factor

MAX_ROWS = 10_000
MAX_LEVELS = 20
# A feasible part of the space smaller than one in so many is not found by chance.
_MAX_OVERSAMPLING = 4096
_MAX_SAMPLES = 1 << 18
# The order of a larger hypercube takes long to improve, and little is gained.
_MAX_OPTIMISED = 500
_CANDIDATES = 2000
_STARTS = 4
_MAX_PASSES = 30
_RIDGE = 1e-8
ORDERS = ("linear", "interactions", "quadratic")


def latin_hypercube(
    factors: Sequence[Factor], constraints: Sequence[Constraint], rows: int, seed: int
) -> Floats:
    """Every factor's range in `rows` equal parts, one point in each (McKay 1979), spread evenly.

    Under constraints, of a larger hypercube's feasible points those that lie furthest apart.
    """
    _check_rows(rows)
    share = 1
    while share <= _MAX_OVERSAMPLING and share * rows <= _MAX_SAMPLES:
        optimise: Literal["random-cd"] | None = "random-cd" if 1 < share * rows <= _MAX_OPTIMISED else None
        sampler = qmc.LatinHypercube(len(factors), rng=np.random.default_rng(seed), optimization=optimise)
        points = _feasible(from_unit(factors, sampler.random(share * rows)), constraints)
        if len(points) == rows:
            return points
        if len(points) > rows:
            return np.asarray(points[furthest_apart(to_unit(factors, points), rows)])
        share *= 2
    raise _too_tight(constraints, rows)


def sobol(factors: Sequence[Factor], constraints: Sequence[Constraint], rows: int, seed: int) -> Floats:
    """Return the first feasible points of a scrambled Sobol sequence."""
    _check_rows(rows)
    exponent = max(math.ceil(math.log2(rows)), 1)
    while 2**exponent <= min(_MAX_SAMPLES, rows * _MAX_OVERSAMPLING * 2):
        sampler = qmc.Sobol(len(factors), scramble=True, rng=np.random.default_rng(seed))
        points = _feasible(from_unit(factors, sampler.random_base2(exponent)), constraints)
        if len(points) >= rows:
            return np.asarray(points[:rows])
        exponent += 1
    raise _too_tight(constraints, rows)


def factorial(factors: Sequence[Factor], constraints: Sequence[Constraint], levels: int) -> Floats:
    """Every feasible combination of `levels` even steps of each number and every choice."""
    if not 2 <= levels <= MAX_LEVELS:
        raise UsageError(f"--levels {levels} is not within 2 to {MAX_LEVELS}")
    counts = [len(factor.choices) or levels for factor in factors]
    if math.prod(counts) > MAX_ROWS:
        raise UsageError(
            f"{math.prod(counts)} combinations, more than {MAX_ROWS}",
            remedy="use fewer --levels, or d-optimal",
        )
    axes = [
        np.arange(count, dtype=np.float64) if factor.choices else np.linspace(factor.low, factor.high, count)
        for factor, count in zip(factors, counts, strict=True)
    ]
    points = _feasible(np.array(list(product(*axes))), constraints)
    if not len(points):
        raise _too_tight(constraints, 1)
    return points


def d_optimal(
    factors: Sequence[Factor], constraints: Sequence[Constraint], rows: int, order: str, seed: int
) -> Floats:
    """Rows whose model matrix X has the largest |X'X|, by Fedorov's exchange (1972) from several starts.

    `order`: of the model that the design shall determine best; rows may repeat.
    """
    _check_rows(rows)
    if order not in ORDERS:
        raise UsageError(f"--order {order!r} is unknown", remedy=f"choose of {', '.join(ORDERS)}")
    candidates = _candidates(factors, constraints, seed)
    model = model_matrix(factors, candidates, order)
    if rows < model.shape[1]:
        raise UsageError(
            f"{rows} rows cannot determine the {model.shape[1]} terms of a model of order {order}",
            remedy="ask for more --rows, or a lower --order",
        )
    rng = np.random.default_rng(seed)
    found = [_exchange(model, rng.integers(0, len(model), rows)) for _ in range(_STARTS)]
    best = max(found, key=lambda chosen: _log_determinant(model[chosen]))
    return candidates[np.sort(best)]


def model_matrix(factors: Sequence[Factor], points: Floats, order: str) -> Floats:
    """Points [n, d] to terms [n, t]: intercept, effects and what `order` adds.

    Numbers go from -1 to 1; choices are coded against the last, so that effects sum to 0.
    """
    effects: list[Floats] = []
    squares: list[Floats] = []
    owner: list[int] = []
    for index, factor in enumerate(factors):
        values = points[:, index]
        if factor.choices:
            last = (values == len(factor.choices) - 1.0).astype(np.float64)
            own = [(values == choice) - last for choice in range(len(factor.choices) - 1)]
        else:
            own = [2.0 * (values - factor.low) / (factor.high - factor.low) - 1.0]
            squares.append(own[0] ** 2)
        effects.extend(own)
        owner.extend([index] * len(own))
    terms = [np.ones(len(points)), *effects]
    if order != "linear":
        terms.extend(
            effects[i] * effects[j]
            for i in range(len(effects))
            for j in range(i + 1, len(effects))
            if owner[i] != owner[j]
        )
    if order == "quadratic":
        terms.extend(squares)
    return np.column_stack(terms)


def furthest_apart(points: Floats, count: int) -> Ints:
    """Choose `count` rows one after another, each furthest from those before it (maximin, greedy)."""
    centre = points.mean(axis=0, keepdims=True)
    chosen = [int(squared_distances(points, centre)[:, 0].argmin())]
    nearest = squared_distances(points, points[chosen])[:, 0]
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, squared_distances(points, points[chosen[-1:]])[:, 0])
    return np.array(chosen)


def _candidates(factors: Sequence[Factor], constraints: Sequence[Constraint], seed: int) -> Floats:
    """Three levels where they are few enough, and points between them for what constraints cut off."""
    counts = [len(factor.choices) or 3 for factor in factors]
    parts = [sobol(factors, constraints, _CANDIDATES // 2, seed)] if constraints else []
    if math.prod(counts) <= _CANDIDATES:
        unit_axes = [
            (np.arange(count) + 0.5 if factor.choices else np.arange(count)) / _span(factor, count)
            for factor, count in zip(factors, counts, strict=True)
        ]
        grid = from_unit(factors, np.array(list(product(*unit_axes))))
        parts.append(_feasible(grid, constraints))
    else:
        corners = np.random.default_rng(seed).integers(0, 3, (_CANDIDATES, len(factors))) / 2.0
        parts.append(_feasible(from_unit(factors, corners), constraints))
    return np.unique(np.vstack(parts), axis=0)


def _span(factor: Factor, count: int) -> float:
    return float(count if factor.choices else count - 1)


def _exchange(model: Floats, start: Ints) -> Ints:
    """Swap the pair of rows that gains most, as long as the determinant grows."""
    chosen = start.copy()
    for _ in range(_MAX_PASSES * len(chosen)):
        inverse = np.linalg.inv(model[chosen].T @ model[chosen] + _RIDGE * np.eye(model.shape[1]))
        leverage = np.einsum("ij,jk,ik->i", model, inverse, model)
        cross = model[chosen] @ inverse @ model.T
        own = leverage[chosen][:, None]
        # Fedorov's delta: the determinant grows by the factor 1 + delta when a chosen row gives way.
        delta = leverage[None, :] - own - own * leverage[None, :] + cross**2
        out, into = divmod(int(delta.argmax()), len(model))
        if delta[out, into] <= 1e-6:
            break
        chosen[out] = into
    return chosen


def _log_determinant(model: Floats) -> float:
    return float(np.linalg.slogdet(model.T @ model + _RIDGE * np.eye(model.shape[1]))[1])


def _feasible(points: Floats, constraints: Sequence[Constraint]) -> Floats:
    held = np.ones(len(points), dtype=np.bool_)
    for constraint in constraints:
        held &= constraint.holds(points)
    return points[held]


def _check_rows(rows: int) -> None:
    if not 1 <= rows <= MAX_ROWS:
        raise UsageError(f"--rows {rows} is not within 1 to {MAX_ROWS}")


def _too_tight(constraints: Sequence[Constraint], rows: int) -> TrainerError:
    texts = ", ".join(constraint.text for constraint in constraints)
    return TrainerError(
        f"fewer than {rows} points meet {texts}", remedy="relax --where, or narrow the factors' ranges"
    )
