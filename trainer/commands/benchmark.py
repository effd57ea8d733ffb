"""`benchmark`: every algorithm on every data set of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trainer.commands.options import AsJson, Seed, WorkerOptions, command, names
from trainer.console import FAILED, errors_in_one_line, print_json, print_notes, progress_bar
from trainer.recipe import Recipe
from trainer.workers import open_workers

if TYPE_CHECKING:
    from trainer.benchmark import Result

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Data sets; benchmark.toml in it says what to predict.")
]
Tasks = Annotated[Path | None, typer.Option("--tasks", help="Another list than FOLDER/benchmark.toml.")]
Algorithms = Annotated[str, typer.Option("--algorithms", help="Which to compare: names or groups, a,b.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Task by its name; may be repeated. Otherwise all.")
]


@command
def benchmark(
    folder: Folder,
    *,
    tasks: Tasks = None,
    algorithms: Algorithms = "all",
    only: Only = None,
    where: WorkerOptions,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare all algorithms on all data sets of a folder, in one table."""
    with errors_in_one_line():
        chosen = Recipe(targets=("last",), algorithms=names([algorithms]), seed=seed).algorithms
        results = _run(folder, tasks, tuple(only or ()), chosen, where, seed)
        if as_json:
            print_json(_document(results, chosen))
        else:
            _print(results, chosen)
        if all(result.comparison is None for result in results):
            raise typer.Exit(FAILED)


def _run(
    folder: Path,
    listing: Path | None,
    only: tuple[str, ...],
    algorithms: tuple[str, ...],
    where: WorkerOptions,
    seed: int,
) -> tuple[Result, ...]:
    from trainer.benchmark import read_tasks, run_task, select  # noqa: PLC0415 - --help must not wait for it

    tasks = select(read_tasks(folder, listing), only)
    results = []
    with open_workers(where.jobs, where.cluster) as workers:
        for number, task in enumerate(tasks, start=1):
            with progress_bar(f"{number}/{len(tasks)} {task.name}") as progress:
                results.append(run_task(task, algorithms, seed, progress, workers))
            if results[-1].failure:
                print_notes([f"{task.name}: {results[-1].failure}"])
    return tuple(results)


def _document(results: tuple[Result, ...], algorithms: tuple[str, ...]) -> dict[str, Any]:
    from trainer.benchmark import mean_ranks  # noqa: PLC0415 - see above

    return {
        "tasks": [
            {
                "name": result.task.name,
                "rows": result.rows,
                "seconds": round(result.seconds, 3),
                "failure": result.failure or None,
                "split": result.task.recipe.split,
                "group_by": list(result.task.recipe.group_by),
                "models": [
                    {
                        "algorithm": each.algorithm,
                        "r2": each.score.r2,
                        "rmse": each.score.rmse,
                        "mae": each.score.mae,
                        "coverage_90": each.coverage_90,
                    }
                    for each in (result.comparison.evaluations if result.comparison else ())
                ],
            }
            for result in results
        ],
        "mean_rank": mean_ranks(results, algorithms),
    }


def _print(results: tuple[Result, ...], algorithms: tuple[str, ...]) -> None:
    from trainer.benchmark import mean_ranks  # noqa: PLC0415 - see above

    ranks = mean_ranks(results, algorithms)
    table = Table(title="R2 on held-out rows; * is the best of a data set")
    table.add_column("algorithm")
    for number in range(1, len(results) + 1):
        table.add_column(str(number), justify="right")
    table.add_column("mean rank", justify="right")
    for algorithm in sorted(ranks, key=lambda each: ranks[each]):
        cells = [_cell(result, algorithm) for result in results]
        table.add_row(algorithm, *cells, f"{ranks[algorithm]:.1f}")
    Console().print(table)
    for number, result in enumerate(results, start=1):
        told = result.failure or f"{result.rows} rows, {result.seconds:.0f} s"
        typer.echo(f"{number}: {result.task.name}, {told}")


def _cell(result: Result, algorithm: str) -> str:
    if result.comparison is None:
        return "-"
    best = result.comparison.best
    scores = {each.algorithm: each.score.r2 for each in result.comparison.evaluations}
    return f"{scores[algorithm]:.3f}{'*' if algorithm == best.algorithm else ' '}"
