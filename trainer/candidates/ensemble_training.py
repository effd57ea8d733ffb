"""Trains many small networks at once: every step is one batched product for all of them.

Adam (Kingma & Ba 2015) with a learning rate that falls as a half cosine, in single precision: what decides is
the ensemble, not the last digit of a member. Members see the same mini-batches, each weighted by its own
bootstrap sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet

# Enough passes that a second as many gain nothing, within the least and the most number of steps.
PASSES = 100
MIN_STEPS, MAX_STEPS = 3000, 6000
BATCH = 64
RATE = 0.02
_DECAY_OF_MEAN, _DECAY_OF_SQUARE, _TINY = 0.9, 0.999, 1e-8
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Members:
    """Networks of one hidden tanh layer each.

    `inner` [k, p, h], `inner_bias` [k, 1, h], `outer` [k, h, q], `outer_bias` [k, 1, q]; `drawn` [k, u] how
    often each condition was in the bootstrap sample.
    """

    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats
    drawn: Floats


def train_members(data: TrainingSet, hidden: int, decay: float, count: int, seed: int) -> Members:
    """Train `count` networks of `hidden` units; `decay` is the penalty on squared weights, as for one row."""
    rng = np.random.default_rng(seed)
    rows, features = data.z.shape
    drawn = rng.multinomial(rows, np.full(rows, 1.0 / rows), size=count).astype(np.float64)
    weights = (drawn * (data.counts / data.counts.mean())).astype(np.float32)
    network = _Trainee(
        [
            _start(rng, (count, features, hidden), features),
            _start(rng, (count, 1, hidden), features),
            _start(rng, (count, hidden, data.y.shape[1]), hidden),
            np.zeros((count, 1, data.y.shape[1]), dtype=np.float32),
        ]
    )
    z, y = data.z.astype(np.float32), data.y.astype(np.float32)
    batch = min(BATCH, rows)
    steps = min(max(PASSES * rows // batch, MIN_STEPS), MAX_STEPS)
    order = np.empty(0, dtype=np.int64)
    for step in range(steps):
        if len(order) < batch:
            order = rng.permutation(rows)
        chosen, order = order[:batch], order[batch:]
        rate = 0.5 * RATE * (1.0 + np.cos(np.pi * step / steps))
        network.step(z[chosen], y[chosen], weights[:, chosen], decay / rows, rate)
    inner, inner_bias, outer, outer_bias = (part.astype(np.float64) for part in network.parts)
    return Members(inner, inner_bias, outer, outer_bias, drawn)


def join(groups: list[Members]) -> Members:
    """Put groups of members together."""
    return Members(
        *(
            np.concatenate([getattr(group, name) for group in groups])
            for name in ("inner", "inner_bias", "outer", "outer_bias", "drawn")
        )
    )


class _Trainee:
    """Weights of all members, and Adam's running mean and square of each slope."""

    def __init__(self, parts: list[Singles]) -> None:
        self.parts = parts
        self._means = [np.zeros_like(part) for part in parts]
        self._squares = [np.zeros_like(part) for part in parts]
        self._steps = 0

    def step(self, z: Singles, y: Singles, weights: Singles, decay: float, rate: float) -> None:
        """Go one step down the weighted squared error of a batch `z` [b, p], `y` [b, q], `weights` [k, b]."""
        inner, inner_bias, outer, outer_bias = self.parts
        signal = np.tanh(z @ inner + inner_bias)
        error = (signal @ outer + outer_bias - y) * (weights[:, :, None] / np.float32(len(z)))
        back = (error @ outer.transpose(0, 2, 1)) * (1.0 - signal * signal)
        slopes = [
            z.T @ back + decay * inner,
            back.sum(axis=1, keepdims=True),
            signal.transpose(0, 2, 1) @ error + decay * outer,
            error.sum(axis=1, keepdims=True),
        ]
        self._descend(slopes, rate)

    def _descend(self, slopes: list[Singles], rate: float) -> None:
        self._steps += 1
        mean_share = 1.0 - _DECAY_OF_MEAN**self._steps
        square_share = 1.0 - _DECAY_OF_SQUARE**self._steps
        for part, slope, mean, square in zip(self.parts, slopes, self._means, self._squares, strict=True):
            mean[:] += (1.0 - _DECAY_OF_MEAN) * (slope - mean)
            square[:] += (1.0 - _DECAY_OF_SQUARE) * (slope * slope - square)
            part[:] -= (rate / mean_share) * mean / (np.sqrt(square / square_share) + _TINY)


def _start(rng: np.random.Generator, shape: tuple[int, ...], inputs: int) -> Singles:
    """Draw weights whose sums over `inputs` signals have deviation 1."""
    return rng.normal(0.0, 1.0 / np.sqrt(inputs), shape).astype(np.float32)
