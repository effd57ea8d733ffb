"""How unlike the training spectra a spectrum is: 0 inside, above 1 outside, as of conditions.

Principal components span what training spectra have in common. Of a spectrum, the distance within that space
(Hotelling's T, in deviations) and the distance from it (the residual Q; Jackson & Mudholkar,
Technometrics 21, 341 (1979)) are held against q, which 95 % of training spectra keep below when they are left
out: the novelty is the larger (d - q) / (q / 2), not below 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.arrays import Floats
    from trainer.graph import Graph

MAX_COMPONENTS = 12
_EXPLAINED = 0.999
_QUANTILE = 0.95
_FOLDS = 5


@dataclass(frozen=True)
class SpectralNovelty:
    """`mean` [p], orthonormal `axes` [p, k], `deviations` [k] along them; the two limits q."""

    mean: Floats
    axes: Floats
    deviations: Floats
    within_limit: float
    beside_limit: float

    @staticmethod
    def fit(x: Floats, seed: int) -> SpectralNovelty:
        """Learn from training spectra [n, p]."""
        whole = _span(x)
        fold_of = np.random.default_rng(seed).permutation(len(x)) % _FOLDS
        distances = [
            _distances(x[fold_of == fold], *_span(x[fold_of != fold], len(whole[2])))
            for fold in range(_FOLDS)
            if (fold_of == fold).any()
        ]
        within, beside = (np.concatenate(parts) for parts in zip(*distances, strict=True))
        least = 1e-9 * max(float(np.abs(x).max()), 1e-9)
        return SpectralNovelty(
            *whole,
            max(float(np.quantile(within, _QUANTILE)), 1e-9),
            max(float(np.quantile(beside, _QUANTILE)), least),
        )

    def measure(self, x: Floats) -> Floats:
        """Spectra [n, p] to [n]."""
        within, beside = _distances(x, self.mean, self.axes, self.deviations)
        parts = [
            (within - self.within_limit) * (2.0 / self.within_limit),
            (beside - self.beside_limit) * (2.0 / self.beside_limit),
            np.zeros(len(x)),
        ]
        return np.asarray(np.max(parts, axis=0))

    def add_to(self, graph: Graph, spectrum: str) -> str:
        """Add `measure` to a graph; the result is [n, 1]."""
        centred = graph.op("Sub", spectrum, graph.constant(self.mean))
        scores = graph.op("MatMul", centred, graph.constant(self.axes))
        scaled = graph.op("Div", scores, graph.constant(self.deviations))
        within = graph.op("Sqrt", graph.sum_columns(graph.op("Mul", scaled, scaled)))
        spanned = graph.op("MatMul", scores, graph.constant(np.ascontiguousarray(self.axes.T)))
        rest = graph.op("Sub", centred, spanned)
        beside = graph.op("Sqrt", graph.sum_columns(graph.op("Mul", rest, rest)))
        parts = [
            graph.op(
                "Mul",
                graph.op("Sub", distance, graph.constant(np.array([[limit]]))),
                graph.constant(np.array([[2.0 / limit]])),
            )
            for distance, limit in ((within, self.within_limit), (beside, self.beside_limit))
        ]
        return graph.op("Max", *parts, graph.constant(np.zeros((1, 1))))


def _span(x: Floats, count: int | None = None) -> tuple[Floats, Floats, Floats]:
    """Mean, axes and deviations of `count` principal components, or of so many as explain nearly all."""
    mean = x.mean(axis=0)
    _, sizes, axes = np.linalg.svd(x - mean, full_matrices=False)
    if count is None:
        share = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-300)
        most = max(min(MAX_COMPONENTS, len(x) // 4, x.shape[1] - 1), 1)
        count = min(int(np.searchsorted(share, _EXPLAINED)) + 1, most)
    count = min(count, len(sizes))
    deviations = sizes[:count] / np.sqrt(max(len(x) - 1, 1))
    floor = max(1e-9 * float(deviations[0]), 1e-12)
    return mean, np.ascontiguousarray(axes[:count].T), np.maximum(deviations, floor)


def _distances(x: Floats, mean: Floats, axes: Floats, deviations: Floats) -> tuple[Floats, Floats]:
    """Distance within the components in deviations, and from them in the spectra's unit; both [n]."""
    centred = x - mean
    scores = centred @ axes
    rest = centred - scores @ axes.T
    return np.sqrt(((scores / deviations) ** 2).sum(axis=1)), np.sqrt((rest**2).sum(axis=1))
