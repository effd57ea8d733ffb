"""Quantities as people write them, "45 degC": read where no device is at hand to convert them. Pure."""

from __future__ import annotations

import re
from typing import Final

from ostwald.errors import OstwaldError

_QUANTITY: Final = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*((?![.,]).*?)\s*", re.DOTALL)
# The micro sign, the Greek letter, and what keyboards have.
_MICROLITRES: Final = {
    "nL": 1e-3, "nl": 1e-3,
    "uL": 1.0, "ul": 1.0, "\u00b5L": 1.0, "\u00b5l": 1.0, "\u03bcL": 1.0, "\u03bcl": 1.0,
    "mL": 1e3, "ml": 1e3,
    "L": 1e6, "l": 1e6,
}  # fmt: skip
_PER_MINUTE: Final = {"s": 60.0, "min": 1.0, "h": 1.0 / 60.0}


class QuantityError(OstwaldError):
    """A text that is not the quantity asked for."""


def split(text: str) -> tuple[float, str]:
    """Read "45 degC" as (45.0, "degC"); a bare number has the unit "". Raises QuantityError."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise QuantityError(f"'{text}' is not a quantity", remedy='write "45 degC" or a number')
    return float(found[1]), found[2]


def microlitres(text: str) -> float:
    """Read "200 mL" as 200000.0; zero needs no unit. Raises QuantityError."""
    number, unit = split(text)
    if number == 0.0 and not unit:
        return 0.0
    if unit not in _MICROLITRES:
        raise QuantityError(f"'{text}' is not a volume", remedy='write one like "500 uL" or "200 mL"')
    # 3 nL must not turn into 0.003 with a tail of binary digits.
    return float(f"{number * _MICROLITRES[unit]:.15g}")


def microlitres_per_minute(text: str) -> float:
    """Read "1.2 mL/h" as 20.0. Raises QuantityError."""
    number, unit = split(text)
    volume, _, time = unit.partition("/")
    if volume not in _MICROLITRES or time not in _PER_MINUTE:
        raise QuantityError(f"'{text}' is not a flow", remedy='write one like "100 uL/min" or "6 mL/h"')
    return float(f"{number * _MICROLITRES[volume] * _PER_MINUTE[time]:.15g}")


def number_in(value: float | str, unit: str) -> float:
    """Return a number in `unit`, in which a text must be, if it names one at all. Raises QuantityError."""
    if not isinstance(value, str):
        return value
    number, written = split(value)
    if written not in ("", unit):
        raise QuantityError(
            f"'{value}' is not in {unit}", remedy=f'write "{number:g} {unit}" if you mean that'
        )
    return number


def volume_text(volume_ul: float) -> str:
    """Write a volume in uL or, from 1 mL on, in mL."""
    return f"{volume_ul:.4g} uL" if abs(volume_ul) < 1000.0 else f"{volume_ul / 1000.0:.4g} mL"
