"""The systems that are compared, in one table, and what each of them is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from trainer.arrays import Floats, Ints
    from trainer.dataset import Dataset
    from trainer.split import Fold

INNER_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class System:
    """`function` of `module` takes a `Training` and yields means [k] for its held-out rows, once or more."""

    label: str
    module: str
    function: str = "answer"


SYSTEMS: Final = {
    "ours": System("ostwald-trainer tune", "benchmarks.trainer_ours"),
    "flaml": System("FLAML AutoML", "benchmarks.trainer_flaml"),
    "grid": System("GridSearchCV", "benchmarks.trainer_grid"),
}
MODULES: Final = tuple(dict.fromkeys(system.module for system in SYSTEMS.values()))


@dataclass(frozen=True)
class Training:
    """A data set of one target, the rows to learn from and those to answer, and the time for it."""

    dataset: Dataset
    fold: Fold
    budget_s: float
    seed: int

    def frame(self, rows: Ints) -> pd.DataFrame:
        """Give rows as a person would load them: numbers with gaps, choices as categories."""
        return pd.DataFrame(
            {
                column.header: pd.Categorical.from_codes(
                    column.data[rows].astype(np.int64), pd.Index(column.choices)
                )
                if column.choices
                else column.data[rows]
                for column in self.dataset.inputs
            }
        )

    @property
    def target(self) -> Floats:
        return np.asarray(self.dataset.y[self.fold.train, 0])

    @property
    def groups(self) -> Ints | None:
        """Label the training rows' groups from 0, if rows belong together."""
        if self.dataset.group_of is None:
            return None
        return np.asarray(np.unique(self.dataset.group_of[self.fold.train], return_inverse=True)[1])

    @property
    def inner_folds(self) -> int:
        return INNER_FOLDS if self.groups is None else min(INNER_FOLDS, int(self.groups.max()) + 1)
