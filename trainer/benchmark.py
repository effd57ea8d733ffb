"""All algorithms on all data sets of a folder: what suits which data, in one table.

`benchmark.toml` in the folder says what to predict, a [[task]] each; without it, every CSV file is a task
that predicts its last column.
"""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from trainer.dataset import load_dataset
from trainer.errors import TrainerError, UsageError
from trainer.evaluate import compare
from trainer.recipe import Recipe
from trainer.split import is_shuffled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.evaluate import Comparison, Evaluation, Progress
    from trainer.workers import Workers

TASKS_NAME = "benchmark.toml"
MAX_TASKS = 200
MAX_REPEATS = 100
_MAX_BYTES = 1 << 20
_LISTS = ("targets", "inputs", "drop", "categorical", "group_by")
_TEXTS = ("name", "file", "schema", "split")
_KEYS = {*_LISTS, *_TEXTS, "has_header"}


@dataclass(frozen=True)
class Task:
    """One data set and what to predict from what; `recipe` without the algorithms to compare."""

    name: str
    file: Path
    schema: Path | None
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Repeated:
    """Means over repeats of one algorithm's scores; `r2_sd`: the deviation of `r2_each`, 0 of one."""

    algorithm: str
    repeats: int
    r2: float
    r2_sd: float
    r2_each: tuple[float, ...]
    rmse: float
    mae: float
    coverage_90: float

    @staticmethod
    def of(algorithm: str, evaluations: Sequence[Evaluation]) -> Repeated:
        r2 = [each.score.r2 for each in evaluations]
        return Repeated(
            algorithm=algorithm,
            repeats=len(r2),
            r2=fmean(r2),
            r2_sd=stdev(r2) if len(r2) > 1 else 0.0,
            r2_each=tuple(r2),
            rmse=fmean(each.score.rmse for each in evaluations),
            mae=fmean(each.score.mae for each in evaluations),
            coverage_90=fmean(each.coverage_90 for each in evaluations),
        )


@dataclass(frozen=True)
class Result:
    """What came of a task: comparisons of `rows` rows in `seconds`, or the `failure` in one line.

    One comparison a repeat, each with folds of its own; `scores`, best mean first.
    """

    task: Task
    comparisons: tuple[Comparison, ...]
    rows: int
    seconds: float
    failure: str

    @property
    def scores(self) -> tuple[Repeated, ...]:
        found: dict[str, list[Evaluation]] = {}
        for comparison in self.comparisons:
            for evaluation in comparison.evaluations:
                found.setdefault(evaluation.algorithm, []).append(evaluation)
        repeated = (Repeated.of(algorithm, each) for algorithm, each in found.items())
        return tuple(sorted(repeated, key=lambda score: -score.r2))


