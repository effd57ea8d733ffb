"""What a single cell of text may be: a number, a number with its unit, a date."""

from __future__ import annotations

import re

from trainer.units import is_unit

# No measured quantity comes near; squares and products of such numbers still have room in a double.
MAX_SIZE = 1e60
PLAIN = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({PLAIN})\s*(\S.*)?")
_DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?")


def is_date(cell: str) -> bool:
    """Tell `2024-03-31`, `31.03.2024`, `3/31/24`, with or without a time of day, from other texts."""
    return _DATE.fullmatch(cell) is not None


def split_quantity(cell: str, *, decimal_comma: bool) -> tuple[float, str] | None:
    """Split `5 uL` into number and unit, the unit empty for a plain number; None for anything else."""
    match = _QUANTITY.fullmatch(cell)
    if match is None or (match[2] and not is_unit(match[2])):
        return None
    # 3A may as well be the name of a well; 3 A is a current.
    if match[2] and len(match[2]) == 1 and match[2].isalpha() and not cell[-2].isspace():
        return None
    if "," in match[1] and not decimal_comma:
        return None
    return float(match[1].replace(",", ".")), match[2] or ""
