"""`tune`: a search over algorithms and their settings within a budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.bundle_options import BundleOptions, pack_fitted
from trainer.commands.options import AsJson, Csv, DataOptions, WorkerOptions, command
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar
from trainer.workers import open_workers

if TYPE_CHECKING:
    from trainer.pack import Packed
    from trainer.tuning.nested import Tuned

Trials = Annotated[int, typer.Option("--trials", help="Most choices to try in each search.")]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Most time for all searches together.")]
Patience = Annotated[
    int, typer.Option("--patience", help="End a search after so many choices without a better one.")
]
Sampler = Annotated[
    str, typer.Option("--sampler", help="tpe, nsga2 (genetic) or gp (Gaussian process; needs torch).")
]
Study = Annotated[
    Path | None, typer.Option("--study", help="File that keeps every trial; a later run goes on from it.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How long to search, how, and where to keep it."""

    trials: Trials = 60
    seconds: Seconds = None
    patience: Patience = 30
    sampler: Sampler = "tpe"
    study: Study = None


@command
def tune(
    csv: Csv,
    *,
    data: DataOptions,
    how: SearchOptions,
    where: WorkerOptions,
    bundle: BundleOptions,
    as_json: AsJson = False,
) -> None:
    """Search algorithms and settings; the score is of rows that had no part in the search."""
    with errors_in_one_line():
        packing = bundle.check(csv.stem)
        tuned = _tune(csv, data, how, where, wants_report=bundle.report is not None)
        _tell(tuned, pack_fitted(tuned.fitted, packing), as_json=as_json)


def _tune(
    csv: Path, data: DataOptions, how: SearchOptions, where: WorkerOptions, *, wants_report: bool
) -> Tuned:
    from trainer.dataset import load_dataset  # noqa: PLC0415 - --help must not wait for the mathematics
    from trainer.trust import assess  # noqa: PLC0415
    from trainer.tuning.nested import Searching, tune  # noqa: PLC0415
    from trainer.tuning.search import Budget, open_storage  # noqa: PLC0415

    recipe = data.recipe()
    budget = Budget(how.trials, how.seconds, how.patience)
    dataset = load_dataset(csv, recipe, data.schema)
    print_notes(dataset.notes)
    split = dataset.split(recipe.split, recipe.seed)
    with open_workers(where.jobs, where.cluster) as workers, progress_bar("searching") as progress:
        searching = Searching(budget, how.sampler, open_storage(how.study), workers)
        tuned = tune(dataset, split, recipe, searching, progress)
    if not wants_report:
        return tuned
    with progress_bar("learning curve") as progress:
        return replace(tuned, fitted=replace(tuned.fitted, trust=assess(tuned.fitted, progress)))


def _tell(tuned: Tuned, packed: Packed | None, *, as_json: bool) -> None:
    from trainer.summary import to_document  # noqa: PLC0415

    if as_json:
        document: dict[str, Any] = to_document(tuned.fitted, packed)
        document["tuning"] = {
            "algorithm": tuned.found.choice.algorithm,
            "settings": dict(tuned.found.choice.settings),
            "trials": tuned.found.trials,
            "inner_r2": 1.0 - tuned.found.loss,
            "by_fold": [
                {"algorithm": each.choice.algorithm, "settings": dict(each.choice.settings)}
                for each in tuned.by_fold
            ],
        }
        print_json(document)
        return
    judged = tuned.fitted.comparison.judged
    texts = " ".join(tuned.found.choice.as_texts())
    typer.echo(f"chosen: {tuned.found.choice.algorithm} {texts}".rstrip())
    typer.echo(
        f"R2 {judged.score.r2:.3f} on rows that had no part in any search ({tuned.found.trials} trials)"
    )
    if packed is not None:
        typer.echo(f"bundle: {packed.folder} (digest {packed.digest[:12]}, signed by {packed.key_id[:12]})")
