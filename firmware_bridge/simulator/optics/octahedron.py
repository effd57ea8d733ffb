"""Octahedra in water: two modes that reproduce their published polarisabilities, with finite-size terms.

A small body of contrast x = (eps - eps_m) / eps_m has the polarisability V sum(c x / (1 + n x)) over its
modes (Fuchs, Phys. Rev. B 11, 1732 (1975)). Two modes have four numbers, and four are known: the weights c
sum to 1; so do the depolarisations over three axes, which for a body this symmetric makes the mean of n 1/3;
and the limits for a conductor, 3.5507, and for a void, -1.5871, are those of Sihvola et al., IEEE Trans.
Antennas Propag. 52, 2226 (2004). Size comes in as for spheroids: Meier & Wokaun, Opt. Lett. 8, 581 (1983),
for the sphere of equal volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.optics.constants import GOLD, Metal, surface_damping_ev, water_index
from firmware_bridge.simulator.optics.spheroid import prolate_depolarisation

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODES: Final = ((0.63345907, 0.22199139), (0.36654093, 0.52575540))
"""Weight c and depolarisation n of each; their sums give 1, 1/3, 3.5507 and -1.5871."""
EDGE_PER_RADIUS: Final = float(np.cbrt(4.0 * np.pi / np.sqrt(2.0)))
"""Edge over the radius of the sphere of equal volume: V = sqrt(2) / 3 a^3."""
_PATH_PER_EDGE: Final = 2.0 * float(np.sqrt(2.0 / 27.0))
"""4 V / S over the edge; S = 2 sqrt(3) a^2."""


def octahedron_extinction_per_volume(
    wavelength_nm: NDArray[np.float64],
    radius_nm: NDArray[np.float64] | float,
    aspect: NDArray[np.float64],
    metal: Metal = GOLD,
) -> NDArray[np.float64]:
    """Extinction cross-section over particle volume, in 1/nm, of randomly turned octahedra in water.

    The three arrays broadcast; `radius_nm` is that of the sphere of equal volume. An octahedron that is
    `aspect` times as long as wide has every mode's n scaled as a prolate's factor is to a sphere's (an
    approximation: exact at 1, and for one mode, which is Gans's).
    """
    index = water_index(wavelength_nm)
    medium = index**2
    wavenumber = 2.0 * np.pi * index / wavelength_nm
    path_nm = _PATH_PER_EDGE * EDGE_PER_RADIUS * np.asarray(radius_nm)
    damping_ev = surface_damping_ev(path_nm, metal.scattering)
    contrast = metal.permittivity(wavelength_nm, damping_ev) - medium
    volume_nm3 = 4.0 / 3.0 * np.pi * np.asarray(radius_nm) ** 3
    radiation = 1j * wavenumber**3 * volume_nm3 / (6.0 * np.pi)
    along, across = prolate_depolarisation(aspect)
    minor_nm = radius_nm / np.cbrt(aspect)
    total = np.zeros(np.broadcast_shapes(contrast.shape, np.shape(radius_nm), np.shape(aspect)))
    for share, factor, half_axis_nm in ((1.0 / 3.0, along, minor_nm * aspect), (2.0 / 3.0, across, minor_nm)):
        static = sum(c * contrast / (medium + n * 3.0 * factor * contrast) for c, n in MODES)
        dynamic = wavenumber**2 * volume_nm3 / (4.0 * np.pi * half_axis_nm)
        total += share * wavenumber * np.imag(static / (1.0 - static * (dynamic + radiation)))
    return total
