"""What a search may choose: an algorithm, and its settings within the bounds that the algorithm declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.candidates import CANDIDATES
from trainer.candidates.tuned import Tuned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import Trial

    from trainer.candidates.tuned import Dimension

_ALGORITHM = "algorithm"


@dataclass(frozen=True)
class Choice:
    """One algorithm; `settings` it shall not choose by itself, empty where it has none to set."""

    algorithm: str
    settings: Mapping[str, float]

    def as_texts(self) -> tuple[str, ...]:
        """Return the form that a recipe keeps."""
        return tuple(f"{self.algorithm}.{name}={value!r}" for name, value in sorted(self.settings.items()))


def dimensions(algorithm: str) -> Mapping[str, Dimension]:
    """Return the settings of an algorithm that can be searched, with their bounds."""
    loaded = CANDIDATES[algorithm].load()
    return loaded.space if isinstance(loaded, Tuned) else {}


def suggest(trial: Trial, algorithms: tuple[str, ...], *, all_settings: bool) -> Choice:
    """Let a sampler choose. `all_settings`: ask for those of every algorithm, as flat samplers need."""
    algorithm = str(trial.suggest_categorical(_ALGORITHM, algorithms))
    settings: dict[str, float] = {}
    for other in algorithms if all_settings else (algorithm,):
        for name, dimension in dimensions(other).items():
            value = _suggest_one(trial, f"{other}.{name}", dimension)
            if other == algorithm:
                settings[name] = value
    return Choice(algorithm, settings)


def starting_points(algorithms: tuple[str, ...], *, all_settings: bool) -> list[dict[str, float | str]]:
    """Each algorithm with the middle of its own grid: where a person would begin."""
    middles: dict[str, dict[str, float | str]] = {}
    for algorithm in algorithms:
        loaded = CANDIDATES[algorithm].load()
        middle = loaded.grid[len(loaded.grid) // 2] if isinstance(loaded, Tuned) else {}
        middles[algorithm] = {
            f"{algorithm}.{name}": _within(dimension, middle.get(name))
            for name, dimension in dimensions(algorithm).items()
        }
    points = []
    for algorithm in algorithms:
        named = middles.values() if all_settings else [middles[algorithm]]
        points.append(
            {_ALGORITHM: algorithm, **{key: value for each in named for key, value in each.items()}}
        )
    return points


def _suggest_one(trial: Trial, key: str, dimension: Dimension) -> float:
    if dimension.is_whole:
        return float(trial.suggest_int(key, int(dimension.low), int(dimension.high), log=dimension.is_log))
    return trial.suggest_float(key, dimension.low, dimension.high, log=dimension.is_log)


def _within(dimension: Dimension, value: float | None) -> float:
    if value is None:
        low, high = dimension.low, dimension.high
        value = float(np.sqrt(low * high)) if dimension.is_log else (low + high) / 2.0
    value = min(max(value, dimension.low), dimension.high)
    return round(value) if dimension.is_whole else value
