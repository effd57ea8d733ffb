"""`benchmark`: every algorithm on every data set of a folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trainer.commands.options import AsJson, Seed, WorkerOptions, command, names
from trainer.console import FAILED, errors_in_one_line, print_json, print_notes, progress_bar
from trainer.errors import UsageError
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
Repeats = Annotated[
    int,
    typer.Option(
        "--repeats", help="Times that folds are dealt anew; scores are means, with their deviation."
    ),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every task gets."""

    algorithms: tuple[str, ...]
    seed: int
    repeats: int


@command
def benchmark(
    folder: Folder,
    *,
    tasks: Tasks = None,
    algorithms: Algorithms = "all",
    only: Only = None,
    where: WorkerOptions,
    seed: Seed = 0,
    repeats: Repeats = 1,
    as_json: AsJson = False,
) -> None:
    """Compare all algorithms on all data sets of a folder, in one table."""
    with errors_in_one_line():
        chosen = Recipe(targets=("last",), algorithms=names([algorithms]), seed=seed).algorithms
        results = _run(folder, tasks, tuple(only or ()), _Asked(chosen, seed, repeats), where)
        if as_json:
            print_json(_document(results, chosen))
        else:
            _print(results, chosen)
        if not any(result.comparisons for result in results):
            raise typer.Exit(FAILED)


def _run(
    folder: Path,
    listing: Path | None,
    only: tuple[str, ...],
    asked: _Asked,
    where: WorkerOptions,
) -> tuple[Result, ...]:
    # Imported late: --help must not wait for the mathematics.
    from trainer.benchmark import MAX_REPEATS, read_tasks, run_task, select  # noqa: PLC0415

    if not 1 <= asked.repeats <= MAX_REPEATS:
        raise UsageError(f"--repeats {asked.repeats} is not within 1 to {MAX_REPEATS}")
    tasks = select(read_tasks(folder, listing), only)
    results = []
    with open_workers(where.jobs, where.cluster) as workers:
        for number, task in enumerate(tasks, start=1):
            with progress_bar(f"{number}/{len(tasks)} {task.name}") as progress:
                results.append(run_task(task, asked.algorithms, asked.seed, asked.repeats, progress, workers))
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
                "models": [asdict(score) for score in result.scores],
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
    scores = result.scores
    if not scores:
        return "-"
    score = next(each for each in scores if each.algorithm == algorithm)
    spread = f" ± {score.r2_sd:.3f}" if score.repeats > 1 else ""
    return f"{score.r2:.3f}{spread}{'*' if score is scores[0] else ' '}"
