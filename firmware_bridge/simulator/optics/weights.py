"""How a population is spread over a grid on which particles have been tabulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gaussian_weights(
    grid: NDArray[np.float64], centre: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rows that sum to 1, shape (n, grid): Gaussians cut at the ends of the grid."""
    inside = np.clip(centre, grid[0], grid[-1])
    density: NDArray[np.float64] = np.exp(-0.5 * ((grid - inside[:, None]) / spread[:, None]) ** 2)
    weights: NDArray[np.float64] = density / density.sum(axis=1, keepdims=True)
    return weights


def cubic_weights(grid: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that sum to 1, shape (n, grid): cubic convolution on an even grid, held one step inside its ends.

    R. Keys, IEEE Trans. Acoust. Speech Signal Process. 29, 1153 (1981), with a = -1/2.
    """
    position = np.clip((value - grid[0]) / (grid[1] - grid[0]), 1.0, grid.size - 2.0)
    away = np.abs(position[:, None] - np.arange(grid.size))
    near = (1.5 * away - 2.5) * away**2 + 1.0
    far = ((-0.5 * away + 2.5) * away - 4.0) * away + 2.0
    weights: NDArray[np.float64] = np.where(away <= 1.0, near, np.where(away < 2.0, far, 0.0))
    return weights
