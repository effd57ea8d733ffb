"""Options of instruments, as a rig file writes them; a fault is a DeviceError that names the option."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUANTITY: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) (\S+)")
_RANGE: Final = re.compile(r"(-?\d{1,4}(?:\.\d{1,3})?)\.\.(-?\d{1,4}(?:\.\d{1,3})?) degC")


def read_quantity(
    options: Mapping[str, str], key: str, default: str, units: Mapping[str, float], low: float, high: float
) -> float:
    """Read "5 s" by `units` ({"s": 1.0, "min": 60.0}: the factor to the unit wanted), within low to high."""
    text = options.get(key, default)
    found = _QUANTITY.fullmatch(text)
    factor = None if found is None else units.get(found[2])
    if found is None or factor is None:
        raise DeviceError(
            f'{key} {text!r}: write a number and a unit of {", ".join(units)}, like "{default}"'
        )
    value = float(found[1]) * factor
    if not low <= value <= high:
        first = next(iter(units))
        scale = units[first]
        raise DeviceError(f"{key} {text!r}: must lie in {low / scale:g} to {high / scale:g} {first}")
    return value


def read_range_c(
    options: Mapping[str, str], default: str, *, coldest: float, hottest: float
) -> tuple[float, float]:
    """Read the option `range`, "-20..100 degC": it must rise, from above `coldest` to `hottest` at most."""
    text = options.get("range", default)
    found = _RANGE.fullmatch(text)
    if found is None:
        raise DeviceError(f'range {text!r}: write it like "{default}"')
    low_c, high_c = float(found[1]), float(found[2])
    if not coldest < low_c < high_c <= hottest:
        raise DeviceError(f"range {text!r}: must rise, within {coldest:g}..{hottest:g} degC")
    return low_c, high_c


def read_choice(options: Mapping[str, str], key: str, choices: tuple[str, ...]) -> str:
    """Read one of `choices`, the first of which is the default."""
    text = options.get(key, choices[0])
    if text not in choices:
        raise DeviceError(f"{key} {text!r}: choose one of {', '.join(choices)}")
    return text


def read_address(address: str, low: int, high: int, default: int) -> int:
    """Read a whole number as an address; an empty one is `default`."""
    if not address:
        return default
    if not (address.isascii() and address.isdecimal() and len(address) <= 3 and low <= int(address) <= high):
        raise DeviceError(f"address {address!r}: a whole number from {low} to {high}")
    return int(address)
