"""scikit-learn's GridSearchCV over the families of models that the trainer compares, with usual grids.

Families go from the quickest to the slowest. After each, the best so far by its own inner folds answers.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.trainer_systems import Training
    from trainer.arrays import Floats

# Above these, something else takes longest: kernels grow with the square and cube of the rows, cross
# terms with the square of the features, and a Gaussian process has a length scale for each.
_MANY_ROWS: Final = 1000
_MANY_FEATURES: Final = 12
_PENALTIES: Final = np.logspace(-3.0, 3.0, 7).tolist()
_Family: TypeAlias = "tuple[Any, dict[str, list[Any]]]"


def answer(training: Training) -> Iterator[Floats]:
    """Answer after each family."""
    x, y = training.frame(training.fold.train), training.target
    asked = training.frame(training.fold.test)
    groups, folds = training.groups, training.inner_folds
    shuffled = KFold(folds, shuffle=True, random_state=training.seed)
    inner = shuffled if groups is None else GroupKFold(folds)
    features = _features(x)
    best: GridSearchCV | None = None
    with warnings.catch_warnings():
        # Of fits that end at their limit of steps: the inner folds judge them like any other.
        warnings.simplefilter("ignore")
        for model, settings in _families(features.fit_transform(x).shape[1], len(x), training.seed):
            steps = Pipeline([("features", features), ("model", model)])
            named = {f"model__{name}": values for name, values in settings.items()}
            search = GridSearchCV(steps, named, cv=inner, scoring="neg_mean_squared_error")
            search.fit(x, y, groups=groups)
            if best is None or search.best_score_ > best.best_score_:
                best = search
            yield np.asarray(best.predict(asked), dtype=np.float64).ravel()


def _features(x: pd.DataFrame) -> ColumnTransformer:
    """Fill gaps by the median and scale numbers; one column for each value of a choice."""
    choices = [str(name) for name in x.columns if isinstance(x[name].dtype, pd.CategoricalDtype)]
    values = [list(x[name].cat.categories) for name in choices]
    numbers = [str(name) for name in x.columns if name not in choices]
    filled = SimpleImputer(strategy="median", keep_empty_features=True)
    return ColumnTransformer(
        [
            ("numbers", Pipeline([("fill", filled), ("scale", StandardScaler())]), numbers),
            ("choices", OneHotEncoder(categories=values, sparse_output=False), choices),
        ]
    )


def _families(width: int, rows: int, seed: int) -> list[_Family]:
    quick = [*_linear(), _neighbours()]
    vectors, process, network = _vectors(), _processes(width, seed), _networks(seed)
    extra, forest, boosting = _trees(seed)
    if rows > _MANY_ROWS:
        return [*quick, _squares(), extra, boosting, forest, network, vectors, process]
    if width > _MANY_FEATURES:
        return [*quick, extra, boosting, vectors, forest, network, _squares(), process]
    return [*quick, _squares(), vectors, process, extra, network, boosting, forest]


def _linear() -> list[_Family]:
    return [
        (Ridge(), {"alpha": _PENALTIES}),
        (PLSRegression(scale=False), {"n_components": [1, 2, 3, 4]}),
        (_standard(ElasticNet(max_iter=5000)), _inside(alpha=[0.001, 0.01, 0.1], l1_ratio=[0.2, 0.5, 1.0])),
    ]


def _squares() -> _Family:
    steps = [("squares", PolynomialFeatures(2, include_bias=False)), ("ridge", Ridge())]
    return Pipeline(steps), {"ridge__alpha": _PENALTIES}


def _neighbours() -> _Family:
    return KNeighborsRegressor(), {"n_neighbors": [2, 3, 5, 8, 12], "weights": ["uniform", "distance"]}


def _vectors() -> _Family:
    widths = ["scale", 0.01, 0.03, 0.1, 0.3]
    return _standard(SVR()), _inside(C=[1.0, 10.0, 100.0], gamma=widths, epsilon=[0.01, 0.1])


def _processes(width: int, seed: int) -> _Family:
    shapes = [RBF(np.ones(width)), Matern(np.ones(width), nu=2.5)]
    kernels = [ConstantKernel(1.0) * shape + WhiteKernel(0.1) for shape in shapes]
    model = GaussianProcessRegressor(normalize_y=True, random_state=seed)
    return model, {"kernel": kernels}


def _trees(seed: int) -> tuple[_Family, _Family, _Family]:
    leaves: dict[str, list[Any]] = {"min_samples_leaf": [1, 3], "max_features": [0.33, 1.0]}
    steps: dict[str, list[Any]] = {"learning_rate": [0.05, 0.1], "max_depth": [2, 4]}
    return (
        (ExtraTreesRegressor(100, random_state=seed), leaves),
        (RandomForestRegressor(100, random_state=seed), leaves),
        (GradientBoostingRegressor(n_estimators=200, subsample=0.7, random_state=seed), steps),
    )


def _networks(seed: int) -> _Family:
    network = MLPRegressor(solver="lbfgs", max_iter=500, random_state=seed)
    return _standard(network), _inside(hidden_layer_sizes=[(20,), (50,)], alpha=[0.1, 1.0, 10.0])


def _standard(model: Any) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _inside(**settings: list[Any]) -> dict[str, list[Any]]:
    return {f"regressor__{name}": values for name, values in settings.items()}
