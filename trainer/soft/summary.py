"""A soft sensor's fit as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trainer.evaluate import Evaluation
    from trainer.soft.fit import SoftFitted
    from trainer.soft.pack import SoftPacked


def to_document(fitted: SoftFitted, packed: SoftPacked | None) -> dict[str, Any]:
    """Scores of every method on held-out spectra, the grid, and the bundle or None."""
    spectra = fitted.spectra
    nm = spectra.grid.wavelengths_nm
    final = fitted.comparison.final
    return {
        "best": fitted.sensor.method,
        "front": fitted.sensor.front.name,
        "methods": [_scores(fitted, each) for each in fitted.comparison.evaluations],
        "final": None if final is None else _scores(fitted, final),
        "rows": len(spectra.x),
        "groups": fitted.split.group_count,
        "split": fitted.split.kind,
        "scored": spectra.scored,
        "grid": {
            "signal": spectra.grid.signal,
            "points": len(nm),
            "low_nm": nm[0],
            "high_nm": nm[-1],
            "step_nm": spectra.grid.step_nm,
        },
        "notes": list(spectra.notes),
        "bundle": None if packed is None else _bundle(packed),
    }


def _scores(fitted: SoftFitted, judged: Evaluation) -> dict[str, Any]:
    half_width = np.median(judged.half_width, axis=0).tolist()
    return {
        "method": judged.algorithm,
        **asdict(judged.score),
        "coverage_90": judged.coverage_90,
        "novel_share": float((judged.novelty > 1.0).mean()),
        "targets": {
            column.header: {**asdict(score), "half_width_90": half}
            for column, score, half in zip(fitted.spectra.targets, judged.targets, half_width, strict=True)
        },
    }


def _bundle(packed: SoftPacked) -> dict[str, Any]:
    told = packed.packed
    return {
        "folder": str(told.folder),
        "digest": told.digest,
        "key_id": told.key_id,
        "parity": told.parity.worst,
        "latency_ms": packed.latency_ms,
    }
