"""What an experiment may vary: numbers within bounds, or choices."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import UsageError
from trainer.units import name_and_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Floats

MAX_FACTORS = 64
MAX_CHOICES = 64
# Digits that a pump or a balance could follow.
_DIGITS = 6
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")


@dataclass(frozen=True, slots=True)
class Factor:
    """`low` to `high` in `unit`; with `choices`, an index into them."""

    header: str
    name: str
    unit: str
    low: float
    high: float
    choices: tuple[str, ...] = ()


def read_factor(text: str) -> Factor:
    """Read `flow (uL/min)=10..400` or `ligand=PVA|citrate`; UsageError says what does not fit."""
    header, separator, values = (part.strip() for part in text.rpartition("="))
    if not separator or not header:
        raise UsageError(f"--factor {text!r}: no name", remedy="write 'flow (uL/min)=10..400'")
    name, unit = name_and_unit(header)
    if match := _RANGE.fullmatch(values):
        low, high = float(match[1]), float(match[2])
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"--factor {text!r}: {low:g} is not below {high:g}")
        return Factor(header, name, unit, low, high)
    choices = tuple(choice.strip() for choice in values.split("|"))
    if len(choices) < 2 or "" in choices or len(set(choices)) < len(choices):
        raise UsageError(
            f"--factor {text!r}: neither a range nor choices", remedy="write 'T (K)=300..400' or 'acid=A|B'"
        )
    if len(choices) > MAX_CHOICES:
        raise UsageError(f"--factor {header!r}: {len(choices)} choices, more than {MAX_CHOICES}")
    return Factor(header, name, unit, 0.0, len(choices) - 1.0, choices)


def check_factors(factors: Sequence[Factor]) -> None:
    """Refuse none, too many, and two of one name."""
    if not 1 <= len(factors) <= MAX_FACTORS:
        raise UsageError(
            f"{len(factors)} factors: 1 to {MAX_FACTORS} can be varied", remedy="name each with --factor"
        )
    names = [factor.name for factor in factors]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two factors are named {min(doubled)!r}")


def from_unit(factors: Sequence[Factor], unit: Floats) -> Floats:
    """Points of the unit cube [n, d] to values, rounded to what can be set; choices become indices."""
    columns = []
    for index, factor in enumerate(factors):
        part = np.clip(unit[:, index], 0.0, 1.0)
        if factor.choices:
            count = len(factor.choices)
            columns.append(np.minimum(np.floor(part * count), count - 1.0))
        else:
            values = factor.low + part * (factor.high - factor.low)
            columns.append(np.clip(_rounded(values, factor), factor.low, factor.high))
    return np.column_stack(columns)


def to_unit(factors: Sequence[Factor], points: Floats) -> Floats:
    """Values [n, d] to coordinates in which distances compare: numbers 0 to 1, each choice an axis."""
    columns: list[Floats] = []
    for index, factor in enumerate(factors):
        values = points[:, index]
        if factor.choices:
            # A different choice counts like a whole range.
            columns.extend((values == choice) * np.sqrt(0.5) for choice in range(len(factor.choices)))
        else:
            columns.append((values - factor.low) / (factor.high - factor.low))
    return np.column_stack(columns)


def _rounded(values: Floats, factor: Factor) -> Floats:
    size = max(abs(factor.low), abs(factor.high))
    return np.asarray(np.round(values, _DIGITS - 1 - math.floor(math.log10(size))))
