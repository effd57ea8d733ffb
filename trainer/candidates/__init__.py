"""The algorithms that are compared, in one table, and the groups by which they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from trainer.candidates.base import Algorithm

# How closely every graph follows its fitted model: all of them compute in double precision.
RTOL = 1e-6


@dataclass(frozen=True, slots=True)
class Candidate:
    """`attribute` of `module` is the algorithm; `is_large` ones take minutes and stand in no group."""

    label: str
    family: str
    module: str
    attribute: str = "fit"
    is_large: bool = False
    rtol: float = RTOL

    def load(self) -> Algorithm:
        """Import late: scikit-learn takes seconds, and not every fit needs it."""
        return cast("Algorithm", getattr(import_module(f"trainer.candidates.{self.module}"), self.attribute))


CANDIDATES = {
    "linear": Candidate("least squares", "linear", "linear", "fit_least_squares"),
    "ridge": Candidate("ridge regression", "linear", "linear", "fit_ridge"),
    "lasso": Candidate("LASSO", "linear", "linear", "LASSO"),
    "elastic-net": Candidate("elastic net", "linear", "linear", "ELASTIC_NET"),
    "pls": Candidate("partial least squares", "linear", "pls", "PLS"),
    "quadratic": Candidate("squares of every number, ridge", "linear", "quadratic", "QUADRATIC"),
    "quadratic-cross": Candidate("squares and cross terms, ridge", "linear", "quadratic", "CROSSED"),
    "svr": Candidate("support vectors, Gaussian kernel", "kernel", "svr", "GAUSSIAN"),
    "svr-linear": Candidate("support vectors, linear kernel", "kernel", "svr", "LINEAR"),
    "svr-polynomial": Candidate("support vectors, cubic kernel", "kernel", "svr", "POLYNOMIAL"),
    "svr-laplacian": Candidate("support vectors, Laplacian kernel", "kernel", "svr", "LAPLACIAN"),
    "svr-sigmoid": Candidate("support vectors, sigmoid kernel", "kernel", "svr", "SIGMOID"),
    "gp": Candidate("Gaussian process, kernel by evidence", "kernel", "gp"),
    "gp-rbf": Candidate("Gaussian process, ARD RBF kernel", "kernel", "gp", "RBF"),
    "gp-matern": Candidate("Gaussian process, ARD Matern 5/2", "kernel", "gp", "MATERN"),
    "knn": Candidate("nearest neighbours, equal weights", "neighbours", "neighbours", "UNIFORM"),
    "knn-distance": Candidate("nearest neighbours, by distance", "neighbours", "neighbours", "BY_DISTANCE"),
    "tree": Candidate("decision tree", "trees", "trees", "TREE"),
    "forest": Candidate("random forest", "trees", "trees", "FOREST"),
    "extra-trees": Candidate("extremely randomised trees", "trees", "trees", "EXTRA_TREES"),
    "boosting": Candidate("gradient boosting", "trees", "boosting", "BOOSTING"),
    "mlp": Candidate("committee of 5 tanh networks", "networks", "mlp", "COMMITTEE"),
    "mlp-sigmoid": Candidate("network, sigmoid units", "networks", "mlp", "SIGMOID"),
    "mlp-tanh": Candidate("network, tanh units", "networks", "mlp", "TANH"),
    "mlp-relu": Candidate("network, rectified units", "networks", "mlp", "RELU"),
    "mlp-deep": Candidate("network of four hidden layers", "networks", "mlp", "DEEP"),
    "ensemble": Candidate("100 small networks, bagged", "networks", "ensemble", "ENSEMBLE"),
    "ensemble-1600": Candidate("1600 small networks, bagged", "networks", "ensemble", "LARGE", is_large=True),
    "stacking": Candidate("five unlike algorithms, weighted by error", "combined", "stacking"),
}
DEFAULT = ("ridge", "svr", "forest", "mlp", "gp")
_FAST = ("linear", "ridge", "pls", "quadratic-cross", "svr", "knn-distance", "tree", "extra-trees", "gp")
_FAMILIES = dict.fromkeys(each.family for each in CANDIDATES.values())
_ORDINARY = tuple(name for name, each in CANDIDATES.items() if not each.is_large)
GROUPS: dict[str, tuple[str, ...]] = {
    "default": DEFAULT,
    "fast": _FAST,
    "all": _ORDINARY,
    **{
        family: tuple(name for name in _ORDINARY if CANDIDATES[name].family == family)
        for family in _FAMILIES
        if family not in CANDIDATES
    },
}


def expand(words: tuple[str, ...]) -> tuple[str, ...]:
    """Put its members in place of each group; what is neither group nor algorithm stays. Each name once."""
    return tuple(dict.fromkeys(name for word in words for name in GROUPS.get(word, (word,))))
