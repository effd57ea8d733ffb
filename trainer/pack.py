"""Writes a bundle: graph, manifest, data, recipe, report and signature, complete or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from ostwald import signing
from ostwald.bundle import MAX_BYTES, digest, read_manifest
from ostwald.manifest import NAME_PATTERN, Golden, Input, Manifest, Output, Provenance

from trainer.candidates import CANDIDATES
from trainer.dataset import group_header, to_csv
from trainer.errors import TrainerError, UsageError
from trainer.graph import OPSETS, operators
from trainer.limits import NO_LIMIT
from trainer.parity import Parity, check_parity, run_onnx
from trainer.report import render_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from trainer.arrays import Floats
    from trainer.columns import Column
    from trainer.dataset import Dataset
    from trainer.fit import Fitted
    from trainer.recipe import Recipe
    from trainer.surrogate import Surrogate

LIBRARIES = ("numpy", "scipy", "scikit-learn", "onnx", "onnxruntime", "skl2onnx")
_GOLDEN_TRAINING_ROWS = 4
_GOLDEN_INSIDE = 2
_GOLDEN_OUTSIDE = 2


@dataclass(frozen=True, slots=True)
class Label:
    """What a bundle is called. `serial` must be above that of any earlier version of `name`."""

    name: str
    serial: int
    min_serial: int
    created: datetime
    latency_budget_ms: float

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME_PATTERN, self.name):
            raise UsageError(f"--name {self.name!r} is not like {NAME_PATTERN}", remedy="use a-z, 0-9 and -")
        if not 0 <= self.min_serial <= self.serial or self.serial < 1:
            raise UsageError(f"serials {self.min_serial} (least) and {self.serial} do not fit together")
        if not self.latency_budget_ms > 0.0:
            raise UsageError(f"--latency-budget-ms {self.latency_budget_ms:g} is not above zero")


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle on disk: its digest, the key that signed it, and how closely its graph follows the model."""

    folder: Path
    digest: str
    key_id: str
    parity: Parity


def serial_from(created: datetime) -> int:
    """Return the UTC time as digits, YYYYMMDDhhmmss: grows with every fit."""
    return int(created.strftime("%Y%m%d%H%M%S"))


def name_from(source: str) -> str:
    """Make a bundle name of a file name."""
    slug = re.sub(r"[^a-z0-9]+", "-", Path(source).stem.lower()).strip("-")
    return slug[:64] or "surrogate"


def check_output(out: Path) -> None:
    """Refuse to write over anything but an earlier bundle; to be asked before a long fit."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out}: is there and is no folder", remedy="choose another --out")
    if out.is_dir() and (foreign := {path.name for path in out.iterdir()} - set(MAX_BYTES)):
        raise UsageError(f"{out}: holds other files, such as {min(foreign)!r}", remedy="choose another --out")


def write_bundle(out: Path, fitted: Fitted, label: Label, private_key: Path) -> Packed:
    """Export, check parity, sign; `out` is replaced only once everything has succeeded."""
    check_output(out)
    surrogate = fitted.surrogate()
    model = surrogate.to_onnx(label.name)
    golden = _golden_conditions(fitted.dataset, fitted.recipe.seed)
    names = [column.name for column in fitted.dataset.targets]
    rtol = CANDIDATES[surrogate.algorithm].rtol
    parity = check_parity(model, surrogate, np.vstack([fitted.dataset.x, golden]), names, rtol)
    data = to_csv(fitted.dataset, with_groups=bool(fitted.recipe.group_columns))
    manifest = _manifest(fitted, surrogate, label, model=model, data=data, golden=golden)
    files = {
        "model.onnx": model,
        "manifest.json": manifest.to_json(),
        "dataset.csv": data,
        "recipe.toml": _own_recipe(fitted.recipe, fitted.dataset).to_toml(),
        "report.html": render_report(fitted, manifest, parity),
    }
    return Packed(out, *write_files(out, files, private_key), parity)


def write_files(out: Path, files: Mapping[str, bytes], private_key: Path) -> tuple[str, str]:
    """Rerun the golden conditions, sign, and put the folder in place at once; its digest and the key's id."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as partial:
        folder = Path(partial) / out.name
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        _check_promise(read_manifest(folder), files["model.onnx"])
        key = signing.sign(folder, private_key)
        contents = digest(folder)
        if out.is_dir():
            shutil.rmtree(out)
        folder.rename(out)
    return contents, key


