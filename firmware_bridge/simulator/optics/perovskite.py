"""Cubes of CsPb(Cl, Br, I)3: first exciton from edge and halides, and the light that they absorb.

Gaps of the bulk after Protesescu et al., Nano Lett. 15, 3692 (2015). Mixed halides count as lying on the line
between them. Confinement is that of a box with three equal sides (Brus, J. Chem. Phys. 80, 4403 (1984)), with
the mass and tail of the platelets in `confinement`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.confinement import platelet_exciton_ev

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHLORIDE_GAP_EV: Final = 2.97
BROMIDE_GAP_EV: Final = 2.34
IODIDE_GAP_EV: Final = 1.73
UNIT_NM3: Final = 0.205
"""Volume of a formula unit of CsPbBr3: the lattice constant's cube."""
ABSORPTION_M2_MOL: Final = 500.0
"""Decadic, per lead, at REFERENCE_EV, where cubes absorb by their volume; chosen, near the bulk's."""
REFERENCE_EV: Final = 3.4
EXCITON_SHARE: Final = 0.1
"""Height of the exciton over the absorption at REFERENCE_EV; chosen."""
_STEP_EV: Final = 0.06
"""From the exciton to the continuum: its binding energy, about that of Protesescu et al."""
_RISE: Final = 1.0
_LAYER_NM: Final = 0.59


def exciton_ev(
    edge_nm: NDArray[np.float64], iodide: NDArray[np.float64], chloride: NDArray[np.float64]
) -> NDArray[np.float64]:
    """First transition of cubes; iodide and chloride are shares of the halide, bromide has the rest."""
    # A platelet is confined along one side, a cube along three.
    along_one_ev = platelet_exciton_ev(edge_nm / _LAYER_NM) - BROMIDE_GAP_EV
    gap_ev = BROMIDE_GAP_EV + iodide * (IODIDE_GAP_EV - BROMIDE_GAP_EV)
    energy: NDArray[np.float64] = gap_ev + chloride * (CHLORIDE_GAP_EV - BROMIDE_GAP_EV) + 3.0 * along_one_ev
    return energy


def exciton_slope_ev_nm(edge_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change of the first transition with the edge; negative, and the same for all halides."""
    step_nm, bromide = 1e-3, np.zeros_like(edge_nm)
    after, before = (exciton_ev(edge_nm + sign * step_nm, bromide, bromide) for sign in (1.0, -1.0))
    slope: NDArray[np.float64] = (after - before) / (2.0 * step_nm)
    return slope


def absorption_m2_mol(
    photon_ev: NDArray[np.float64], first_ev: NDArray[np.float64], sigma_ev: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Decadic absorption per lead of n populations, shape (n, photons): exciton and continuum."""
    above_ev = photon_ev - first_ev[:, None]
    exciton = EXCITON_SHARE * np.exp(-0.5 * (above_ev / sigma_ev[:, None]) ** 2)
    onset = 1.0 / (1.0 + np.exp(-np.clip((above_ev - _STEP_EV) / sigma_ev[:, None], -50.0, 50.0)))
    # Never steeper than from half an electronvolt below the reference on.
    span_ev = np.maximum(REFERENCE_EV - first_ev[:, None], 0.5)
    reach = (np.maximum(above_ev, 0.0) / span_ev) ** _RISE
    absorption: NDArray[np.float64] = ABSORPTION_M2_MOL * (exciton + (0.3 + 0.7 * reach) * onset)
    return absorption
