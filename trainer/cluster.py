"""Groups of alike rows: k-means, hierarchical (Ward) and Gaussian mixture, for exploring and for grouping."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from trainer.errors import UsageError
from trainer.preprocess import Preprocessor

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.labelled import Labelled

METHODS = ("kmeans", "hierarchical", "mixture")
MAX_CLUSTERS = 50
MAX_ROWS = 20_000
_STARTS = 5
_REPEATS = 10
_PART = 0.8
_LEAST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Clustering:
    """`label` [n] from 0, largest cluster first; `membership` [n, k] where the method knows degrees.

    `silhouette`: -1 to 1, how much nearer rows lie to their own cluster than to the next (Rousseeuw 1987).
    `stability`: mean adjusted Rand index with clusterings of parts of the rows; 1 is the same, 0 is chance.
    """

    method: str
    label: Ints
    membership: Floats | None
    silhouette: float
    stability: float

    @property
    def count(self) -> int:
        return int(self.label.max()) + 1


def cluster(data: Labelled, method: str, count: int | None, most: int, seed: int) -> Clustering:
    """Divide the rows into `count` clusters, or into that number up to `most` whose silhouette is best."""
    if method not in METHODS:
        raise UsageError(f"--method {method!r} is unknown", remedy=f"choose of {', '.join(METHODS)}")
    z = Preprocessor.fit(data.x, data.kinds).transform(data.x)
    if len(z) > MAX_ROWS:
        raise UsageError(f"{data.table.source}: {len(z)} rows, more than {MAX_ROWS}", remedy="thin them out")
    limit = min(MAX_CLUSTERS, len(np.unique(z, axis=0)) - 1)
    asked = most if count is None else count
    if not 2 <= asked <= limit:
        raise UsageError(f"{asked} clusters are not within 2 to {limit} for these rows")
    counts = range(2, most + 1) if count is None else [count]
    found = [(number, *_divide(z, method, number, seed)) for number in counts]
    number, label, membership = max(found, key=lambda each: _silhouette(z, each[1], seed))
    order = np.argsort(-np.bincount(label, minlength=number), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(number)
    return Clustering(
        method=method,
        label=np.asarray(rank[label], dtype=np.int64),
        membership=None if membership is None else membership[:, order],
        silhouette=_silhouette(z, label, seed),
        stability=_stability(z, label, method, number, seed),
    )


def _divide(z: Floats, method: str, count: int, seed: int) -> tuple[Ints, Floats | None]:
    if method == "kmeans":
        return KMeans(count, n_init=_STARTS, random_state=seed).fit_predict(z).astype(np.int64), None
    if method == "hierarchical":
        return AgglomerativeClustering(count, linkage="ward").fit_predict(z).astype(np.int64), None
    mixture = GaussianMixture(count, n_init=_STARTS, reg_covar=_LEAST_VARIANCE, random_state=seed)
    with warnings.catch_warnings():
        # A mixture that still drifts at its limit is judged by silhouette and stability like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(z)
    membership = np.asarray(mixture.predict_proba(z))
    return np.asarray(membership.argmax(axis=1), dtype=np.int64), membership


def _silhouette(z: Floats, label: Ints, seed: int) -> float:
    if not 2 <= len(np.unique(label)) < len(z):
        return -1.0
    return float(silhouette_score(z, label, sample_size=min(len(z), 2000), random_state=seed))


def _stability(z: Floats, label: Ints, method: str, count: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    size = max(int(_PART * len(z)), count + 1)
    scores = []
    for repeat in range(_REPEATS):
        rows = np.sort(rng.permutation(len(z))[:size])
        again, _ = _divide(z[rows], method, count, seed + repeat)
        scores.append(adjusted_rand_score(label[rows], again))
    return float(np.mean(scores))
