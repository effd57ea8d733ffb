"""Partial least squares: few directions of the features that vary together with the targets."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cross_decomposition import PLSRegression

from trainer.candidates.linear import LinearModel
from trainer.candidates.tuned import Dimension, Tuned, grid

if TYPE_CHECKING:
    from trainer.candidates.base import Settings, TrainingSet

MAX_COMPONENTS = 24


def fit_pls(data: TrainingSet, settings: Settings, _seed: int) -> LinearModel:
    """Fit by so many `components`, or as many as the features have independent directions."""
    # scikit-learn's takes no weights: each condition stands as often as it was measured.
    rows = np.repeat(np.arange(len(data.z)), data.counts.astype(np.int64))
    z, y = data.z[rows], data.y[rows]
    weights, intercept = np.zeros((z.shape[1], y.shape[1])), y.mean(axis=0)
    varied = np.flatnonzero(y.std(axis=0) > 1e-9)
    rank = int(np.linalg.matrix_rank(z - z.mean(axis=0), tol=1e-8 * np.sqrt(len(z))))
    if rank == 0 or not len(varied):
        return LinearModel(weights, intercept)
    model = PLSRegression(n_components=min(int(settings["components"]), rank), scale=False, tol=1e-9)
    with warnings.catch_warnings():
        # What is explained wholly by fewer components leaves the others nothing, which does no harm.
        warnings.filterwarnings("ignore", message="y residual is constant")
        warnings.filterwarnings("ignore", message="Maximum number of iterations reached")
        model.fit(z, y[:, varied])
    weights[:, varied] = np.asarray(model.coef_).T
    intercept[varied] = np.asarray(model.intercept_) - z.mean(axis=0) @ weights[:, varied]
    return LinearModel(weights, intercept)


PLS = Tuned(
    fit_pls,
    grid(components=(1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)),
    {"components": Dimension(1, MAX_COMPONENTS, is_whole=True)},
)
