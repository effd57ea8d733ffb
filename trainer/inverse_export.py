"""The inverse forest as a file, written only where the graph answers as the forest does.

No bundle: a device's manifest knows models that predict what is measured. So a JSON file beside the graph
says what its columns are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.errors import TrainerError, UsageError
from trainer.inverse import InverseForest
from trainer.inverse_graph import inverse_graph
from trainer.parity import latency_ms, open_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.columns import Column
    from trainer.dataset import Dataset
    from trainer.inverse import InverseAnswer
    from trainer.split import Fold

RTOL = 1e-9
OUTSIDE_ROWS = 200
# Values near zero are compared against this part of their condition's range.
_FLOOR = 0.01


@dataclass(frozen=True, slots=True)
class InverseParity:
    """The `worst` relative difference on `rows` rows."""

    rows: int
    worst: float


@dataclass(frozen=True, slots=True)
class ExportedInverse:
    """A graph that passed, what its columns are, `parity` by kind of rows, median time of one row."""

    model: bytes
    columns: Mapping[str, Any]
    parity: Mapping[str, InverseParity]
    latency_ms: float

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.columns,
            "sha256": sha256(self.model).hexdigest(),
            "bytes": len(self.model),
            "latency_ms": self.latency_ms,
            "rtol": RTOL,
            "parity": {kind: {"rows": each.rows, "worst": each.worst} for kind, each in self.parity.items()},
        }

    def write(self, out: Path, *, force: bool) -> None:
        """Write the graph and its description beside it; UsageError where one is there, unless forced."""
        check_export(out, force=force)
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        _put(out, self.model)
        _put(description_of(out), text.encode())

    def describe(self) -> str:
        worst = max(each.worst for each in self.parity.values())
        rows = sum(each.rows for each in self.parity.values())
        return (
            f"inverse forest exported: {len(self.model)} bytes, {self.latency_ms:.3f} ms a row, "
            f"within {worst:.1e} of the forest on {rows} rows"
        )


def description_of(out: Path) -> Path:
    """Return where the description of the graph `out` goes."""
    return out.with_suffix(".json")


def check_export(out: Path, *, force: bool) -> None:
    """UsageError where `out` must not be written; to be asked before a long fit."""
    if out.suffix != ".onnx":
        raise UsageError(f"--export {out} does not end in .onnx", remedy="name it so: a .json goes beside it")
    for path in (out, description_of(out)):
        if path.is_dir():
            raise UsageError(f"--export {out}: {path} is a folder", remedy="choose another name")
        if not force and (path.exists() or path.is_symlink()):
            raise UsageError(f"--export {out}: {path} exists", remedy="choose another name, or pass --force")


def export_inverse(
    dataset: Dataset, fold: Fold, fitted: InverseForest, asked: Sequence[int], seed: int
) -> ExportedInverse:
    """Export a forest `fitted` to all rows; TrainerError where the graph answers otherwise.

    Rows held out exist only for a forest fitted without them, so the same is done to `fold` first.
    """
    wanted = dataset.y[:, list(asked)]
    rehearsed = InverseForest.fit(dataset, fold.train, asked, seed)
    held_out = check_inverse("held-out", inverse_graph(rehearsed), rehearsed, wanted[fold.test])
    model = inverse_graph(fitted)
    parity = {
        "training": check_inverse("training", model, fitted, wanted),
        "held_out": held_out,
        "outside": check_inverse("outside", model, fitted, _outside(wanted, seed)),
    }
    return ExportedInverse(model, _columns(dataset, fitted, asked), parity, latency_ms(model, wanted[:1]))


def check_inverse(kind: str, model: bytes, fitted: InverseForest, wanted: Floats) -> InverseParity:
    """Compare every output on properties [n, m] of some `kind`; TrainerError says what differs."""
    expected = fitted.predict(wanted)
    found = open_session(model).run(["conditions", "proposals", "novelty"], {"properties": wanted})
    floor = _FLOOR * np.where(fitted.high > fitted.low, fitted.high - fitted.low, 1.0)
    worst = max(
        _difference(kind, name, want, got, least)
        for (name, want, least), got in zip(_outputs(expected, floor), found, strict=True)
    )
    return InverseParity(len(wanted), worst)


def _outputs(expected: InverseAnswer, floor: Floats) -> tuple[tuple[str, Floats, Floats], ...]:
    count, trees, _ = expected.proposals.shape
    return (
        ("conditions", expected.conditions, floor),
        ("proposals", expected.proposals.reshape(count, -1), np.tile(floor, trees)),
        ("novelty", expected.novelty, np.ones(1)),
    )


def _difference(kind: str, name: str, want: Floats, got: Floats, least: Floats) -> float:
    if got.shape != want.shape:
        raise TrainerError(f"export refused: {name} has shape {got.shape}, the forest gives {want.shape}")
    difference = np.abs(got - want) / np.maximum(np.abs(want), least)
    # NaN counts as different, whatever the forest itself answered.
    worst = float(np.where(np.isfinite(difference), difference, np.inf).max())
    if worst > RTOL:
        raise TrainerError(
            f"export refused: on {kind} rows, {name} of the graph and of the forest are {worst:.1e} apart, "
            f"{RTOL:g} is allowed"
        )
    return worst


def _columns(dataset: Dataset, fitted: InverseForest, asked: Sequence[int]) -> dict[str, Any]:
    properties = []
    for index in asked:
        known = dataset.y[:, index]
        properties.append(_describe(dataset.targets[index], float(known.min()), float(known.max())))
    conditions = [
        _describe(column, float(low), float(high))
        for column, low, high in zip(dataset.inputs, fitted.low, fitted.high, strict=True)
    ]
    return {
        "input": "properties",
        "outputs": ["conditions", "proposals", "novelty"],
        "properties": properties,
        "conditions": conditions,
        "trees": len(fitted.forest.estimators_),
    }


def _describe(column: Column, low: float, high: float) -> dict[str, Any]:
    return {
        "name": column.name,
        "unit": column.unit,
        "choices": list(column.choices),
        "low": low,
        "high": high,
    }


def _outside(wanted: Floats, seed: int) -> Floats:
    """Draw properties of twice the range to either side."""
    low, high = wanted.min(axis=0), wanted.max(axis=0)
    span = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    rows = (OUTSIDE_ROWS, wanted.shape[1])
    return np.random.default_rng(seed).uniform(low - 2.0 * span, high + 2.0 * span, rows)


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
