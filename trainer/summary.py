"""A fit told to people (a table) and to programs (one JSON document)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from trainer.dataset import same_rows

if TYPE_CHECKING:
    from trainer.evaluate import Evaluation
    from trainer.fit import Fitted
    from trainer.pack import Packed
    from trainer.trust import Trust

# So many targets are named in a title.
_NAMED = 4


def to_document(fitted: Fitted, packed: Packed | None) -> dict[str, Any]:
    """Return what `--json` prints; `best` is scored on untouched rows where the split keeps some."""
    comparison = fitted.comparison
    models = [_evaluation(fitted, evaluation) for evaluation in comparison.evaluations]
    document: dict[str, Any] = {
        "best": _evaluation(fitted, comparison.judged),
        "models": models,
        "split": {
            "kind": fitted.split.kind,
            "folds": len(fitted.split.folds),
            "groups": fitted.split.group_count,
            "group_by": list(fitted.recipe.group_by),
            "seed": fitted.recipe.seed,
            "scored": fitted.dataset.scored,
        },
        "data": {
            "source": fitted.dataset.source,
            "sha256": fitted.dataset.sha256,
            "rows": len(fitted.dataset.y),
            "distinct_conditions": int(same_rows(fitted.dataset.x).max()) + 1,
            "inputs": [column.name for column in fitted.dataset.inputs],
            "targets": [column.name for column in fitted.dataset.targets],
            "notes": list(fitted.dataset.notes),
            "findings": [asdict(finding) for finding in fitted.dataset.findings],
        },
        "bundle": None,
    }
    if fitted.trust is not None:
        document["trust"] = _trust(fitted.trust)
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
    targets = fitted.dataset.targets
    title = ", ".join(column.header for column in targets[:_NAMED])
    if len(targets) > _NAMED:
        title += f" and {len(targets) - _NAMED} more"
    unit = targets[0].unit if len(targets) == 1 else "std"
    suffix = f" / {unit}" if unit else ""
    table = Table(title=Text(f"{title} ({len(fitted.dataset.y)} rows, {fitted.split.describe()})"))
    for heading in ("algorithm", "R2", f"RMSE{suffix}", f"MAE{suffix}", "in 1 std", "in 90 %"):
        table.add_column(Text(heading), justify="left" if heading == "algorithm" else "right")
    for evaluation in fitted.comparison.evaluations:
        score = evaluation.score
        table.add_row(
            evaluation.algorithm,
            f"{score.r2:.3f}",
            f"{score.rmse:.4g}",
            f"{score.mae:.4g}",
            f"{evaluation.coverage_68:.0%}",
            f"{evaluation.coverage_90:.0%}",
        )
    return table


def _evaluation(fitted: Fitted, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "algorithm": evaluation.algorithm,
        "r2": evaluation.score.r2,
        "rmse": evaluation.score.rmse,
        "mae": evaluation.score.mae,
        "settings": dict(evaluation.settings),
        "coverage_68": evaluation.coverage_68,
        "coverage_90": evaluation.coverage_90,
        "coverage_95": evaluation.coverage_95,
        "targets": [
            {
                "name": column.name,
                "unit": column.unit,
                "r2": score.r2,
                "rmse": score.rmse,
                "mae": score.mae,
                "interval_90": float(half_width),
            }
            for column, score, half_width in zip(
                fitted.dataset.targets,
                evaluation.targets,
                np.median(evaluation.half_width, axis=0),
                strict=True,
            )
        ],
    }


def _trust(trust: Trust) -> dict[str, Any]:
    curve = trust.curve
    return {
        "importance": [
            {"input": each.name, "loss_of_r2": each.loss, "spread": each.spread} for each in trust.importances
        ],
        "learning_curve": None
        if curve is None
        else {
            "rows": curve.rows.tolist(),
            "rmse_in_std": curve.rmse.mean(axis=1).tolist(),
            "noise_in_std": curve.noise,
            "gain_of_doubling": curve.gain,
            "more_data_would_help": curve.more_would_help,
            "verdict": curve.verdict(),
        },
        "novelty_auc": trust.novelty_auc,
        "novel_share": trust.novel_share,
    }
