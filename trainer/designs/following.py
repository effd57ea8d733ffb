"""Next experiments by active learning: where a model is unsure, or where it expects something better.

A batch is chosen one by one; each choice is taken into the data with the value that the model expects there
("kriging believer", Ginsbourger et al. 2010), so that the next one lies elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from trainer.designs.factors import Factor
from trainer.designs.first import sobol
from trainer.errors import UsageError
from trainer.surrogate import Prepared
from trainer.units import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.arrays import Floats
    from trainer.dataset import Dataset
    from trainer.designs.constraints import Constraint
    from trainer.surrogate import Prediction

AIMS = ("explore", "maximise", "minimise")
MAX_BATCH = 96
CANDIDATES = 2048


@dataclass(frozen=True)
class Following:
    """Proposed conditions [k, d] and what the model expects there, `mean` and `std` [k, m], `novelty` [k]."""

    points: Floats
    mean: Floats
    std: Floats
    novelty: Floats


def factors_of(dataset: Dataset, given: Sequence[Factor]) -> tuple[Factor, ...]:
    """Every input as a factor in its measured range, or in the one that is given for it."""
    by_name = {factor.name: factor for factor in given}
    if foreign := set(by_name) - {column.name for column in dataset.inputs}:
        raise UsageError(f"--factor {min(foreign)!r} is no input of {dataset.source}")
    factors = []
    for column in dataset.inputs:
        low, high = float(np.nanmin(column.data)), float(np.nanmax(column.data))
        factor = by_name.get(column.name)
        if factor is not None and (factor.choices or column.choices):
            raise UsageError(
                f"--factor {column.name!r}: choices come from {dataset.source}", remedy="leave it out"
            )
        if factor is not None:
            low, high = _bounds(factor, column.unit, dataset.source)
        factors.append(Factor(column.header, column.name, column.unit, low, high, column.choices))
    return tuple(factors)


def _bounds(given: Factor, unit: str, source: str) -> tuple[float, float]:
    """Return `low` and `high` in the `unit` of the data; those of a factor without a unit as they are."""
    if not given.unit or given.unit == unit:
        return given.low, given.high
    where = f"--factor {given.header!r}"
    if not unit:
        raise UsageError(f"{where}: {given.name!r} has no unit in {source}", remedy="leave it out here")
    low, high = convert(np.array([given.low, given.high]), given.unit, unit, where).tolist()
    return low, high


def following(
    dataset: Dataset,
    factors: Sequence[Factor],
    constraints: Sequence[Constraint],
    *,
    rows: int,
    aim: str,
    algorithm: str,
    seed: int,
    progress: Callable[[int, int], None],
) -> Following:
    """Choose `rows` experiments for `aim`; to maximise or minimise, there must be one target."""
    if aim not in AIMS:
        raise UsageError(f"--aim {aim!r} is unknown", remedy=f"choose of {', '.join(AIMS)}")
    if aim != "explore" and len(dataset.targets) > 1:
        raise UsageError(f"--aim {aim} of {len(dataset.targets)} targets", remedy="name one --target")
    if not 1 <= rows <= MAX_BATCH:
        raise UsageError(f"--rows {rows} is not within 1 to {MAX_BATCH}")
    varied = [index for index, factor in enumerate(factors) if factor.low < factor.high]
    if not varied:
        raise UsageError(f"{dataset.source}: no input varies", remedy="give it a range with --factor")
    pool = _pool(factors, varied, constraints, seed)
    x, y = dataset.x, dataset.y
    chosen, expected = [], []
    for number in range(rows):
        model = Prepared.of(x, y, dataset.kinds, seed, dataset.scales).fit(algorithm, seed)
        answer = model.predict(pool)
        best = int(_worth(answer, y[: len(dataset.y)], aim).argmax())
        chosen.append(pool[best])
        expected.append((answer.mean[best], answer.std[best], answer.novelty[best]))
        x, y = np.vstack([x, pool[best]]), np.vstack([y, answer.mean[best]])
        pool = np.delete(pool, best, axis=0)
        progress(number + 1, rows)
    mean, std, novelty = (np.array(part) for part in zip(*expected, strict=True))
    return Following(np.array(chosen), mean, std, novelty)


def _pool(
    factors: Sequence[Factor], varied: list[int], constraints: Sequence[Constraint], seed: int
) -> Floats:
    """Feasible candidates; an input that never varied stays as it was."""
    spread = sobol([factors[index] for index in varied], (), CANDIDATES * 4, seed)
    pool = np.tile(np.array([factor.low for factor in factors]), (len(spread), 1))
    pool[:, varied] = spread
    for constraint in constraints:
        pool = pool[constraint.holds(pool)]
    if len(pool) < MAX_BATCH:
        texts = ", ".join(constraint.text for constraint in constraints)
        raise UsageError(f"hardly any condition meets {texts}", remedy="relax --where")
    return np.asarray(pool[:CANDIDATES])


def _worth(answer: Prediction, measured: Floats, aim: str) -> Floats:
    """Deviation in units of each target's, or expected improvement on the best measured (Jones 1998)."""
    if aim == "explore":
        spread = np.maximum(measured.std(axis=0), np.finfo(float).tiny)
        return np.asarray((answer.std / spread).mean(axis=1))
    sign = 1.0 if aim == "maximise" else -1.0
    gain = sign * answer.mean[:, 0] - (sign * measured[:, 0]).max()
    std = answer.std[:, 0]
    score = gain / std
    return np.asarray(gain * norm.cdf(score) + std * norm.pdf(score))
