"""Gaussian process: ARD kernel, noise, every target at once, in double precision.

The model, for standardised targets y_j over distinct conditions with n_i replicates each:
    y_j ~ N(0, s_j^2 C),  C = K + t I + g B + w diag(1 / n_i),
K a Matern 5/2 or squared-exponential kernel of unit variance with one length scale an input, t what differs
between repeated conditions beyond w, the noise of one row; w only where there are replicates. Where whole
groups (a batch, a reagent, a paper) will be new, g is the variance of what all conditions of one group have
in common beyond their inputs (B is 1 within a group, else 0): many rows of one group say little of another.
All targets share K, t, g and w; the scale s_j^2 has its closed-form optimum. Hyper-parameters are the maximum
a posteriori under log-normal priors: length scales after Hvarfner et al. 2024 (arXiv:2402.02229), for inputs
of unit deviation instead of unit range, t around exp(-4), g widely around exp(-2). Correlated targets repeat
the same evidence, so the likelihood is weighted by their effective number (participation ratio of their
correlation) over their number. The kernel with the higher posterior wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from trainer.candidates.gp_posterior import Hyperparameters, Posterior, covariance
from trainer.candidates.kernels import KERNELS, Kernel
from trainer.distances import squared_distances

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import TrainingSet
    from trainer.graph import Graph

# The graph holds an [u, u] matrix; at this size it is 18 MB, which a bundle still takes.
MAX_CONDITIONS = 1500
# Hyper-parameters are learned on so many conditions at most; predictions use them all.
MAX_LEARNING_CONDITIONS = 300
RESTARTS = 1
# Above this, neither restarts nor a second kernel are worth their time.
MANY_CONDITIONS = 200
MAX_ITERATIONS = 120
_SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class GaussianProcess:
    """`points` [u, p] scaled, `weights` [u, m], `root` [u, u] with root root^T = C^-1, `signal` [m] = s_j."""

    kernel: Kernel
    inverse_scales: Floats
    points: Floats
    weights: Floats
    root: Floats
    signal: Floats
    own_variance: float

    def predict(self, z: Floats) -> tuple[Floats, Floats]:
        k = self.kernel.value(squared_distances(z * self.inverse_scales, self.points))
        explained = ((k @ self.root) ** 2).sum(axis=1)
        variance = np.maximum(self.own_variance - explained, _SMALLEST_VARIANCE)
        return k @ self.weights, np.sqrt(variance)[:, None] * self.signal

    def add_to(self, graph: Graph, features: str) -> tuple[str, str]:
        scaled = graph.op("Mul", features, graph.constant(self.inverse_scales))
        k = self.kernel.add_to(graph, graph.squared_distances(scaled, self.points))
        mean = graph.op("MatMul", k, graph.constant(self.weights))
        explained = graph.op("MatMul", k, graph.constant(self.root))
        explained = graph.sum_columns(graph.op("Mul", explained, explained))
        variance = graph.op("Sub", graph.constant(np.float64(self.own_variance)), explained)
        variance = graph.op("Max", variance, graph.constant(np.float64(_SMALLEST_VARIANCE)))
        return mean, graph.op("Mul", graph.op("Sqrt", variance), graph.constant(self.signal))


def fit(data: TrainingSet, seed: int, *, kernels: tuple[str, ...] = tuple(KERNELS)) -> GaussianProcess:
    """Fit by the kernel of the higher posterior.

    Of more conditions than a graph should hold, a random part (Rasmussen & Williams 2006, 8.3.3).
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data.z))
    if len(order) > MAX_CONDITIONS:
        data = data.part(np.sort(order[:MAX_CONDITIONS]))
        order = rng.permutation(MAX_CONDITIONS)
    rows = np.sort(order[:MAX_LEARNING_CONDITIONS])
    # In the order of KERNELS, the first is the rougher, which errs less where it is wrong.
    tried = [KERNELS[name] for name in (kernels if len(rows) <= MANY_CONDITIONS else kernels[:1])]
    restarts = RESTARTS if len(rows) <= MANY_CONDITIONS else 0
    found = [_maximise(Posterior.of(data.part(rows), kernel), rng, restarts) for kernel in tried]
    best = min(range(len(found)), key=lambda index: found[index][0])
    return _condition(data, tried[best], found[best][1])


def _maximise(posterior: Posterior, rng: np.random.Generator, restarts: int) -> tuple[float, Hyperparameters]:
    """Return the lowest negative log posterior and where it is, from the prior's middle and seeded starts."""
    start = posterior.start()
    starts = [start, *(start + rng.normal(0.0, 1.0, len(start)) for _ in range(restarts))]
    low, high = np.array(posterior.bounds()).T
    results = [
        minimize(
            posterior.negative_log,
            np.clip(first, low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=posterior.bounds(),
            options={"maxiter": MAX_ITERATIONS},
        )
        for first in starts
    ]
    best = min(results, key=lambda result: float(result.fun))
    return float(best.fun), posterior.unpack(np.asarray(best.x))


def _condition(data: TrainingSet, kernel: Kernel, found: Hyperparameters) -> GaussianProcess:
    """Take in every condition under fixed hyper-parameters."""
    inverse_scales = 1.0 / found.length_scales[data.input_of]
    points = data.z * inverse_scales
    matrix = covariance(kernel.value(squared_distances(points, points)), data, found)
    lower = cholesky(matrix, lower=True)
    root = solve_triangular(lower, np.eye(len(points)), lower=True).T
    weights = root @ (root.T @ data.y)
    squares = (data.y * weights).sum(axis=0)
    if found.row_noise > 0.0:
        squares = squares + data.within / found.row_noise
    signal = np.sqrt(np.maximum(squares / data.counts.sum(), _SMALLEST_VARIANCE))
    own = 1.0 + found.condition_noise + found.group_variance + found.row_noise
    return GaussianProcess(kernel, inverse_scales, points, weights, np.ascontiguousarray(root), signal, own)


RBF = partial(fit, kernels=("squared-exponential",))
MATERN = partial(fit, kernels=("matern52",))
