"""On which scale each target is modelled: as the command line says, else the schema, else plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import UsageError
from trainer.target_scale import TargetScale, check_scale, choose_scale, parse_scale
from trainer.target_shape import features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.columns import Column
    from trainer.rows import Rows
    from trainer.schema import ColumnSchema

AUTO = "auto"


def choose_scales(
    asked: Sequence[str], schema: Mapping[str, ColumnSchema], rows: Rows
) -> tuple[tuple[TargetScale, ...], list[str]]:
    """Give each target its scale, and tell those that are not plain; UsageError for what can't be read."""
    texts = {column.header: AUTO if AUTO in asked else _of_schema(schema, column) for column in rows.targets}
    for text in asked:
        if text != AUTO:
            header, wanted = _split(text, rows.targets)
            texts[header] = wanted
    x = features(rows.inputs, len(rows.lines))
    scales, notes = [], []
    for column in rows.targets:
        why = "as asked"
        if texts[column.header] == AUTO:
            scale, gain = choose_scale(x, column.data, column.unit)
            why = f"log-likelihood {gain:.0f} above plain"
        else:
            scale = parse_scale(texts[column.header])
            check_scale(scale, column.data, column.header)
        scales.append(scale)
        if scale.kind != "plain":
            notes.append(f"target {column.header!r} is modelled as {scale} ({why})")
    return tuple(scales), notes


def _of_schema(schema: Mapping[str, ColumnSchema], column: Column) -> str:
    return schema[column.header].scale if column.header in schema else "plain"


def _split(text: str, targets: Sequence[Column]) -> tuple[str, str]:
    name, found, scale = text.rpartition("=")
    header = next((column.header for column in targets if name in (column.header, column.name)), None)
    if not found or header is None:
        raise UsageError(
            f"--scale {text!r} is not understood",
            remedy=f"use auto, or TARGET=log of {', '.join(repr(column.name) for column in targets[:4])}",
        )
    return header, scale
