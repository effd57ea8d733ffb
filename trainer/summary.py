"""A fit told to people (a table) and to programs (one JSON document)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from trainer.candidates import CANDIDATES
from trainer.dataset import same_rows

if TYPE_CHECKING:
    from trainer.evaluate import Evaluation
    from trainer.fit import Fitted
    from trainer.pack import Packed


def to_document(fitted: Fitted, packed: Packed | None) -> dict[str, Any]:
    """Return what `--json` prints; `best` is scored on untouched rows where the split keeps some."""
    comparison = fitted.comparison
    models = [_evaluation(fitted, evaluation) for evaluation in comparison.evaluations]
    refused = [{"algorithm": name, "refused": reason} for name, reason in comparison.refused.items()]
    document: dict[str, Any] = {
        "best": _evaluation(fitted, comparison.judged),
        "models": [*models, *refused],
        "split": {
            "kind": fitted.split.kind,
            "folds": len(fitted.split.folds),
            "groups": fitted.split.group_count,
            "group_by": list(fitted.recipe.group_by),
            "seed": fitted.recipe.seed,
        },
        "data": {
            "source": fitted.dataset.source,
            "sha256": fitted.dataset.sha256,
            "rows": len(fitted.dataset.y),
            "distinct_conditions": int(same_rows(fitted.dataset.x).max()) + 1,
            "inputs": [column.name for column in fitted.dataset.inputs],
            "targets": [column.name for column in fitted.dataset.targets],
        },
        "bundle": None,
    }
    if packed is not None:
        document["bundle"] = str(packed.folder)
        document["digest"] = packed.digest
        document["signed_by"] = packed.key_id
        document["parity"] = {
            "worst": packed.parity.worst,
            "rtol": packed.parity.rtol,
            "rows": packed.parity.rows,
        }
    return document


def to_table(fitted: Fitted) -> Table:
    """Return the comparison, best first."""
    judged_targets = len(fitted.dataset.targets)
    unit = fitted.dataset.targets[0].unit if judged_targets == 1 else "deviations"
    title = f"{', '.join(column.header for column in fitted.dataset.targets[:4])}"
    if judged_targets > 4:
        title += f" and {judged_targets - 4} more"
    table = Table(title=f"{title} ({len(fitted.dataset.y)} rows, {fitted.split.describe()})")
    table.add_column("algorithm")
    errors = [f"{name} [{unit}]" if unit else name for name in ("RMSE", "MAE")]
    for name in ("R2", *errors, "within 1 std", "within 1.96 std"):
        table.add_column(name.replace("[", "\\["), justify="right")
    for evaluation in fitted.comparison.evaluations:
        score = evaluation.score
        table.add_row(
            CANDIDATES[evaluation.algorithm].label,
            f"{score.r2:.3f}",
            f"{score.rmse:.4g}",
            f"{score.mae:.4g}",
            f"{evaluation.coverage_68:.0%}",
            f"{evaluation.coverage_95:.0%}",
        )
    for name in fitted.comparison.refused:
        table.add_row(CANDIDATES[name].label, *["-"] * 5)
    return table


def _evaluation(fitted: Fitted, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "algorithm": evaluation.algorithm,
        "r2": evaluation.score.r2,
        "rmse": evaluation.score.rmse,
        "mae": evaluation.score.mae,
        "coverage_68": evaluation.coverage_68,
        "coverage_95": evaluation.coverage_95,
        "targets": [
            {"name": column.name, "unit": column.unit, "r2": score.r2, "rmse": score.rmse, "mae": score.mae}
            for column, score in zip(fitted.dataset.targets, evaluation.targets, strict=True)
        ],
    }
