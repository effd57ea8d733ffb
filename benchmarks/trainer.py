"""`make bench-trainer`: our trainer, FLAML and GridSearchCV on the same folds, at equal time and cores.

No system sees held-out rows. Its time runs from the training rows to its answer for those held out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.children import BenchmarkError
from benchmarks.trainer_jobs import Done, Job, run_jobs
from benchmarks.trainer_systems import SYSTEMS, Training
from benchmarks.verdict import conclude, give_up, progress_bar
from trainer.benchmark import read_tasks, select
from trainer.dataset import load_dataset
from trainer.errors import TrainerError
from trainer.scores import score_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS: Final = Path(__file__).parents[1] / "tests" / "real_data" / "benchmark.toml"
OURS: Final = "ours"
# Our mean time may exceed the budget by no more than this.
TIME_RATIO_LIMIT: Final = 1.1

Data = Annotated[Path, typer.Argument(metavar="DATA", help="The folder of the published data sets.")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Data set by its name; may be repeated.")]
Budget = Annotated[float, typer.Option("--budget-s", min=1.0, help="Of each fit, in seconds on one core.")]
Folds = Annotated[int, typer.Option("--folds", min=2, max=20, help="Outer folds of each data set.")]
Cores = Annotated[int, typer.Option("--cores", min=1, help="Fits at a time, each on a core of its own.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the folds and of every system.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print no table, only the line of JSON.")]


@dataclass(frozen=True, slots=True)
class Compared:
    """One data set: R2 on all held-out rows, and seconds a fit, by system."""

    name: str
    rows: int
    grouped: bool
    r2: dict[str, float]
    seconds: dict[str, float]


def main(
    data: Data,
    *,
    only: Only = None,
    budget_s: Budget = 25.0,
    folds: Folds = 3,
    cores: Cores = 2,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare, and end with one line of JSON; exit code 1 if a peer is better on the median of the sets."""
    try:
        compared = _compare(_jobs(data, tuple(only or ()), folds, budget_s, seed), _cores(cores))
    except BenchmarkError as error:
        raise typer.Exit(give_up(error)) from None
    if not as_json:
        Console().print(_to_table(compared))
    raise typer.Exit(_judge(compared, budget_s))


def _cores(count: int) -> list[int]:
    available = sorted(os.sched_getaffinity(0))
    if count > len(available):
        raise BenchmarkError(f"--cores {count}: there are {len(available)}")
    return available[:count]


def _jobs(data: Path, only: tuple[str, ...], folds: int, budget_s: float, seed: int) -> list[Job]:
    """Read the data sets; every fold of each meets one system after the other."""
    jobs: list[Job] = []
    try:
        for task in select(read_tasks(data, TASKS), only):
            dataset = load_dataset(task.file, task.recipe, task.schema)
            split = dataset.split(f"kfold:{folds}", seed)
            for number, fold in enumerate(split.folds):
                training = Training(dataset, fold, budget_s, seed)
                jobs.extend(Job(system, task.name, number, training) for system in SYSTEMS)
    except TrainerError as problem:
        raise BenchmarkError(str(problem)) from problem
    return jobs


def _compare(jobs: Sequence[Job], cores: Sequence[int]) -> list[Compared]:
    done: dict[str, list[Done]] = {job.name: [] for job in jobs}
    with progress_bar() as progress:
        task = progress.add_task("fitting", total=len(jobs))
        for each in run_jobs(jobs, cores):
            done[each.job.name].append(each)
            progress.advance(task)
    return [_score(name, parts) for name, parts in done.items()]


def _score(name: str, parts: Sequence[Done]) -> Compared:
    dataset = parts[0].job.training.dataset
    r2, seconds = {}, {}
    for system in SYSTEMS:
        own = [part for part in parts if part.job.system == system]
        rows = np.concatenate([part.job.training.fold.test for part in own])
        mean = np.concatenate([part.mean for part in own])
        r2[system] = score_targets(dataset.y[rows], mean[:, None])[0].r2
        seconds[system] = float(np.mean([part.seconds for part in own]))
    return Compared(name, len(dataset.x), dataset.group_of is not None, r2, seconds)


def _to_table(compared: Sequence[Compared]) -> Table:
    table = Table(title="R2 on held-out rows, and seconds a fit")
    table.add_column("data set")
    table.add_column("rows", justify="right")
    for system in SYSTEMS.values():
        table.add_column(system.label, justify="right")
    for each in compared:
        cells = [f"{each.r2[system]:.3f}  {each.seconds[system]:.0f} s" for system in SYSTEMS]
        table.add_row(each.name, str(each.rows), *cells)
    return table


def _judge(compared: Sequence[Compared], budget_s: float) -> int:
    """Compare data set by data set: the median of the differences must not be below zero for any peer."""
    figures: dict[str, float | int | bool] = {"sets": len(compared), "budget_s": budget_s}
    for each in compared:
        for system in SYSTEMS:
            figures[f"{each.name}: {system} r2"] = round(each.r2[system], 4)
            figures[f"{each.name}: {system} s"] = round(each.seconds[system], 2)
    ours_s = float(np.mean([each.seconds[OURS] for each in compared]))
    holds = ours_s <= TIME_RATIO_LIMIT * budget_s
    for system in SYSTEMS:
        figures[f"{system}_median_r2"] = round(median(each.r2[system] for each in compared), 4)
        figures[f"{system}_mean_s"] = round(float(np.mean([each.seconds[system] for each in compared])), 2)
        if system != OURS:
            gains = [each.r2[OURS] - each.r2[system] for each in compared]
            figures[f"median_gain_over_{system}"] = round(median(gains), 4)
            figures[f"sets_where_{system}_is_better"] = sum(gain < 0.0 for gain in gains)
            holds &= median(gains) >= 0.0
    return conclude("trainer", holds=holds, figures=figures)


if __name__ == "__main__":
    typer.run(main)
