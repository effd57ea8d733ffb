"""From a table with spectra to compared methods, and the best of them fitted to all rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import UsageError
from trainer.evaluate import Comparison, Held, judge
from trainer.recipe import MAX_SEED
from trainer.soft.conv import require_torch
from trainer.soft.methods import METHODS, Fronts, expand_methods
from trainer.soft.spectra import SpectraRequest, load_spectra
from trainer.soft.treatments import AUTO, treatment
from trainer.split import make_split

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.arrays import Ints
    from trainer.evaluate import Evaluation, Progress
    from trainer.soft.sensor import SoftSensor
    from trainer.soft.spectra import SpectraSet
    from trainer.split import Split


@dataclass(frozen=True, slots=True)
class SoftRecipe:
    """What was asked for; UsageError where it makes no sense."""

    request: SpectraRequest
    methods: tuple[str, ...] = (AUTO,)
    treatment: str = AUTO
    split: str = "kfold:10"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise UsageError(f"--seed {self.seed} is not within 0 to {MAX_SEED}")
        if any(METHODS[name].is_deep for name in expand_methods(self.methods)):
            require_torch()

    def to_toml(self, spectra: SpectraSet) -> bytes:
        """Write what fits the bundle's own `dataset.csv` again."""
        content: dict[str, object] = {
            "spectra": "wide",
            "signal": spectra.grid.signal,
            "targets": [column.header for column in spectra.targets],
            "group_by": [] if spectra.group_of is None else ["group"],
            "methods": list(self.methods),
            "treatment": self.treatment,
            "split": self.split,
            "seed": self.seed,
        }
        # JSON's strings, numbers and lists of strings are TOML's too; only DEL must be escaped.
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in content.items())
        return f"[soft_sensor]\n{lines}".replace("\x7f", "\\u007f").encode()


@dataclass(frozen=True)
class SoftFitted:
    """The comparison, and the best method's `sensor`, fitted to all rows and calibrated on held-out ones."""

    recipe: SoftRecipe
    spectra: SpectraSet
    split: Split
    comparison: Comparison
    sensor: SoftSensor

    @property
    def judged(self) -> Evaluation:
        return self.comparison.judged


def fit_table(path: Path, recipe: SoftRecipe, progress: Progress) -> SoftFitted:
    """Load, compare on held-out rows and fit; errors are `TrainerError`, or `UsageError` for the request."""
    spectra = load_spectra(path, recipe.request, recipe.split)
    if recipe.treatment != AUTO:
        treatment(recipe.treatment, spectra.grid)
    split = make_split(recipe.split, len(spectra.x), spectra.group_of, recipe.seed)
    fronts = Fronts.of(spectra, recipe.treatment)
    names = expand_methods(recipe.methods)
    held: dict[str, list[Held]] = {name: [] for name in names}
    tasks = [(fold, name) for fold in split.folds for name in names]
    for done, (fold, name) in enumerate(tasks, start=1):
        held[name].append(_hold_out(fronts, fold.train, fold.test, name, recipe.seed))
        progress(done, len(tasks))
    evaluations = sorted(
        (judge(spectra, name, parts, {}) for name, parts in held.items()), key=lambda each: -each.score.r2
    )
    best, final = evaluations[0].algorithm, None
    if split.final is not None:
        part = _hold_out(fronts, split.final.train, split.final.test, best, recipe.seed)
        final = judge(spectra, best, [part], {})
    comparison = Comparison(tuple(evaluations), final)
    sensor = fronts.fit(best, np.arange(len(spectra.x)), recipe.seed)
    return SoftFitted(recipe, spectra, split, comparison, sensor.calibrated(comparison.judged.calibration))


def _hold_out(fronts: Fronts, train: Ints, test: Ints, method: str, seed: int) -> Held:
    found = fronts.fit(method, train, seed).predict(fronts.spectra.x[test])
    return Held(test, found.mean, found.std, found.novelty)
