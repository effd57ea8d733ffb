"""Trains many small networks at once: every step is one batched product for all of them.

Adam (Kingma & Ba 2015) with a learning rate that falls as a half cosine, in single precision: what decides is
the ensemble, not the last digit of a member. Members see the same mini-batches, each weighted by its own
bootstrap sample.
"""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class Group:
    """`count` networks of `hidden` units; `decay` is the penalty on squared weights, as for one row."""

    hidden: int
    decay: float
    count: int
    seed: int


def train_members(data: TrainingSet, group: Group) -> Members:
    """Train a group side by side; equal seeds give equal networks, wherever."""
    count, hidden = group.count, group.hidden
    rng = np.random.default_rng(group.seed)
    rows, features = data.z.shape
    drawn = rng.multinomial(rows, np.full(rows, 1.0 / rows), size=count).astype(np.float64)
    weights = (drawn * (data.counts / data.counts.mean())).astype(np.float32)
    batch = min(BATCH, rows)
    network = _Trainee(
        [
            _start(rng, (count, features, hidden), features),
            _start(rng, (count, 1, hidden), features),
            _start(rng, (count, hidden, data.y.shape[1]), hidden),
            np.zeros((count, 1, data.y.shape[1]), dtype=np.float32),
        ],
        batch,
    )
    z, y = data.z.astype(np.float32), data.y.astype(np.float32)
    steps = min(max(PASSES * rows // batch, MIN_STEPS), MAX_STEPS)
    order = np.empty(0, dtype=np.int64)
    for step in range(steps):
        if len(order) < batch:
            order = rng.permutation(rows)
        chosen, order = order[:batch], order[batch:]
        rate = 0.5 * RATE * (1.0 + math.cos(math.pi * step / steps))
        network.step(z[chosen], y[chosen], weights[:, chosen], group.decay / rows, rate)
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
    """Weights of all members, and Adam's running mean and square of each slope.

    Every step works in the same memory: in a dask worker, which gives memory back at once, asking for it anew
    costs more than the arithmetic.
    """

    def __init__(self, parts: list[Singles], batch: int) -> None:
        self.parts = parts
        count, _, hidden = parts[0].shape
        self._signal = np.empty((count, batch, hidden), dtype=np.float32)
        self._back = np.empty_like(self._signal)
        self._bend = np.empty_like(self._signal)
        self._error = np.empty((count, batch, parts[2].shape[2]), dtype=np.float32)
        self._slopes = [np.empty_like(part) for part in parts]
        self._scratch = [np.empty_like(part) for part in parts]
        self._means = [np.zeros_like(part) for part in parts]
        self._squares = [np.zeros_like(part) for part in parts]
        self._steps = 0

    def step(self, z: Singles, y: Singles, weights: Singles, decay: float, rate: float) -> None:
        """Go one step down the weighted squared error of a batch `z` [b, p], `y` [b, q], `weights` [k, b]."""
        inner, inner_bias, outer, outer_bias = self.parts
        signal, error, back, bend = self._signal, self._error, self._back, self._bend
        np.matmul(z, inner, out=signal)
        np.tanh(np.add(signal, inner_bias, out=signal), out=signal)
        np.matmul(signal, outer, out=error)
        error += outer_bias
        error -= y
        error *= weights[:, :, None] / np.float32(len(z))
        np.matmul(error, outer.transpose(0, 2, 1), out=back)
        # The slope of tanh.
        np.subtract(np.float32(1.0), np.multiply(signal, signal, out=bend), out=bend)
        back *= bend
        of_inner, of_inner_bias, of_outer, of_outer_bias = self._slopes
        np.matmul(z.T, back, out=of_inner)
        np.sum(back, axis=1, keepdims=True, out=of_inner_bias)
        np.matmul(signal.transpose(0, 2, 1), error, out=of_outer)
        np.sum(error, axis=1, keepdims=True, out=of_outer_bias)
        of_inner += np.multiply(inner, decay, out=self._scratch[0])
        of_outer += np.multiply(outer, decay, out=self._scratch[2])
        self._descend(rate)

    def _descend(self, rate: float) -> None:
        self._steps += 1
        mean_share = 1.0 - _DECAY_OF_MEAN**self._steps
        square_share = 1.0 - _DECAY_OF_SQUARE**self._steps
        for part, slope, mean, square, scratch in zip(
            self.parts, self._slopes, self._means, self._squares, self._scratch, strict=True
        ):
            _approach(mean, slope, 1.0 - _DECAY_OF_MEAN, scratch)
            _approach(square, np.multiply(slope, slope, out=slope), 1.0 - _DECAY_OF_SQUARE, scratch)
            np.sqrt(np.divide(square, square_share, out=scratch), out=scratch)
            np.divide(mean, np.add(scratch, _TINY, out=scratch), out=scratch)
            np.subtract(part, np.multiply(scratch, rate / mean_share, out=scratch), out=part)


def _approach(value: Singles, target: Singles, share: float, scratch: Singles) -> None:
    """Bring `value` nearer to `target`, in place, by a share of what lies between."""
    np.subtract(target, value, out=scratch)
    np.add(value, np.multiply(scratch, share, out=scratch), out=value)


def _start(rng: np.random.Generator, shape: tuple[int, ...], inputs: int) -> Singles:
    """Draw weights whose sums over `inputs` signals have deviation 1."""
    return rng.normal(0.0, 1.0 / np.sqrt(inputs), shape).astype(np.float32)
