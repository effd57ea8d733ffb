"""Wells of a simulated assay as a table: what particles did to bacteria, to fit and classify."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.assays import antibacterial
from firmware_bridge.simulator.twins.base import TwinError
from trainer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_bridge.simulator.assays.antibacterial import Row

ASSAYS: Final = (antibacterial.NAME,)
HEADERS: Final = (
    "sample",
    "plate",
    "diameter(nm)",
    "dose(ug/mL)",
    "species",
    "coating",
    "inhibition(%)",
    "log_reduction",
    "outcome",
)


def simulate(design: str, samples: int, seed: int, out: Path) -> None:
    """Write the wells to `out`. Equal arguments give equal files; UsageError for what there is not."""
    try:
        rows = [_cells(number, row) for number, row in enumerate(antibacterial.rows(design, samples, seed))]
    except TwinError as error:
        raise UsageError(str(error), remedy="ask for another design or count") from error
    with out.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([HEADERS, *rows])


def _cells(number: int, row: Row) -> list[str]:
    conditions, effect = row.conditions, row.effect
    return [
        str(number),
        str(row.plate),
        f"{conditions.diameter_nm:.4g}",
        f"{conditions.dose_ug_ml:.4g}",
        conditions.species,
        conditions.coating,
        f"{effect.inhibition_pct:.4g}",
        f"{effect.log_reduction:.4g}",
        effect.outcome,
    ]
