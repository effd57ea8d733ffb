"""Units as headers state them: `Qtot(uL/min)` is recognised by name, converted by pint."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import UsageError

if TYPE_CHECKING:
    import pint

    from trainer.arrays import Floats

_HEADER = re.compile(r"(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")
# A list, because pint alone takes names for units: PVA would be a petavolt-ampere.
_UNITS = (
    "nm um µm μm mm cm m nL uL µL μL mL cL dL L ng ug µg μg mg g kg nmol umol µmol mmol mol nM uM µM mM M "
    "ns us ms s sec min h hr day K C F degC °C celsius Celsius Kelvin % wt% vol% mol% ppm ppb eq equiv "
    "Pa kPa MPa mbar bar psi atm V mV A mA uA W mW Hz kHz MHz rpm eV meV J kJ deg ° rad a.u. au AU - 1"
)
_EXPONENT = re.compile(r"\^?-?\d+$")
_SEPARATORS = re.compile(r"[/·*\s]+")
_UNIT_WORDS = frozenset(_UNITS.split())
# Where pint means something else (C is a coulomb, a.u. an atomic mass a year) or knows no such name.
_PINT_NAMES = {
    "C": "degC",
    "°C": "degC",
    "celsius": "degC",
    "Celsius": "degC",
    "F": "degF",
    "Kelvin": "kelvin",
    "wt%": "percent",
    "vol%": "percent",
    "mol%": "percent",
    "ppb": "1e-9",
    "eq": "dimensionless",
    "equiv": "dimensionless",
    "-": "dimensionless",
    "1": "dimensionless",
    "a.u.": "dimensionless",
    "au": "dimensionless",
    "AU": "dimensionless",
    "°": "degree",
    "hr": "hour",
    "sec": "second",
}
PERCENT = frozenset(("%", "wt%", "vol%", "mol%"))


def name_and_unit(header: str) -> tuple[str, str]:
    """Split `Qtot(uL/min)` or `size [nm]`; a bracket that holds no unit stays part of the name."""
    match = _HEADER.fullmatch(header)
    if match and match["name"] and is_unit(match["unit"]):
        return match["name"], match["unit"].strip()
    return header, ""


def is_unit(text: str) -> bool:
    """Tell whether `text` is made of known units only: `uL/min`, `cm^2/s`, `mol·L-1`."""
    words = [_EXPONENT.sub("", word) or word for word in _SEPARATORS.split(text.strip()) if word]
    return bool(words) and all(word in _UNIT_WORDS for word in words)


def convert(values: Floats, source: str, target: str, where: str) -> Floats:
    """Convert `values` from unit `source` to `target`; UsageError, naming `where`, if they don't convert."""
    if source == target:
        return values
    from pint import PintError  # noqa: PLC0415 - takes a third of a second, and few files need it

    registry = _registry()
    try:
        return np.asarray(
            registry.Quantity(values, _pint_unit(source)).to(_pint_unit(target)).magnitude, dtype=np.float64
        )
    except PintError as problem:
        raise UsageError(
            f"{where}: {source!r} does not convert to {target!r}",
            remedy="correct the unit in the header or in the schema",
        ) from problem


def _pint_unit(text: str) -> str:
    parts = [_PINT_NAMES.get(part, part) for part in re.split(r"([/·*\s]+)", text.strip())]
    return re.sub(r"(?<=[A-Za-z])-(\d+)", r"**-\1", "".join(parts).replace("·", "*"))


@cache
def _registry() -> pint.UnitRegistry[float]:
    from pint import UnitRegistry  # noqa: PLC0415 - see above

    return UnitRegistry(autoconvert_offset_to_baseunit=True)
