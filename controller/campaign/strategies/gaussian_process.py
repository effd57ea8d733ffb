"""A small Gaussian process: ARD Matern 5/2 plus noise, hyper-parameters by maximum a posteriori.

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006): algorithm 2.1 and eq. 5.9. Length scales
(in units of the cube's side) and noise have log-normal priors: with a dozen trials the likelihood alone fits
noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

Array = NDArray[np.float64]

_LENGTH_PRIOR = (float(np.log(0.7)), 0.8)
_NOISE_PRIOR = (float(np.log(0.05)), 1.0)
_SIGNAL_PRIOR = (0.0, 0.7)
_JITTER = 1e-9
_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A fitted process. `log_lengths` has shape (d,); targets are standardised by `mean` and `scale`."""

    inputs: Array
    log_lengths: Array
    log_signal: float
    log_noise: float
    mean: float
    scale: float
    weights: Array
    factor: Array

    @property
    def noise_std(self) -> float:
        """By how much one measurement differs from the function, as far as the process can tell."""
        return self.scale * float(np.exp(self.log_noise))

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (of the function, without noise) at points of shape (n, d)."""
        cross = _kernel(points, self.inputs, self.log_lengths, self.log_signal)
        centre = cross @ self.weights
        half = solve_triangular(self.factor, cross.T, lower=True)
        variance = np.maximum(np.exp(2.0 * self.log_signal) - np.sum(half * half, axis=0), 1e-12)
        return self.mean + self.scale * centre, self.scale * np.sqrt(variance)


def fit(inputs: Array, targets: Array, seed: int) -> GaussianProcess:
    """Fit to inputs of shape (n, d) in the unit cube and targets of shape (n,), n at least 2."""
    mean, scale = float(targets.mean()), float(targets.std()) or 1.0
    standard = (targets - mean) / scale
    dimensions = inputs.shape[1]
    generator = np.random.default_rng(seed)
    start = np.concatenate([np.full(dimensions, _LENGTH_PRIOR[0]), [0.0, _NOISE_PRIOR[0]]])
    starts = [start, *(start + 0.7 * generator.standard_normal(dimensions + 2) for _ in range(_RESTARTS - 1))]
    bounds = [(-3.5, 3.0)] * dimensions + [(-3.0, 3.0), (-7.0, 1.0)]
    found = [
        minimize(
            _negative_posterior, each, args=(inputs, standard), jac=True, method="L-BFGS-B", bounds=bounds
        )
        for each in starts
    ]
    best = np.asarray(min(found, key=lambda each: float(each.fun)).x)
    covariance = _covariance(inputs, best)
    factor, _ = cho_factor(covariance, lower=True)
    factor = np.tril(factor)
    weights = cho_solve((factor, True), standard)
    return GaussianProcess(inputs, best[:-2], float(best[-2]), float(best[-1]), mean, scale, weights, factor)


def _scaled_distance(a: Array, b: Array, log_lengths: Array) -> Array:
    scaled_a, scaled_b = a / np.exp(log_lengths), b / np.exp(log_lengths)
    squared = (scaled_a**2).sum(1)[:, None] + (scaled_b**2).sum(1)[None, :] - 2.0 * scaled_a @ scaled_b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def _kernel(a: Array, b: Array, log_lengths: Array, log_signal: float) -> Array:
    root = np.sqrt(5.0) * _scaled_distance(a, b, log_lengths)
    return np.asarray(np.exp(2.0 * log_signal) * (1.0 + root + root * root / 3.0) * np.exp(-root))


def _covariance(inputs: Array, parameters: Array) -> Array:
    kernel = _kernel(inputs, inputs, parameters[:-2], float(parameters[-2]))
    return np.asarray(kernel + (np.exp(2.0 * parameters[-1]) + _JITTER) * np.eye(len(inputs)))


def _negative_posterior(parameters: Array, inputs: Array, targets: Array) -> tuple[float, Array]:
    """Return the negative log posterior and its gradient, both analytic."""
    log_lengths, log_signal, log_noise = parameters[:-2], float(parameters[-2]), float(parameters[-1])
    covariance = _covariance(inputs, parameters)
    factor = cho_factor(covariance, lower=True)
    weights = cho_solve(factor, targets)
    log_determinant = 2.0 * float(np.log(np.diag(factor[0])).sum())
    value = 0.5 * float(targets @ weights) + 0.5 * log_determinant
    outer = cho_solve(factor, np.eye(len(inputs))) - np.outer(weights, weights)
    root = np.sqrt(5.0) * _scaled_distance(inputs, inputs, log_lengths)
    signal = float(np.exp(2.0 * log_signal))
    kernel = signal * (1.0 + root + root * root / 3.0) * np.exp(-root)
    # d k / d log l_j = 5/3 s^2 (1 + root) exp(-root) (x_j - x'_j)^2 / l_j^2
    shared = outer * (5.0 / 3.0) * signal * (1.0 + root) * np.exp(-root)
    differences = (inputs[:, None, :] - inputs[None, :, :]) / np.exp(log_lengths)
    gradient = np.empty_like(parameters)
    gradient[:-2] = 0.5 * np.einsum("ab,abj->j", shared, differences**2)
    gradient[-2] = 0.5 * float(np.sum(outer * 2.0 * kernel))
    gradient[-1] = 0.5 * float(np.trace(outer)) * 2.0 * float(np.exp(2.0 * log_noise))
    for places, (centre, width) in (
        (slice(0, -2), _LENGTH_PRIOR),
        (slice(-2, -1), _SIGNAL_PRIOR),
        (slice(-1, None), _NOISE_PRIOR),
    ):
        away = (parameters[places] - centre) / width
        value += 0.5 * float(away @ away)
        gradient[places] += away / width
    return value, gradient
