"""The log posterior of a Gaussian process's hyper-parameters, with its gradient. See `gp` for the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_solve, cholesky

if TYPE_CHECKING:
    from trainer.arrays import Floats
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


@dataclass(frozen=True)
class Hyperparameters:
    """`length_scales` [d]; noise variances relative to the signal's (`row_noise` 0 without replicates)."""

    length_scales: Floats
    condition_noise: float
    row_noise: float


def covariance(kernel: Floats, counts: Floats, at: Hyperparameters) -> Floats:
    """C of the module `gp`, from K [u, u] and replicate counts [u]."""
    return kernel + np.diag(at.condition_noise + at.row_noise / counts)


@dataclass(frozen=True)
class Posterior:
    """A function of theta = log(length scales [d], condition noise, row noise if there are replicates)."""

    kernel: Kernel
    squares: Floats
    y: Floats
    counts: Floats
    within: Floats
    weight: float

    @staticmethod
    def of(data: TrainingSet, kernel: Kernel) -> Posterior:
        """Prepare; `squares` [d, u, u] are squared feature differences summed by input."""
        z = data.z
        squares = np.zeros((int(data.input_of.max()) + 1, len(z), len(z)))
        for feature, source in enumerate(data.input_of):
            squares[source] += (z[:, feature, None] - z[:, feature]) ** 2
        varied = data.y.std(axis=0) > 1e-9
        y = data.y[:, varied]
        return Posterior(kernel, squares, y, data.counts, data.within[varied], _evidence_weight(y))

    @property
    def has_replicates(self) -> bool:
        return bool(self.counts.max() > 1.0)

    def start(self) -> Floats:
        """Below the priors' middle length scale: a search finds its way up more easily than down."""
        scale = _SCALE_MIDDLE + 0.5 * np.log(len(self.squares)) - 2.0
        noises = [_NOISE_MIDDLE] * (2 if self.has_replicates else 1)
        return np.array([*[scale] * len(self.squares), *noises])

    def bounds(self) -> list[tuple[float, float]]:
        noises = 2 if self.has_replicates else 1
        return [_SCALE_BOUNDS] * len(self.squares) + [_NOISE_BOUNDS] * noises

    def unpack(self, theta: Floats) -> Hyperparameters:
        inputs = len(self.squares)
        row_noise = float(np.exp(theta[inputs + 1])) if self.has_replicates else 0.0
        return Hyperparameters(np.exp(theta[:inputs]), float(np.exp(theta[inputs])), row_noise)

    def negative_log(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient."""
        likelihood, likelihood_slope = self._likelihood(theta)
        prior, prior_slope = self._prior(theta)
        return self.weight * likelihood + prior, self.weight * likelihood_slope + prior_slope

    def _prior(self, theta: Floats) -> tuple[float, Floats]:
        """Return the prior, normal in log space; the row noise, which replicates show directly, has none."""
        inputs = len(self.squares)
        middle = np.full(inputs + 1, _SCALE_MIDDLE + 0.5 * np.log(inputs))
        variance = np.full(inputs + 1, _SCALE_VARIANCE)
        middle[inputs], variance[inputs] = _NOISE_MIDDLE, _NOISE_VARIANCE
        off = theta[: inputs + 1] - middle
        slope = np.zeros_like(theta)
        slope[: inputs + 1] = off / variance
        return float(0.5 * (off**2 / variance).sum()), slope

    def _likelihood(self, theta: Floats) -> tuple[float, Floats]:
        """Negative log likelihood at the best s_j, summed over targets, and its gradient.

        Rasmussen & Williams 2006, eq. 5.9, with C^-1 y and the scale of each target; replicates add
        (N - u) log(w) / 2 and their own squares / w to the data term.
        """
        at = self.unpack(theta)
        inputs, (conditions, targets) = len(self.squares), self.y.shape
        inverse_squares = at.length_scales**-2
        r2 = np.tensordot(inverse_squares, self.squares, axes=1)
        lower = cholesky(covariance(self.kernel.value(r2), self.counts, at), lower=True)
        inverse = cho_solve((lower, True), np.eye(conditions))
        solved = inverse @ self.y
        rows = self.counts.sum()
        repeats = self.within / at.row_noise if self.has_replicates else np.zeros(targets)
        scale = ((self.y * solved).sum(axis=0) + repeats) / rows
        value = 0.5 * rows * np.log(scale).sum() + targets * np.log(np.diag(lower)).sum()
        # dL/dC, from which every hyper-parameter's slope follows.
        by_covariance = 0.5 * (targets * inverse - (solved / scale) @ solved.T)
        slope = np.empty_like(theta)
        by_r2 = by_covariance * self.kernel.slope(r2)
        slope[:inputs] = -2.0 * inverse_squares * np.tensordot(self.squares, by_r2, axes=2)
        diagonal = np.diag(by_covariance)
        slope[inputs] = diagonal.sum() * at.condition_noise
        if self.has_replicates:
            extra = rows - conditions
            value += 0.5 * targets * extra * theta[inputs + 1]
            slope[inputs + 1] = (diagonal / self.counts).sum() * at.row_noise
            slope[inputs + 1] += 0.5 * (targets * extra - (repeats / scale).sum())
        return float(value), slope


def _evidence_weight(y: Floats) -> float:
    """Effective over actual number of targets: 1 if independent, 1 / m if all the same."""
    if y.shape[1] < 2:
        return 1.0
    correlation = np.corrcoef(y.T)
    return float(y.shape[1] / (correlation**2).sum())
