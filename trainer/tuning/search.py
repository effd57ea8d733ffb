"""Asks a sampler for choices, has them tried in batches, and stops when the budget or the hope is used up."""

from __future__ import annotations

import importlib.util
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from trainer.errors import UsageError
from trainer.tuning.objective import Task, evaluate
from trainer.tuning.space import Choice, starting_points, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from trainer.tuning.objective import Outcome, Problem
    from trainer.workers import Workers

SAMPLERS = ("tpe", "nsga2", "gp")
MAX_TRIALS = 10_000
# Asked together whatever the number of workers, so that one gives the same result as many.
BATCH = 4
_CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one search: so many `trials`, at most `seconds`, an end after `patience` trials without gain."""

    trials: int = 60
    seconds: float | None = None
    patience: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.trials <= MAX_TRIALS:
            raise UsageError(f"--trials {self.trials} is not within 1 to {MAX_TRIALS}")
        if self.seconds is not None and not self.seconds > 0.0:
            raise UsageError(f"--seconds {self.seconds:g} is not above zero")
        if self.patience < 1:
            raise UsageError(f"--patience {self.patience} is not above zero")


@dataclass(frozen=True)
class Found:
    """The best choice, its loss on the inner folds, and how many trials were made, earlier ones included."""

    choice: Choice
    loss: float
    trials: int


def open_storage(path: Path | None) -> BaseStorage:
    """Keep studies in a file that a later run continues, or in memory."""
    if path is None:
        return InMemoryStorage()
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: is no folder", remedy="choose another --study")
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def search(
    problem: Problem,
    algorithms: tuple[str, ...],
    budget: Budget,
    *,
    sampler: str,
    storage: BaseStorage,
    name: str,
    workers: Workers,
) -> Found:
    """Search, going on where a study of this `name` in `storage` stopped."""
    study = _open_study(storage, name, sampler, problem.seed, budget)
    all_settings = sampler != "tpe"
    if not study.get_trials(deepcopy=False):
        for point in starting_points(algorithms, all_settings=all_settings):
            study.enqueue_trial(point)
    known: dict[tuple[str, ...], Outcome] = {}
    started_s, slowest_s = time.monotonic(), 0.0
    # A batch that may take as long as the slowest so far is not begun unless there is time for it.
    while not _is_over(study, budget, time.monotonic() - started_s + slowest_s):
        begun_s = time.monotonic()
        asked = [study.ask() for _ in range(min(BATCH, budget.trials - len(_finished(study))))]
        choices = [suggest(trial, algorithms, all_settings=all_settings) for trial in asked]
        keys = [(choice.algorithm, *choice.as_texts()) for choice in choices]
        fresh = {key: choice for key, choice in zip(keys, choices, strict=True) if key not in known}
        bound = _best_loss(study)
        tasks = [Task(choice, bound) for choice in fresh.values()]
        known.update(zip(fresh, workers.map(evaluate, problem, tasks), strict=True))
        for trial, choice, key in zip(asked, choices, keys, strict=True):
            _tell(study, trial, choice, known[key])
        slowest_s = max(slowest_s, time.monotonic() - begun_s)
    return _found(study)


def _open_study(storage: BaseStorage, name: str, sampler: str, seed: int, budget: Budget) -> Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True, direction="minimize")
    # Another seed for a continued study: the same one would ask the same again.
    study.sampler = _sampler(sampler, seed + len(_finished(study)), budget)
    return study


def _finished(study: Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _sampler(name: str, seed: int, budget: Budget) -> BaseSampler:
    if name == "tpe":
        return TPESampler(seed=seed, constant_liar=True)
    if name == "nsga2":
        return NSGAIISampler(seed=seed, population_size=max(BATCH, min(50, budget.trials // 5)))
    if name == "gp":
        if importlib.util.find_spec("torch") is None:
            raise UsageError(
                "--sampler gp needs torch",
                remedy="install Ostwald with its extra 'deep', or use --sampler tpe",
            )
        return GPSampler(seed=seed, deterministic_objective=True)
    raise UsageError(f"--sampler {name!r} is unknown", remedy=f"choose of {', '.join(SAMPLERS)}")


def _tell(study: Study, trial: optuna.Trial, choice: Choice, outcome: Outcome) -> None:
    trial.set_user_attr(_CHOICE, {"algorithm": choice.algorithm, "settings": dict(choice.settings)})
    if outcome.was_stopped or not math.isfinite(outcome.loss):
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, outcome.loss)


def _is_over(study: Study, budget: Budget, due_s: float) -> bool:
    trials = _finished(study)
    if len(trials) >= budget.trials:
        return True
    losses = [
        trial.value if trial.state == TrialState.COMPLETE and trial.value is not None else math.inf
        for trial in trials
    ]
    if not losses or not math.isfinite(min(losses)):
        return False
    if budget.seconds is not None and due_s >= budget.seconds:
        return True
    return len(losses) - 1 - losses.index(min(losses)) >= budget.patience


def _best_loss(study: Study) -> float:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min((trial.value for trial in complete if trial.value is not None), default=math.inf)


def _found(study: Study) -> Found:
    best = study.best_trial
    choice = best.user_attrs[_CHOICE]
    return Found(
        Choice(choice["algorithm"], choice["settings"]), float(study.best_value), len(_finished(study))
    )
