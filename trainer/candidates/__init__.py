"""The algorithms that are compared, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from trainer.candidates.base import Algorithm


@dataclass(frozen=True, slots=True)
class Candidate:
    """`rtol`: how closely its graph, in the precision of its operators, follows the fitted model."""

    label: str
    rtol: float
    module: str

    def load(self) -> Algorithm:
        """Import late: scikit-learn takes seconds, and not every fit needs it."""
        return cast("Algorithm", import_module(self.module).fit)


CANDIDATES = {
    "ridge": Candidate("ridge regression", 1e-6, "trainer.candidates.ridge"),
    "svr": Candidate("support vector regression", 1e-6, "trainer.candidates.svr"),
    # Tree operators exist in single precision only.
    "forest": Candidate("random forest", 1e-4, "trainer.candidates.forest"),
    "mlp": Candidate("neural networks", 1e-6, "trainer.candidates.mlp"),
    "gp": Candidate("Gaussian process", 1e-6, "trainer.candidates.gp"),
}
