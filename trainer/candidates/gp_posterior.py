"""The log posterior of a Gaussian process's hyper-parameters, with its gradient. See `gp` for the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_solve, cholesky

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import TrainingSet
    from trainer.candidates.kernels import Kernel

# log length scale ~ N(sqrt(2) + log(inputs) / 2, 3) on unit ranges; a uniform input of unit deviation has
# range sqrt(12).
_SCALE_MIDDLE = np.sqrt(2.0) + 0.5 * np.log(12.0)
_SCALE_VARIANCE = 3.0
_NOISE_MIDDLE = -4.0
_NOISE_VARIANCE = 1.0
_SCALE_BOUNDS = (-4.0, 9.0)
# The lower bound keeps C positive definite in double precision.
_NOISE_BOUNDS = (-14.0, 3.0)
_GROUP_MIDDLE = -2.0
_GROUP_VARIANCE = 4.0


@dataclass(frozen=True)
class Hyperparameters:
    """`length_scales` [d]; variances relative to the signal's, 0 where there are no groups, no replicates."""

    length_scales: Floats
    condition_noise: float
    group_variance: float
    row_noise: float


def covariance(kernel: Floats, data: TrainingSet, at: Hyperparameters) -> Floats:
    """C of the module `gp`, from K [u, u]."""
    diagonal = np.diag(at.condition_noise + at.row_noise / data.counts)
    if data.group_of is None:
        return kernel + diagonal
    return kernel + diagonal + at.group_variance * same_group(data.group_of)


def same_group(group_of: Ints) -> Floats:
    """Return 1 where two conditions are of one group [u, u], else 0."""
    return np.asarray(group_of[:, None] == group_of, dtype=np.float64)


@dataclass(frozen=True)
class Posterior:
    """A function of theta: logarithms of the length scales [d] and of the variances.

    These are condition noise, group variance if there are groups, row noise if there are replicates.
    """

    kernel: Kernel
    squares: Floats
    data: TrainingSet
    weight: float

    @staticmethod
    def of(data: TrainingSet, kernel: Kernel) -> Posterior:
        """Prepare; `squares` [d, u, u] are squared feature differences summed by input."""
        z = data.z
        squares = np.zeros((int(data.input_of.max()) + 1, len(z), len(z)))
        for feature, source in enumerate(data.input_of):
            squares[source] += (z[:, feature, None] - z[:, feature]) ** 2
        varied = data.y.std(axis=0) > 1e-9
        data = replace(data, y=data.y[:, varied], within=data.within[varied])
        return Posterior(kernel, squares, data, _evidence_weight(data.y))

    @property
    def has_replicates(self) -> bool:
        return bool(self.data.counts.max() > 1.0)

    @property
    def has_groups(self) -> bool:
        return self.data.group_of is not None

    def start(self) -> Floats:
        """Below the priors' middle length scale: a search finds its way up more easily than down."""
        scale = _SCALE_MIDDLE + 0.5 * np.log(len(self.squares)) - 2.0
        groups = [_GROUP_MIDDLE] * self.has_groups
        rows = [_NOISE_MIDDLE] * self.has_replicates
        return np.array([*[scale] * len(self.squares), _NOISE_MIDDLE, *groups, *rows])

    def bounds(self) -> list[tuple[float, float]]:
        variances = 1 + self.has_groups + self.has_replicates
        return [_SCALE_BOUNDS] * len(self.squares) + [_NOISE_BOUNDS] * variances

    def unpack(self, theta: Floats) -> Hyperparameters:
        inputs = len(self.squares)
        values = np.exp(theta)
        return Hyperparameters(
            length_scales=values[:inputs],
            condition_noise=float(values[inputs]),
            group_variance=float(values[inputs + 1]) if self.has_groups else 0.0,
            row_noise=float(values[-1]) if self.has_replicates else 0.0,
        )

    def negative_log(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient."""
        likelihood, likelihood_slope = self._likelihood(theta)
        prior, prior_slope = self._prior(theta)
        return self.weight * likelihood + prior, self.weight * likelihood_slope + prior_slope

    def _prior(self, theta: Floats) -> tuple[float, Floats]:
        """Return the prior, normal in log space; the row noise, which replicates show directly, has none."""
        inputs = len(self.squares)
        groups = [_GROUP_MIDDLE] * self.has_groups
        scale = _SCALE_MIDDLE + 0.5 * np.log(inputs)
        middle = np.array([*[scale] * inputs, _NOISE_MIDDLE, *groups])
        variance = np.array([_SCALE_VARIANCE] * inputs + [_NOISE_VARIANCE] + [_GROUP_VARIANCE] * len(groups))
        off = theta[: len(middle)] - middle
        slope = np.zeros_like(theta)
        slope[: len(middle)] = off / variance
        return float(0.5 * (off**2 / variance).sum()), slope

    def _likelihood(self, theta: Floats) -> tuple[float, Floats]:
        """Negative log likelihood at the best s_j, summed over targets, and its gradient.

        Rasmussen & Williams 2006, eq. 5.9, with C^-1 y and the scale of each target; replicates add
        (N - u) log(w) / 2 and their own squares / w to the data term.
        """
        at = self.unpack(theta)
        data, inputs, (conditions, targets) = self.data, len(self.squares), self.data.y.shape
        inverse_squares = at.length_scales**-2
        r2 = np.tensordot(inverse_squares, self.squares, axes=1)
        lower = cholesky(covariance(self.kernel.value(r2), data, at), lower=True)
        inverse = cho_solve((lower, True), np.eye(conditions))
        solved = inverse @ data.y
        rows = data.counts.sum()
        repeats = data.within / at.row_noise if self.has_replicates else np.zeros(targets)
        scale = ((data.y * solved).sum(axis=0) + repeats) / rows
        value = 0.5 * rows * np.log(scale).sum() + targets * np.log(np.diag(lower)).sum()
        # dL/dC, from which every hyper-parameter's slope follows.
        by_covariance = 0.5 * (targets * inverse - (solved / scale) @ solved.T)
        slope = np.empty_like(theta)
        by_r2 = by_covariance * self.kernel.slope(r2)
        slope[:inputs] = -2.0 * inverse_squares * np.tensordot(self.squares, by_r2, axes=2)
        diagonal = np.diag(by_covariance)
        slope[inputs] = diagonal.sum() * at.condition_noise
        if data.group_of is not None:
            slope[inputs + 1] = (by_covariance * same_group(data.group_of)).sum() * at.group_variance
        if self.has_replicates:
            extra = rows - conditions
            value += 0.5 * targets * extra * theta[-1]
            slope[-1] = (diagonal / data.counts).sum() * at.row_noise
            slope[-1] += 0.5 * (targets * extra - (repeats / scale).sum())
        return float(value), slope


def _evidence_weight(y: Floats) -> float:
    """Effective over actual number of targets: 1 if independent, 1 / m if all the same."""
    if y.shape[1] < 2:
        return 1.0
    correlation = np.corrcoef(y.T)
    return float(y.shape[1] / (correlation**2).sum())
