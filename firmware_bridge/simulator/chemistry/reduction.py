"""Ag(I) + 1/2 ascorbate -> Ag(0), second order, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_EXPONENT: Final = 600.0
"""Keeps exp() finite for liquid that stood for hours; all silver or all ascorbate is long gone by then."""
_LONGEST_S: Final = 1e9
_NEARLY_ZERO: Final = 1e-9


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
    # Without enough ascorbate the exponent is negative and time without bound would overflow it.
    shortage_per_s = np.maximum(-constant * excess, _LARGEST_EXPONENT / _LONGEST_S)
    elapsed_s = np.minimum(time_s, _LARGEST_EXPONENT / shortage_per_s)
    exponent = constant * excess * elapsed_s
    # (1 - exp(-x)) / x, which is 1 at 0.
    nonzero = np.where(np.abs(exponent) > _NEARLY_ZERO, exponent, 1.0)
    mean_decay = np.where(np.abs(exponent) > _NEARLY_ZERO, -np.expm1(-nonzero) / nonzero, 1.0)
    left: NDArray[np.float64] = (
        silver * np.exp(-exponent) / (1.0 + silver / 2.0 * constant * elapsed_s * mean_decay)
    )
    return left
