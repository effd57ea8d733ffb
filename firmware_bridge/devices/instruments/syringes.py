"""Inner diameters of common syringes, from the tables that pump makers print.

Sources: New Era Pump Systems, NE-1000 User Manual (publication #1200-01), appendix "Syringe diameters";
Harvard Apparatus, Pump 11 Elite User's Guide; Hamilton, GASTIGHT 1000 and 1700 series data sheets.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEASURED: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) mm, (\d{1,6}(?:\.\d{1,6})?) (uL|mL)")
_NARROWEST_MM, _WIDEST_MM = 0.1, 50.0
_LONGEST_NAME: Final = 64
"""Characters of a name that an error repeats."""

# Maker and kind: volume in mL to inner diameter in mm.
_TABLE: Final[Mapping[str, Mapping[float, float]]] = {
    "BD Plastic": {1: 4.699, 3: 8.585, 5: 11.99, 10: 14.43, 20: 19.05, 30: 21.59, 60: 26.59},
    "BD Glass": {
        0.5: 4.64,
        1: 4.64,
        2.5: 8.66,
        5: 11.86,
        10: 14.34,
        20: 19.13,
        30: 22.7,
        50: 28.6,
        100: 34.9,
    },
    "Norm-Ject": {1: 4.69, 3: 9.65, 5: 12.45, 10: 15.9, 20: 20.05, 30: 22.9, 50: 29.2},
    "Monoject": {1: 5.74, 3: 8.941, 6: 12.7, 12: 15.72, 20: 20.12, 35: 23.52, 60: 26.64},
    "Terumo": {1: 4.7, 3: 8.95, 5: 13.0, 10: 15.8, 20: 20.15, 30: 23.1, 60: 29.7},
    "Hamilton Gastight": {
        0.025: 0.73,
        0.05: 1.03,
        0.1: 1.46,
        0.25: 2.3,
        0.5: 3.26,
        1: 4.61,
        2.5: 7.28,
        5: 10.3,
        10: 14.57,
        25: 23.0,
        50: 32.6,
    },
    "SGE": {
        0.025: 0.73,
        0.05: 1.03,
        0.1: 1.46,
        0.25: 2.3,
        0.5: 3.25,
        1: 4.61,
        2.5: 7.28,
        5: 10.3,
        10: 14.57,
        25: 23.03,
    },
}

# What else people call them. Air-Tite imports HSW's Norm-Ject; Plastipak is BD's name for the same barrel.
_ALIASES: Final[Mapping[str, str]] = {
    "BD": "BD Plastic",
    "BD Plastipak": "BD Plastic",
    "BD Plasti-Pak": "BD Plastic",
    "Air-Tite": "Norm-Ject",
    "HSW Norm-Ject": "Norm-Ject",
    "Hamilton": "Hamilton Gastight",
    "Hamilton GASTIGHT": "Hamilton Gastight",
    "Sherwood Monoject": "Monoject",
}


@dataclass(frozen=True, slots=True)
class Syringe:
    """One syringe by what a pump needs to know of it."""

    name: str
    diameter_mm: float
    volume_ul: float

    @property
    def area_mm2(self) -> float:
        """Of the plunger: 1 mm of stroke is as many uL."""
        return math.pi / 4.0 * self.diameter_mm**2


def _named(kind: str, volume_ml: float, diameter_mm: float) -> Syringe:
    volume = f"{volume_ml:g} mL" if volume_ml >= 1 else f"{volume_ml * 1000:g} uL"
    return Syringe(f"{kind} {volume}", diameter_mm, volume_ml * 1000.0)


SYRINGES: Final[Mapping[str, Syringe]] = {
    syringe.name: syringe
    for kind, sizes in _TABLE.items()
    for syringe in (_named(kind, *size) for size in sizes.items())
}


def find_syringe(text: str) -> Syringe:
    """Find "BD Plastic 10 mL" in the table, or read "14.43 mm, 10 mL"; DeviceError says what was meant."""
    kind, *size = text.rsplit(" ", 2)
    known = SYRINGES.get(" ".join((_ALIASES.get(kind, kind), *size)))
    if known is not None:
        return known
    found = _MEASURED.fullmatch(text)
    if found is not None and _NARROWEST_MM <= float(found[1]) <= _WIDEST_MM and float(found[2]) > 0.0:
        return Syringe(text, float(found[1]), float(found[2]) * (1000.0 if found[3] == "mL" else 1.0))
    close = get_close_matches(text[:_LONGEST_NAME], SYRINGES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? Or" if close else "for one that is not in the table"
    raise DeviceError(
        f"unknown syringe {text[:_LONGEST_NAME]!r}; {hint} write its inner diameter and volume: "
        '"14.43 mm, 10 mL"'
    )


def read_syringe(options: Mapping[str, str]) -> Syringe:
    """Read which syringe is in a pump: `syringe`, or `diameter` and `volume`; DeviceError for neither."""
    measured = [key for key in ("diameter", "volume") if key in options]
    if "syringe" in options:
        if measured:
            raise DeviceError(
                f"{measured[0]}: the syringe {options['syringe']!r} says it already: remove one"
            )
        return find_syringe(options["syringe"])
    if len(measured) == 2:
        return find_syringe(f"{options['diameter']}, {options['volume']}")
    raise DeviceError(
        'syringe is missing: write which one is in the pump, like "BD Plastic 10 mL", '
        'or its inner diameter and volume, like diameter = "14.43 mm" and volume = "10 mL"'
    )
