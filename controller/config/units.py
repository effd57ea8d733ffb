"""Units of documents and requests, converted by pint.

The registry takes half a second to import and build, so it waits for the first conversion.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from tokenize import TokenError
from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    import pint

LONGEST_QUANTITY: Final = 64
"""Characters. Peers send units too, and nothing longer names one."""
_QUANTITY: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(.*?)\s*", re.DOTALL)
# pint evaluates powers in a unit. Only a name may be raised, by one digit, once: `9**9**9` takes for ever, as
# does `((11^9)^9)^9`.
_POWER: Final = re.compile(r"(?<=[^\W\d_])\s*(?:\^|\*\*)-?\d(?!\d)(?!\s*(?:\^|\*\*))")
_WORDS: Final = re.compile(r"(?:sq|square|squared|cubic|cubed)\b", re.IGNORECASE)
# Powers written small are powers: pint reads a row of them as one number.
_RAISED: Final = re.compile("[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")
_LOWERED: Final = str.maketrans(
    "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "-0123456789"
)
# pint leaks what its expression parser stumbles over; some of its errors are none of these by class.
_LEAKS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
)
_MOST_UNITS: Final = 2000
"""Different texts that one registry reads: pint keeps each for ever, and peers choose them."""
_PLAIN: Final = re.compile(r"(?:[^\W\d]|[1%°*/()\s])*")


def convert(value: float, unit: str, to_unit: str) -> float:
    """Convert a value; degC and degF move their zero. Raises ControllerError UNIT_MISMATCH."""
    if unit == to_unit:
        return value
    _renew()
    source, target = _unit(unit), _unit(to_unit)
    import pint  # noqa: PLC0415 - see _unit

    try:
        return float(_registry().Quantity(value, source).to(target).magnitude)
    except (pint.PintError, *_LEAKS) as error:
        # Equal dimensions are not enough: a percentage of a difference in degrees is no temperature.
        raise _mismatch(
            f"{unit!r} does not convert to {to_unit!r}", f"write a unit like {to_unit!r}"
        ) from error


def parse_quantity(text: str, unit: str) -> float:
    """Read "45 degC" as a number in `unit`, to 12 digits. Raises ControllerError UNIT_MISMATCH."""
    found = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_QUANTITY else None
    remedy = f'write a number and a unit, like "1 {unit}"'
    if found is None or not math.isfinite(float(found[1])):
        raise _mismatch(f"{text[:LONGEST_QUANTITY]!r} is not a quantity", remedy)
    number, written = float(found[1]), found[2]
    if not written and unit != "1":
        raise _mismatch(f"{text!r} has no unit", remedy)
    value = convert(number, written or "1", unit)
    # What a person writes has few digits: 45 degC must not turn into 112.99999999999993 degF.
    return float(f"{value:.12g}")


def check_unit(unit: str) -> None:
    """Raise ControllerError UNIT_MISMATCH for a unit that nobody knows."""
    _renew()
    _unit(unit)


def per(unit: str, divisor: str) -> str:
    """Name a quotient of units; a degree in it is then a difference of temperatures."""
    return f"({unit})/({divisor})"


def _mismatch(message: str, remedy: str) -> ControllerError:
    return ControllerError(message, reason="UNIT_MISMATCH", remedy=remedy)


def _renew() -> None:
    """Begin with a new registry where the present one has read too much; units of two don't mix."""
    if _unit.cache_info().misses > _MOST_UNITS:
        _unit.cache_clear()
        _registry.cache_clear()


@lru_cache(maxsize=256)
def _unit(text: str) -> pint.Unit:
    import pint  # noqa: PLC0415 - half a second, paid by the first conversion only

    text = _RAISED.sub(lambda found: "^" + found[0].translate(_LOWERED), text)
    plain = _POWER.sub("", text)
    safe = len(text) <= LONGEST_QUANTITY and "**" not in plain and _PLAIN.fullmatch(plain)
    if not text.strip() or not safe or _WORDS.search(text):
        raise _mismatch(f"{text[:LONGEST_QUANTITY]!r} is not a unit", "write one like 'uL/min' or 'degC'")
    try:
        return _registry().parse_units(text)
    except (pint.PintError, *_LEAKS) as error:
        raise _mismatch(f"unknown unit {text!r}", "write one like 'uL/min' or 'degC'") from error


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint  # noqa: PLC0415

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("step = count")
    return registry
