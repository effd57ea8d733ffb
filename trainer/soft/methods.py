"""The ways from a spectrum to properties, in one table, and how each is fitted to some rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates.mlp import Design
from trainer.candidates.pls import PLS, fit_pls
from trainer.candidates.tuned import FOLDS, Tuned, grid
from trainer.errors import UsageError
from trainer.soft.bands import band_features
from trainer.soft.conv import fit_conv
from trainer.soft.novelty import SpectralNovelty
from trainer.soft.sensor import SoftSensor, Standard
from trainer.soft.treatments import AUTO, TRIED, treatment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.arrays import Floats, Ints
    from trainer.candidates.base import Algorithm, TrainingSet
    from trainer.soft.front import Front
    from trainer.soft.spectra import SpectraSet

# Enough to tell treatments apart; the method chooses its own number afterwards.
_TRIED_COMPONENTS = (2.0, 4.0, 8.0, 12.0)
_MAX_TRIED_ROWS = 300
_NETWORKS = Tuned(
    Design((16, 16), "tanh", is_mapped=False).fit, grid(decay=(0.1, 1.0, 10.0)), final={"members": 3.0}
)


@dataclass(frozen=True, slots=True)
class Method:
    """`sees` a treated spectrum, or the features of its main band; `is_deep` ones need torch."""

    label: str
    algorithm: Algorithm
    sees: str = "spectrum"
    is_deep: bool = False


METHODS: Mapping[str, Method] = {
    "pls": Method("partial least squares", PLS),
    "mlp-features": Method("networks on features of the main band", _NETWORKS, sees="features"),
    "mlp": Method("networks on the spectrum", _NETWORKS),
    "conv": Method("convolutional network on the spectrum", fit_conv, is_deep=True),
}
_AUTO = tuple(name for name, method in METHODS.items() if not method.is_deep)


def expand_methods(words: Sequence[str]) -> tuple[str, ...]:
    """Put what needs no torch in the place of `auto`; each name once. UsageError for an unknown one."""
    names = tuple(dict.fromkeys(name for word in words for name in (_AUTO if word == AUTO else (word,))))
    for name in names:
        if name not in METHODS:
            raise UsageError(f"--method {name!r} is unknown", remedy=f"use {AUTO}, {', '.join(METHODS)}")
    if not names:
        raise UsageError("--method names none", remedy=f"use {AUTO}, {', '.join(METHODS)}")
    return names


@dataclass(frozen=True)
class Fronts:
    """What each front makes of the spectra of a set, made once: nothing in it is learned."""

    spectra: SpectraSet
    treated: Mapping[str, tuple[Front, Floats]]
    features: tuple[Front, Floats]

    @staticmethod
    def of(spectra: SpectraSet, wanted: str) -> Fronts:
        """Treat by the `wanted` treatment, or by all that `auto` chooses from."""
        names = TRIED if wanted == AUTO else (wanted,)
        treated = {name: _apply(treatment(name, spectra.grid), spectra) for name in names}
        return Fronts(spectra, treated, _apply(band_features(spectra.grid), spectra))

    def fit(self, method: str, rows: Ints, seed: int) -> SoftSensor:
        """Fit one method to some rows, choosing the treatment by these alone; not yet calibrated."""
        chosen = METHODS[method]
        front, standard = self._standard(chosen, rows, seed)
        regressor = chosen.algorithm(standard.data, seed)
        novelty = SpectralNovelty.fit(self.spectra.x[rows], seed)
        return SoftSensor(method, front, standard, regressor, novelty, np.ones_like(standard.scale))

    def _standard(self, method: Method, rows: Ints, seed: int) -> tuple[Front, Standard]:
        y = self.spectra.y[rows]
        groups = None if self.spectra.group_of is None else self.spectra.group_of[rows]
        if method.sees == "features":
            front, values = self.features
            return front, Standard.of(values[rows], y, groups, by_column=True)
        standards = {
            name: Standard.of(values[rows], y, groups, by_column=False)
            for name, (_, values) in self.treated.items()
        }
        name = next(iter(standards))
        if len(standards) > 1:
            name = min(standards, key=lambda each: _held_out_error(standards[each].data, seed))
        return self.treated[name][0], standards[name]


def _apply(front: Front, spectra: SpectraSet) -> tuple[Front, Floats]:
    return front, front.transform(spectra.x)


def _held_out_error(data: TrainingSet, seed: int) -> float:
    """Return the squared error of partial least squares on rows held out, by the best of some numbers."""
    rng = np.random.default_rng(seed)
    part = data.part(rng.permutation(len(data.z))[:_MAX_TRIED_ROWS])
    fold_of = part.deal(FOLDS, rng)
    errors = []
    for components in _TRIED_COMPONENTS:
        error = 0.0
        for fold in np.unique(fold_of):
            held = fold_of == fold
            model = fit_pls(part.part(np.flatnonzero(~held)), {"components": components}, seed)
            error += float(((model.predict(part.z[held])[0] - part.y[held]) ** 2).sum())
        errors.append(error)
    return min(errors)
