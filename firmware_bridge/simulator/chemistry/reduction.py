"""Ag(I) + 1/2 ascorbate -> Ag(0), second order, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_EXPONENT: Final = 600.0
"""Keeps exp() finite for liquid that stood for hours; all silver or all ascorbate is long gone by then."""


def silver_left(
    silver: NDArray[np.float64],
    ascorbate: NDArray[np.float64],
    constant: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Ag(I) after `time_s`, from d[Ag]/dt = -k [Ag] [Asc], each ascorbate giving two electrons.

    Concentrations in mol/m3, `constant` in m3/(mol s). Holds for any excess, exactly equal amounts too.
    """
    excess = ascorbate - silver / 2.0
    exponent = np.maximum(constant * excess * time_s, -_LARGEST_EXPONENT)
    decay = np.exp(-exponent)
    # (1 - exp(-x)) / x, which is 1 at 0.
    mean_decay = np.where(
        np.abs(exponent) > 1e-9, -np.expm1(-exponent) / np.where(exponent == 0, 1, exponent), 1.0
    )
    left: NDArray[np.float64] = silver * decay / (1.0 + silver / 2.0 * constant * time_s * mean_decay)
    return left
