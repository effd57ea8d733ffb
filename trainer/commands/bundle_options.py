"""How a fit becomes a bundle and a report: options of every command that ends in a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ostwald import signing

from trainer.console import print_notes
from trainer.errors import UsageError
from trainer.keys import default_key

if TYPE_CHECKING:
    from trainer.fit import Fitted
    from trainer.pack import Label, Packed

Out = Annotated[Path | None, typer.Option("--out", help="Folder for the best model's signed bundle.")]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="HTML file for scores, intervals, importance and learning curve."),
]

Key = Annotated[
    Path | None,
    typer.Option("--key", help="Private key to sign with; otherwise signing-key.pem in ~/.config/ostwald."),
]
Name = Annotated[str | None, typer.Option("--name", help="Name of the model on a device; else the CSV's.")]
Serial = Annotated[
    int | None, typer.Option("--serial", help="Version, above all earlier ones; else the time.")
]
MinSerial = Annotated[
    int, typer.Option("--min-serial", help="Devices refuse versions below this from then on.")
]
Budget = Annotated[
    float, typer.Option("--latency-budget-ms", help="Longest that a device may take to answer.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """Where the model goes and what it is called there."""

    out: Out = None
    report: Report = None
    key: Key = None
    name: Name = None
    serial: Serial = None
    min_serial: MinSerial = 0
    latency_budget_ms: Budget = 20.0

    def check(self, source: str) -> Packing:
        """Find out before a long fit what would fail after it; `source` names a bundle without a name."""
        if self.report is not None and not self.report.parent.is_dir():
            raise UsageError(f"{self.report.parent}: is no folder", remedy="choose another --report")
        if self.out is None:
            return Packing(None, self.report)
        from trainer.pack import Label, check_output, name_from, serial_from  # noqa: PLC0415 - slow to import

        created = datetime.now(UTC).replace(microsecond=0)
        label = Label(
            name=name_from(self.name or source),
            serial=serial_from(created) if self.serial is None else self.serial,
            min_serial=self.min_serial,
            created=created,
            latency_budget_ms=self.latency_budget_ms,
        )
        check_output(self.out)
        return Packing(Destination(self.out, label, _signing_key(self.key)), self.report)


@dataclass(frozen=True, slots=True)
class Destination:
    """A bundle that can be written: checked folder, label and key."""

    folder: Path
    label: Label
    private_key: Path


@dataclass(frozen=True, slots=True)
class Packing:
    """What is to be written of a fit."""

    destination: Destination | None
    report: Path | None


def pack_fitted(fitted: Fitted, packing: Packing) -> Packed | None:
    """Write what was asked for; the report of a bundle is the same page."""
    if packing.destination is None:
        if packing.report is not None:
            from trainer.report import render_report  # noqa: PLC0415 - slow to import

            packing.report.write_bytes(render_report(fitted))
        return None
    from trainer.pack import write_bundle  # noqa: PLC0415 - slow to import

    to = packing.destination
    packed = write_bundle(to.folder, fitted, to.label, to.private_key)
    if packing.report is not None:
        packing.report.write_bytes((packed.folder / "report.html").read_bytes())
    return packed


def _signing_key(key: Path | None) -> Path:
    path, is_new = (key, False) if key is not None else default_key()
    signing.private_key_id(path)
    if is_new:
        print_notes(
            [f"made a signing key, {path}: devices must trust {path.with_suffix('.pub').name} beside it"]
        )
    return path
