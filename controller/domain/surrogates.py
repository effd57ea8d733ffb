"""What a surrogate answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUSTED_NOVELTY = 1.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A property's mean and calibrated standard deviation, in `unit`."""

    mean: float
    std: float
    unit: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """The surrogate's answer for one row of conditions, by property."""

    properties: Mapping[str, Estimate]
    novelty: float

    @property
    def trusted(self) -> bool:
        """Whether the row lies within the training data: if not, it never actuates."""
        return self.novelty <= TRUSTED_NOVELTY
