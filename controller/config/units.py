"""Quantities as people write them, converted once: "45 degC", "0.5 mL/min", "10 %"."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from pint import UnitRegistry

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
# The longest unit that anybody writes; pint's parser is not meant for more.
_LONGEST = 64


def convert(value: float, unit: str, to_unit: str) -> float:
    """Convert; degC and degF are read as temperatures, not differences. ControllerError UNIT_MISMATCH."""
    if unit in ("", to_unit):
        return value
    import pint  # noqa: PLC0415 - slow to import, and most values come in the channel's own unit

    registry = _registry()
    try:
        return float(registry.Quantity(value, _spelling(unit)).to(_spelling(to_unit)).magnitude)
    except (pint.PintError, ValueError, AttributeError, TypeError) as error:
        raise ControllerError(
            f"'{unit[:_LONGEST]}' can't be converted to '{to_unit}'",
            reason="UNIT_MISMATCH",
            remedy=f"write a value in {to_unit} or in a unit of the same kind",
        ) from error


def parse_quantity(text: str | float, unit: str) -> float:
    """Read "45 degC" or a bare number into `unit`; ControllerError UNIT_MISMATCH or QUANTITY_UNREADABLE."""
    if isinstance(text, int | float):
        return float(text)
    found = _QUANTITY.fullmatch(text)
    if found is None or len(text) > _LONGEST:
        raise ControllerError(
            f"'{text[:_LONGEST]}' is not a quantity",
            reason="QUANTITY_UNREADABLE",
            remedy=f"write a number and a unit, for instance '1 {unit}'",
        )
    return convert(float(found[1]), found[2], unit)


def check_unit(unit: str) -> None:
    """Raise ControllerError UNIT_MISMATCH for a unit that nothing knows."""
    if unit != "1":
        convert(1.0, unit, f"{unit} ")


def _spelling(unit: str) -> str:
    text = unit.strip()[:_LONGEST].replace("µ", "u").replace("°", "deg")
    return {"%": "percent", "1": "dimensionless"}.get(text, text)


@cache
def _registry() -> UnitRegistry[float]:
    import pint  # noqa: PLC0415

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
