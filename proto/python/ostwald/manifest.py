"""The manifest of a bundle: what a surrogate takes, gives and promises.

Pure: bytes to `Manifest` and back. Reading the file belongs to `ostwald.bundle`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ostwald.errors import BundleError
from ostwald.spectral import LEAST_POINTS, SpectralGrid, SpectrumError
from ostwald.strict_json import Fields, as_integer, as_items, as_number, as_text, loads

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "ostwald-bundle/1"
NAME_PATTERN = r"[a-z0-9-]{1,64}"
MAX_MANIFEST_BYTES = 1 << 20
# Generous beside any rig (tens of conditions) and any spectrum kept at useful resolution.
MAX_INPUTS = 128
MAX_OUTPUTS = 1024
MAX_CHOICES = 256
MAX_GOLDEN_ROWS = 64
MAX_SERIAL = 2**63 - 1
SURROGATE, SOFT_SENSOR = "surrogate", "soft-sensor"
_SHA256 = r"[0-9a-f]{64}"
_OPERATOR = r"[A-Za-z0-9_.]{1,64}:[A-Za-z0-9_]{1,64}"
_as_label = partial(as_text, pattern=r"[^\x00-\x1f\x7f]{1,256}")
# Golden values near zero are compared against this part of their output's range.
_RANGE_FLOOR = 0.01

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Input:
    """A condition and its training domain. With `choices`, the value is an index into them."""

    name: str
    unit: str
    low: float
    high: float
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A property and the range that it had in the training data."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Golden:
    """Answers of the fitted model that every host must reproduce.

    `conditions` [k, d], `mean` and `std` [k, m], `novelty` [k]. A value agrees when it is off by at most
    `rtol` times its golden magnitude (at least a hundredth of the output's range; 1 for novelty).
    """

    conditions: Rows
    mean: Rows
    std: Rows
    novelty: tuple[float, ...]
    rtol: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model came from, enough to refit it."""

    dataset_sha256: str
    ostwald: str
    libraries: dict[str, str]
    seed: int
    split: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says. `created` is UTC; `opset` maps operator domain to version.

    `kind` is SURROGATE, or SOFT_SENSOR: then its inputs are a spectrum on the grid `spectrum`.
    `serial` grows with every version of `name`; a device that takes the bundle refuses serials below
    `min_serial` from then on. `operators` are sorted `domain:Operator`. `metrics` are cross-validated.
    """

    name: str
    serial: int
    min_serial: int
    created: datetime
    algorithm: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    opset: dict[str, int]
    operators: tuple[str, ...]
    model_bytes: int
    latency_budget_ms: float
    golden: Golden
    metrics: dict[str, float]
    provenance: Provenance
    kind: str = SURROGATE
    spectrum: SpectralGrid | None = None

    def to_json(self) -> bytes:
        """Canonical: equal manifests give equal bytes."""
        content: dict[str, Any] = asdict(self)
        content["format"] = FORMAT
        if self.spectrum is None:
            del content["spectrum"]
        content["created"] = self.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        content["sizes"] = {"model_bytes": content.pop("model_bytes")}
        text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"

    @staticmethod
    def from_json(data: bytes) -> Manifest:
        """Parse and check; BundleError names the key when anything is missing, unknown or out of bounds."""
        fields = Fields(loads(data, where="manifest.json", max_bytes=MAX_MANIFEST_BYTES), "manifest.json")
        fields.text("format", pattern=FORMAT)
        inputs = fields.items("inputs", _read_input, least=1, most=MAX_INPUTS)
        outputs = fields.items("outputs", _read_output, least=1, most=MAX_OUTPUTS)
        _require_unique(fields.path("inputs"), [item.name for item in inputs])
        _require_unique(fields.path("outputs"), [item.name for item in outputs])
        serial = fields.integer("serial", low=1, high=MAX_SERIAL)
        sizes = fields.fields("sizes")
        kind = fields.text("kind", pattern=f"{SURROGATE}|{SOFT_SENSOR}")
        manifest = Manifest(
            name=fields.text("name", pattern=NAME_PATTERN),
            serial=serial,
            min_serial=fields.integer("min_serial", low=0, high=serial),
            created=_read_time(fields.text("created"), fields.path("created")),
            kind=kind,
            algorithm=fields.text("algorithm", pattern=r"[a-z0-9-]{1,64}"),
            inputs=inputs,
            outputs=outputs,
            opset=fields.table("opset", partial(as_integer, low=1, high=1000), most=8),
            operators=fields.items("operators", partial(as_text, pattern=_OPERATOR), least=1, most=256),
            model_bytes=sizes.integer("model_bytes", low=1, high=MAX_SERIAL),
            latency_budget_ms=_positive(fields, "latency_budget_ms"),
            golden=_read_golden(fields.fields("golden"), width=len(inputs), depth=len(outputs)),
            metrics=fields.table("metrics", as_number, most=256),
            provenance=_read_provenance(fields.fields("provenance")),
            spectrum=_read_spectrum(fields.fields("spectrum"), inputs) if kind == SOFT_SENSOR else None,
        )
        if list(manifest.operators) != sorted(set(manifest.operators)):
            raise BundleError(f"{fields.path('operators')}: not sorted, or one stands twice")
        sizes.done()
        fields.done()
        return manifest

    def golden_mismatch(
        self, mean: Sequence[Sequence[float]], std: Sequence[Sequence[float]], novelty: Sequence[float]
    ) -> str | None:
        """Say what differs between this host's answers to the golden conditions and the promised ones."""
        golden = self.golden
        for label, got, promised in (("mean", mean, golden.mean), ("std", std, golden.std)):
            if len(got) != len(promised) or any(len(row) != len(self.outputs) for row in got):
                return f"golden {label}: expected {len(promised)} rows of {len(self.outputs)} values"
            for row, (got_row, promised_row) in enumerate(zip(got, promised, strict=True)):
                for output, left, right in zip(self.outputs, got_row, promised_row, strict=True):
                    floor = _RANGE_FLOOR * (output.high - output.low)
                    if not abs(left - right) <= golden.rtol * max(abs(right), floor):
                        return f"golden row {row}, {label} of {output.name!r}: {left!r} instead of {right!r}"
        if len(novelty) != len(golden.novelty):
            return f"golden novelty: expected {len(golden.novelty)} values"
        for row, (left, right) in enumerate(zip(novelty, golden.novelty, strict=True)):
            if not abs(left - right) <= golden.rtol * max(abs(right), 1.0):
                return f"golden row {row}, novelty: {left!r} instead of {right!r}"
        return None


def _read_input(value: object, where: str) -> Input:
    fields = Fields(value, where)
    low, high = _read_range(fields)
    choices = fields.items("choices", _as_label, most=MAX_CHOICES)
    _require_unique(fields.path("choices"), choices)
    if choices and (low, high) != (0.0, len(choices) - 1.0):
        raise BundleError(f"{where}: low and high of a choice are 0 and {len(choices) - 1}")
    item = Input(_as_label(fields.value("name"), where), fields.text("unit"), low, high, choices)
    fields.done()
    return item


def _read_output(value: object, where: str) -> Output:
    fields = Fields(value, where)
    low, high = _read_range(fields)
    item = Output(_as_label(fields.value("name"), where), fields.text("unit"), low, high)
    fields.done()
    return item


def _read_spectrum(fields: Fields, inputs: Sequence[Input]) -> SpectralGrid:
    signal = fields.text("signal")
    nm = fields.items("wavelengths_nm", as_number, least=LEAST_POINTS, most=MAX_INPUTS)
    fields.done()
    try:
        grid = SpectralGrid(signal, nm)
    except SpectrumError as problem:
        raise BundleError(f"{fields.where}: {problem.message}") from problem
    if grid.names() != tuple(item.name for item in inputs):
        raise BundleError(f"{fields.where}: its wavelengths are not those of the inputs")
    return grid


def _read_range(fields: Fields) -> tuple[float, float]:
    low, high = fields.number("low"), fields.number("high")
    if low > high:
        raise BundleError(f"{fields.where}: low {low:g} is above high {high:g}")
    return low, high


def _read_golden(fields: Fields, *, width: int, depth: int) -> Golden:
    def rows(key: str, count: int, length: int) -> Rows:
        read = partial(as_items, read=as_number, least=length, most=length)
        return fields.items(key, read, least=count, most=count or MAX_GOLDEN_ROWS)

    conditions = fields.items(
        "conditions",
        partial(as_items, read=as_number, least=width, most=width),
        least=1,
        most=MAX_GOLDEN_ROWS,
    )
    count = len(conditions)
    golden = Golden(
        conditions=conditions,
        mean=rows("mean", count, depth),
        std=rows("std", count, depth),
        novelty=fields.items("novelty", as_number, least=count, most=count),
        rtol=_positive(fields, "rtol"),
    )
    fields.done()
    return golden


def _read_provenance(fields: Fields) -> Provenance:
    provenance = Provenance(
        dataset_sha256=fields.text("dataset_sha256", pattern=_SHA256),
        ostwald=fields.text("ostwald", max_length=64),
        libraries=fields.table("libraries", as_text, most=32),
        seed=fields.integer("seed", low=0, high=2**32 - 1),
        split=fields.text("split"),
    )
    fields.done()
    return provenance


def _read_time(text: str, where: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as problem:
        raise BundleError(f"{where}: {text!r} is not a time like 2026-01-31T12:00:00Z") from problem


def _positive(fields: Fields, key: str) -> float:
    number = fields.number(key)
    if number <= 0.0:
        raise BundleError(f"{fields.path(key)}: {number:g} is not above zero")
    return number


def _require_unique(where: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise BundleError(f"{where}: {next(name for name in names if names.count(name) > 1)!r} stands twice")