def read_tasks(folder: Path, tasks: Path | None = None) -> tuple[Task, ...]:
    """Read `tasks`, or the folder's own list, or take every CSV in it; UsageError says what is wrong."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder")
    listing = tasks or folder / TASKS_NAME
    if tasks is not None or listing.exists():
        return _read_listing(folder, listing)
    files = sorted(folder.rglob("*.csv"))
    if not 1 <= len(files) <= MAX_TASKS:
        raise UsageError(
            f"{folder}: {len(files)} CSV files, not 1 to {MAX_TASKS}", remedy=f"list tasks in {TASKS_NAME}"
        )
    return tuple(Task(str(file.relative_to(folder)), file, None, Recipe(targets=("last",))) for file in files)


def select(tasks: tuple[Task, ...], only: tuple[str, ...]) -> tuple[Task, ...]:
    """Keep the tasks named in `only`; all if none is."""
    names = [task.name for task in tasks]
    if unknown := set(only) - set(names):
        raise UsageError(f"--only {min(unknown)!r}: no such task", remedy=f"there are {', '.join(names)}")
    return tuple(task for task in tasks if not only or task.name in only)


def run_task(
    task: Task,
    algorithms: tuple[str, ...],
    seed: int,
    repeats: int,
    progress: Progress,
    workers: Workers,
) -> Result:
    """Compare the algorithms; data that cannot be fitted are a result, too.

    Each of the `repeats` has a seed of its own, counted from `seed`, for its folds and its fits. Where the
    folds follow from the data (`logo`, `time:K`), one is all there is.
    """
    started = time.monotonic()
    count = repeats if is_shuffled(task.recipe.split) else 1
    recipe = replace(task.recipe, algorithms=algorithms, seed=seed)
    comparisons, rows = [], 0
    try:
        dataset = load_dataset(task.file, recipe, task.schema)
        rows = len(dataset.x)
        for repeat in range(count):
            split = dataset.split(recipe.split, seed + repeat)
            told = _offset(progress, repeat, count)
            comparisons.append(compare(dataset, split, algorithms, seed + repeat, told, workers=workers))
    except TrainerError as problem:
        return Result(task, (), rows, time.monotonic() - started, " ".join(str(problem).split()))
    return Result(task, tuple(comparisons), rows, time.monotonic() - started, "")


def _offset(progress: Progress, repeat: int, repeats: int) -> Progress:
    """Count the fits of one repeat among those of all."""
    return lambda done, total: progress(repeat * total + done, repeats * total)


def mean_ranks(results: tuple[Result, ...], algorithms: tuple[str, ...]) -> dict[str, float]:
    """Return the mean rank of each algorithm over the tasks that could be fitted; 1 is always the best."""
    ranks: dict[str, list[int]] = {algorithm: [] for algorithm in algorithms}
    for result in results:
        for rank, score in enumerate(result.scores, start=1):
            ranks[score.algorithm].append(rank)
    return {algorithm: sum(each) / len(each) for algorithm, each in ranks.items() if each}


def _read_listing(folder: Path, listing: Path) -> tuple[Task, ...]:
    try:
        with listing.open("rb") as file:
            content = tomllib.loads(file.read(_MAX_BYTES).decode("utf-8"))
    except OSError as problem:
        raise UsageError(f"{listing}: cannot be read ({problem.strerror})") from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{listing}: not valid TOML ({problem})") from problem
    entries = content.get("task")
    if set(content) - {"task"} or not isinstance(entries, list) or not 1 <= len(entries) <= MAX_TASKS:
        raise UsageError(f"{listing}: holds other than 1 to {MAX_TASKS} [[task]] tables")
    found = tuple(_read_task(folder, listing, number, entry) for number, entry in enumerate(entries, start=1))
    names = [task.name for task in found]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"{listing}: two tasks are named {min(doubled)!r}")
    return found


def _read_task(folder: Path, listing: Path, number: int, entry: object) -> Task:
    where = f"{listing.name}, task {number}"
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: is no table")
    if unknown := set(entry) - _KEYS:
        raise UsageError(
            f"{where}: {min(unknown)!r} is unknown", remedy=f"there are {', '.join(sorted(_KEYS))}"
        )
    texts = {key: _text(entry, key, where) for key in _TEXTS}
    if not texts["file"]:
        raise UsageError(f"{where}: names no file")
    has_header = entry.get("has_header", True)
    if not isinstance(has_header, bool):
        raise UsageError(f"{where}: has_header is not true or false")
    recipe = Recipe(
        targets=_list(entry, "targets", where) or ("last",),
        inputs=_list(entry, "inputs", where),
        drop=_list(entry, "drop", where),
        categorical=_list(entry, "categorical", where),
        group_by=_list(entry, "group_by", where),
        split=texts["split"] or "kfold:10",
        has_header=has_header,
    )
    # Data lie in the folder that was named; a schema lies beside the list of tasks that speaks of it.
    schema = listing.parent / texts["schema"] if texts["schema"] else None
    return Task(texts["name"] or texts["file"], folder / texts["file"], schema, recipe)


def _text(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{where}: {key} is not a text")
    return value


def _list(entry: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{where}: {key} is not a list of texts")
    return tuple(str(item) for item in value)
