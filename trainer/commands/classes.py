"""`classify` and `cluster`: kinds that are named in the data, and kinds that are not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.options import (
    AsJson,
    Categorical,
    Csv,
    Drop,
    GroupBy,
    Inputs,
    NoHeader,
    Seed,
    SplitKind,
    command,
    names,
)
from trainer.console import errors_in_one_line, print_json, print_notes, progress_bar

if TYPE_CHECKING:
    from trainer.class_export import ExportedClassifier
    from trainer.classify import Classified
    from trainer.cluster import Clustering
    from trainer.labelled import Labelled

Target = Annotated[str, typer.Option("--target", help="Column of labels, such as shape or phase.")]
Algorithms = Annotated[str, typer.Option("--algorithms", help="Of logistic, svm, forest, tree: a,b.")]
Method = Annotated[str, typer.Option("--method", help="kmeans, hierarchical or mixture.")]
Count = Annotated[int | None, typer.Option("--count", help="Clusters; else the number that fits best.")]
Most = Annotated[int, typer.Option("--most", help="Clusters to try without --count.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="CSV with a column 'cluster' added, for --group-by cluster.")
]
Model = Annotated[
    Path | None, typer.Option("--out", help="ONNX file for the best classifier, fitted to all rows.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file of --out.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """Where the best classifier goes, and whether it may replace what is there."""

    out: Model = None
    force: Force = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOptions:
    """Which columns say what a row is."""

    inputs: Inputs = None
    drop: Drop = None
    categorical: Categorical = None
    no_header: NoHeader = False


@command
def classify(
    csv: Csv,
    *,
    target: Target,
    columns: ColumnOptions,
    file: ModelFile,
    group_by: GroupBy = None,
    split: SplitKind = "kfold:10",
    algorithms: Algorithms = "logistic,svm,forest,tree",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare classifiers of a label, such as a shape or a phase, on held-out rows."""
    with errors_in_one_line():
        from trainer.class_export import check_free, export_classifier  # noqa: PLC0415 - slow: --help must not wait
        from trainer.classify import classify as compare  # noqa: PLC0415
        from trainer.split import make_split  # noqa: PLC0415

        if file.out is not None:
            check_free(file.out, force=file.force)
        data = _load(csv, columns, label=target, group_by=names(group_by))
        parts = make_split(split, len(data.x), data.group_of, seed)
        with progress_bar("fitting") as progress:
            found = compare(data, parts, names([algorithms]), seed, progress)
        exported = None
        if file.out is not None:
            exported = export_classifier(data, parts.folds[0], found[0].algorithm, seed)
            exported.write(file.out, force=file.force)
        _tell_classes(data, found, split, exported, as_json=as_json)


@command
def cluster(
    csv: Csv,
    *,
    columns: ColumnOptions,
    method: Method = "kmeans",
    count: Count = None,
    most: Most = 8,
    seed: Seed = 0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Divide rows into groups of alike ones, and say how distinct and how stable these are."""
    with errors_in_one_line():
        from trainer.cluster import cluster as divide  # noqa: PLC0415 - see above

        data = _load(csv, columns, label=None, group_by=())
        found = divide(data, method, count, most, seed)
        if out is not None:
            _write(data, found, out)
        _tell_clusters(data, found, out, as_json=as_json)


def _load(csv: Path, columns: ColumnOptions, *, label: str | None, group_by: tuple[str, ...]) -> Labelled:
    from trainer.labelled import Selection, load_labelled  # noqa: PLC0415

    selection = Selection(
        label=label,
        inputs=names(columns.inputs),
        drop=names(columns.drop),
        categorical=names(columns.categorical),
        group_by=group_by,
        has_header=not columns.no_header,
    )
    data = load_labelled(csv, selection)
    print_notes(data.notes)
    return data


def _tell_classes(
    data: Labelled,
    found: tuple[Classified, ...],
    split: str,
    exported: ExportedClassifier | None,
    *,
    as_json: bool,
) -> None:
    assert data.label is not None
    labels = data.label.choices
    best = found[0]
    counts = best.confusion.sum(axis=1)
    models: list[dict[str, Any]] = [
        {
            "algorithm": each.algorithm,
            "accuracy": each.accuracy,
            "balanced_accuracy": each.balanced_accuracy,
            "macro_f1": each.macro_f1,
        }
        for each in found
    ]
    document = {
        "best": models[0],
        "models": models,
        "most_frequent": float(counts.max() / counts.sum()),
        "labels": list(labels),
        "confusion": best.confusion.tolist(),
        "split": split,
        "rows": int(counts.sum()),
        "export": None if exported is None else exported.to_dict(),
    }
    if as_json:
        print_json(document)
        return
    for each in models:
        typer.echo(
            f"{each['algorithm']:>9}: accuracy {each['accuracy']:.3f}, "
            f"balanced {each['balanced_accuracy']:.3f}, macro F1 {each['macro_f1']:.3f}"
        )
    typer.echo(
        f"always the most frequent label: accuracy {document['most_frequent']:.3f}, balanced "
        f"{1 / int((counts > 0).sum()):.3f}"
    )
    for label, row in zip(labels, best.confusion.tolist(), strict=True):
        taken = ", ".join(f"{other} {n}" for other, n in zip(labels, row, strict=True) if n)
        typer.echo(f"{label} was taken for: {taken}")
    if exported is not None:
        typer.echo(exported.describe())


def _write(data: Labelled, found: Clustering, out: Path) -> None:
    frame = data.table.cells.iloc[data.kept].copy()
    # A name of its own: the file may hold clusters already.
    name = "cluster"
    while name in frame.columns:
        name += "_"
    frame[name] = found.label
    if found.membership is not None:
        for number in range(found.count):
            frame[f"{name} {number} membership"] = found.membership[:, number].round(4)
    frame.to_csv(out, index=False, lineterminator="\n")


def _tell_clusters(data: Labelled, found: Clustering, out: Path | None, *, as_json: bool) -> None:
    import numpy as np  # noqa: PLC0415 - see above

    clusters: list[dict[str, Any]] = []
    for number in range(found.count):
        own = found.label == number
        centre: dict[str, float | str] = {}
        for column in data.inputs:
            values = column.data[own]
            if column.choices:
                centre[column.name] = column.choices[int(np.bincount(values.astype(np.int64)).argmax())]
            elif not np.isnan(values).all():
                centre[column.name] = float(np.nanmean(values))
        clusters.append({"cluster": number, "rows": int(own.sum()), "centre": centre})
    document = {
        "method": found.method,
        "count": found.count,
        "silhouette": found.silhouette,
        "stability": found.stability,
        "clusters": clusters,
        "out": None if out is None else str(out),
    }
    if as_json:
        print_json(document)
        return
    typer.echo(
        f"{found.count} clusters by {found.method}: silhouette {found.silhouette:.2f}, "
        f"stability {found.stability:.2f} (1 is the same on parts of the rows, 0 is chance)"
    )
    for each in clusters:
        means = ", ".join(
            f"{name} {value if isinstance(value, str) else format(value, '.4g')}"
            for name, value in each["centre"].items()
        )
        typer.echo(f"{each['cluster']}: {each['rows']} rows; {means}")