def _manifest(
    fitted: Fitted, surrogate: Surrogate, label: Label, *, model: bytes, data: bytes, golden: Floats
) -> Manifest:
    judged = fitted.comparison.judged
    promised = surrogate.predict(golden)
    used = operators(onnx.load_from_string(model))
    domains = {operator.split(":")[0] for operator in used}
    return Manifest(
        name=label.name,
        serial=label.serial,
        min_serial=label.min_serial,
        created=label.created,
        algorithm=surrogate.algorithm,
        inputs=tuple(Input(*_domain(column), column.choices) for column in fitted.dataset.inputs),
        outputs=tuple(Output(*_domain(column)) for column in fitted.dataset.targets),
        opset={domain: number for domain, number in OPSETS.items() if domain in domains},
        operators=used,
        model_bytes=len(model),
        latency_budget_ms=label.latency_budget_ms,
        golden=Golden(
            conditions=_rows(golden),
            mean=_rows(promised.mean),
            std=_rows(promised.std),
            novelty=tuple(map(float, promised.novelty)),
            rtol=CANDIDATES[surrogate.algorithm].rtol,
        ),
        metrics={
            "r2": judged.score.r2,
            "rmse": judged.score.rmse,
            "mae": judged.score.mae,
            "coverage_68": judged.coverage_68,
            "coverage_95": judged.coverage_95,
        },
        provenance=Provenance(
            dataset_sha256=sha256(data).hexdigest(),
            ostwald=version("ostwald"),
            libraries={library: version(library) for library in LIBRARIES},
            seed=fitted.recipe.seed,
            split=fitted.split.describe(),
        ),
    )


def _check_promise(manifest: Manifest, model: bytes) -> None:
    """Rerun the golden conditions as a device will, from the manifest as it was written."""
    answer = run_onnx(model, np.array(manifest.golden.conditions))
    found = manifest.golden_mismatch(answer.mean.tolist(), answer.std.tolist(), answer.novelty.tolist())
    if found:
        raise TrainerError(f"export refused: {found}")


def _golden_conditions(dataset: Dataset, seed: int) -> Floats:
    """Training rows, rows between them and rows well outside; without gaps, for JSON has no NaN."""
    rng = np.random.default_rng(seed)
    x = dataset.x
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    is_choice = np.array([bool(column.choices) for column in dataset.inputs])
    rows = rng.permutation(len(x))[:_GOLDEN_TRAINING_ROWS]
    training = np.where(np.isnan(x[rows]), low, x[rows])
    inside = rng.uniform(low, high, (_GOLDEN_INSIDE, len(low)))
    span = np.where(high > low, high - low, np.where(high != 0.0, np.abs(high), 1.0))
    outside = high + rng.uniform(0.1, 1.0, (_GOLDEN_OUTSIDE, len(low))) * span
    # An index must stay a choice; which one, chance decides.
    choice = np.floor(rng.uniform(low, high + 1.0, (_GOLDEN_OUTSIDE, len(low))))
    inside = np.where(is_choice, choice[:_GOLDEN_INSIDE], inside)
    return np.vstack([training, inside, np.where(is_choice, choice, outside)])


def _domain(column: Column) -> tuple[str, str, float, float]:
    if column.choices:
        return column.name, column.unit, 0.0, len(column.choices) - 1.0
    return column.name, column.unit, float(np.nanmin(column.data)), float(np.nanmax(column.data))


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in values)


def _own_recipe(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe that fits the bundle's own `dataset.csv`, every column by its full header."""
    group_by = recipe.group_by
    if dataset.group_of is not None and not recipe.groups_by_inputs:
        group_by = (group_header(dataset),)
    return replace(
        recipe,
        targets=tuple(column.header for column in dataset.targets),
        inputs=tuple(column.header for column in dataset.inputs),
        categorical=tuple(column.header for column in dataset.inputs if column.choices),
        drop=(),
        group_by=group_by,
        has_header=True,
        outliers="",
        missing=dataset.missing,
        scales=tuple(
            f"{column.header}={scale}" for column, scale in zip(dataset.targets, dataset.scales, strict=True)
        ),
        limits=tuple(
            f"{column.header}={limit}"
            for column, limit in zip(dataset.targets, dataset.limits, strict=True)
            if limit != NO_LIMIT
        ),
    )
