"""A soft sensor as a signed bundle, of the same files as a surrogate's; its manifest declares the grid."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import onnx
from ostwald.manifest import SOFT_SENSOR, Golden, Input, Manifest, Output, Provenance

from trainer.candidates import RTOL
from trainer.graph import OPSETS, operators
from trainer.pack import LIBRARIES, Label, Packed, check_output, write_files
from trainer.parity import check_parity, latency_ms
from trainer.soft.methods import METHODS
from trainer.soft.report import render_soft_report

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.arrays import Floats
    from trainer.soft.fit import SoftFitted

# Units of the signals, as the device gives them.
_UNITS = {"absorbance": "1", "emission": "1/s"}
_GOLDEN_TRAINING_ROWS = 4
_GOLDEN_MIXTURES = 2


@dataclass(frozen=True, slots=True)
class SoftPacked:
    """The bundle on disk, and the median time of one spectrum on this machine."""

    packed: Packed
    latency_ms: float


def write_soft_bundle(out: Path, fitted: SoftFitted, label: Label, private_key: Path) -> SoftPacked:
    """Export, check parity, sign; `out` is replaced only once everything has succeeded."""
    check_output(out)
    model = fitted.sensor.to_onnx(label.name)
    golden = golden_spectra(fitted.spectra.x, fitted.recipe.seed)
    names = [column.name for column in fitted.spectra.targets]
    parity = check_parity(model, fitted.sensor, np.vstack([fitted.spectra.x, golden]), names, RTOL)
    data = fitted.spectra.to_csv()
    manifest = _manifest(fitted, label, model=model, data=data, golden=golden)
    files = {
        "model.onnx": model,
        "manifest.json": manifest.to_json(),
        "dataset.csv": data,
        "recipe.toml": fitted.recipe.to_toml(fitted.spectra),
        "report.html": render_soft_report(fitted, manifest, parity),
    }
    contents, key = write_files(out, files, private_key)
    return SoftPacked(Packed(out, contents, key, parity), latency_ms(model, golden[:1]))


def golden_spectra(x: Floats, seed: int) -> Floats:
    """Training spectra, mixtures of two, and two that no training spectrum is like; [k, p]."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    training = x[order[:_GOLDEN_TRAINING_ROWS]]
    share = rng.uniform(0.2, 0.8, (_GOLDEN_MIXTURES, 1))
    mixed = share * x[order[:_GOLDEN_MIXTURES]] + (1.0 - share) * x[order[-_GOLDEN_MIXTURES:]]
    span = float(np.ptp(x)) or 1.0
    brighter = 2.0 * training[:1] + 0.1 * span
    shifted = np.roll(training[:1], x.shape[1] // 4, axis=1)
    return np.vstack([training, mixed, brighter, shifted])


def _manifest(fitted: SoftFitted, label: Label, *, model: bytes, data: bytes, golden: Floats) -> Manifest:
    spectra, judged = fitted.spectra, fitted.judged
    promised = fitted.sensor.predict(golden)
    deep = ("torch",) if METHODS[fitted.sensor.method].is_deep else ()
    used = operators(onnx.load_from_string(model))
    domains = {operator.split(":")[0] for operator in used}
    low, high = spectra.x.min(axis=0).tolist(), spectra.x.max(axis=0).tolist()
    return Manifest(
        name=label.name,
        serial=label.serial,
        min_serial=label.min_serial,
        created=label.created,
        algorithm=fitted.sensor.method,
        inputs=tuple(
            Input(name, _UNITS[spectra.grid.signal], *bounds)
            for name, *bounds in zip(spectra.grid.names(), low, high, strict=True)
        ),
        outputs=tuple(
            Output(column.name, column.unit, float(column.data.min()), float(column.data.max()))
            for column in spectra.targets
        ),
        opset={domain: number for domain, number in OPSETS.items() if domain in domains},
        operators=used,
        model_bytes=len(model),
        latency_budget_ms=label.latency_budget_ms,
        golden=Golden(
            conditions=_rows(golden),
            mean=_rows(promised.mean),
            std=_rows(promised.std),
            novelty=tuple(promised.novelty.tolist()),
            rtol=RTOL,
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
            libraries={library: version(library) for library in (*LIBRARIES, *deep)},
            seed=fitted.recipe.seed,
            split=fitted.split.describe(),
        ),
        kind=SOFT_SENSOR,
        spectrum=spectra.grid,
    )


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())
