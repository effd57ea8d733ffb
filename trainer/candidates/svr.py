"""Support vector regression under five kernels; one machine a target, all on one kernel width."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVR

from trainer.candidates.linear import LinearModel
from trainer.candidates.svr_kernels import KERNELS, VectorKernel
from trainer.candidates.tuned import Dimension, FitWith, Tuned, grid

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.candidates.base import Settings, TrainingSet
    from trainer.graph import Graph

TUBE = 0.05
# Steps of the solver, many times what a sound setting needs: an indefinite kernel may never converge.
MAX_STEPS = 200_000


@dataclass(frozen=True)
class KernelMachine:
    """`points` [s, p], `weights` [s, m], `intercept` [m]: sum of weights x kernel(gamma; z, points)."""

    kernel: VectorKernel
    points: Floats
    weights: Floats
    intercept: Floats
    gamma: float

    def predict(self, z: Floats) -> tuple[Floats, None]:
        return self.kernel.value(z, self.points, self.gamma) @ self.weights + self.intercept, None

    def add_to(self, graph: Graph, features: str) -> tuple[str, None]:
        kernel = self.kernel.add_to(graph, features, self.points, self.gamma)
        mean = graph.op("MatMul", kernel, graph.constant(self.weights))
        return graph.op("Add", mean, graph.constant(self.intercept)), None


def fit_linear(data: TrainingSet, settings: Settings, seed: int) -> LinearModel:
    """Fit a machine whose kernel is linear, and keep the plane that it stands for."""
    machine = fit_machine(data, settings, seed, kernel="linear")
    weights = machine.gamma * machine.points.T @ machine.weights
    return LinearModel(weights, machine.intercept + machine.weights.sum(axis=0))


def fit_machine(data: TrainingSet, settings: Settings, _seed: int, *, kernel: str) -> KernelMachine:
    """Fit by `penalty` and `width`, the latter times scikit-learn's "scale": 1 / (features x variance)."""
    variance = float(data.z.var())
    gamma = settings["width"] / (data.z.shape[1] * variance) if variance > 0.0 else 1.0
    form = KERNELS[kernel]
    gram = form.value(data.z, data.z, gamma)
    weights, intercept = np.zeros_like(data.y), np.zeros(data.y.shape[1])
    for target in range(data.y.shape[1]):
        machine = SVR(kernel="precomputed", C=settings["penalty"], epsilon=TUBE, max_iter=MAX_STEPS)
        with warnings.catch_warnings():
            # What a stopped solver found is a model too; its error on held-out rows judges it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(gram, data.y[:, target], sample_weight=data.counts / data.counts.mean())
        weights[machine.support_, target] = machine.dual_coef_[0]
        intercept[target] = machine.intercept_[0]
    used = np.flatnonzero(weights.any(axis=1))
    # A flat target uses no point at all; one is kept, with weight 0, so that every shape stays.
    used = used if len(used) else np.array([0])
    return KernelMachine(form, data.z[used], weights[used], intercept, gamma)


def _tuned(fit_with: FitWith, penalties: tuple[float, ...], widths: tuple[float, ...]) -> Tuned:
    space = {"penalty": Dimension(penalties[0] / 10.0, penalties[-1] * 10.0, is_log=True)}
    if len(widths) > 1:
        space["width"] = Dimension(widths[0] / 10.0, widths[-1] * 10.0, is_log=True)
    return Tuned(fit_with, grid(penalty=penalties, width=widths), space)


GAUSSIAN = _tuned(partial(fit_machine, kernel="gaussian"), (1.0, 10.0, 100.0), (0.1, 0.3, 1.0))
LAPLACIAN = _tuned(partial(fit_machine, kernel="laplacian"), (1.0, 10.0, 100.0), (0.03, 0.1, 0.3, 1.0))
LINEAR = _tuned(fit_linear, (0.1, 1.0, 10.0), (1.0,))
POLYNOMIAL = _tuned(partial(fit_machine, kernel="polynomial"), (0.1, 1.0, 10.0), (0.1, 0.3, 1.0))
SIGMOID = _tuned(partial(fit_machine, kernel="sigmoid"), (0.1, 1.0, 10.0), (0.01, 0.03, 0.1))
