"""Halide exchange of CsPbX3 cubes in gas, oil and liquid as a process of the common plant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.halide_exchange import Exchanged, HalideExchange
from firmware_bridge.simulator.optics import perovskite
from firmware_bridge.simulator.optics.constants import HC_EV_NM
from firmware_bridge.simulator.optics.luminescence import Emitters, sigma_of_fwhm
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant import mixing
from firmware_bridge.simulator.plant.emitting import Emitting
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import OCTADECENE, Tube
from firmware_bridge.simulator.plant.layout import Excitation, Geometry, Layout
from firmware_bridge.simulator.plant.slugs import Segmented, slug_length_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.plant.layout import Parcels

GAS: Final = "gas"
REAGENTS: Final = ("seeds", "amine", "acid", "iodide", "chloride")
EXCITATION_NM: Final = 365.0
LINE_EV: Final = 0.085
"""Full width at half maximum of one cube's line; chosen."""
STOKES_EV: Final = 0.03
EDGE_SPREAD: Final = 0.09
"""Standard deviation of the seeds' edges over their mean; chosen."""
DISORDER_EV: Final = 0.03
"""Standard deviation that a lattice adds of which half is not bromide; chosen."""
UNMIXED: Final = 0.3
"""Scatter of compositions where exchange outruns mixing by far, over the widest there could be; chosen."""
BEST_YIELD: Final = 0.95
IODIDE_LOSS: Final = 0.35
CHLORIDE_LOSS: Final = 0.9
"""Share of the yield that a pure iodide or chloride loses: chloride's vacancies are deep. Chosen."""
PASSIVATING_MOL_M3: Final = 4.0
"""Free iodide and chloride that fill half of the vacancies; chosen."""
UNFILLED_YIELD: Final = 0.6
"""Share of the yield that is left with every vacancy open; chosen."""
STRIPPING_MOL_M3: Final = 15.0
"""Amine or acid without a partner that takes the yield to a half; chosen."""
_LAYOUT: Final = Layout(
    first=("seeds", "amine", "acid"),
    second=("iodide", "chloride", GAS),
    geometry=Geometry(
        mixer=Tube(volume_ul=60.0, bore_mm=0.5),
        reactor=Tube(volume_ul=300.0, bore_mm=0.5),
        outlet=Tube(volume_ul=30.0, bore_mm=0.5),
        path_mm=1.0,
        # A film of perfluorinated oil, which comes with the gas, wets the wall.
        segmented=Segmented(carrier=GAS, wets_wall=True, tension_n_m=0.02),
    ),
    safe_pressure_kpa=300.0,
    safe_temperature_c=130.0,
    thermal=ThermalParameters(heater_w=100.0, liquid_j_ul_k=OCTADECENE.heat_j_ul_k),
    # It sees the diode's wavelength too, for the share of it that is absorbed.
    spectrometer=SpectrometerParameters(first_nm=355.0, last_nm=765.0, response_width_nm=300.0),
    liquid=OCTADECENE,
    excitation=Excitation(wavelength_nm=EXCITATION_NM, counts_nm_per_s=4e7),
)
"""Volumes, bores and powers are chosen."""


class HalideExchangeProcess(Emitting[Exchanged]):
    """Seeds take up ligands in the mixer; halides and gas join, and exchange goes on in the reactor."""

    def __init__(self) -> None:
        super().__init__(_LAYOUT, self._exchange)
        self.chemistry = HalideExchange()

    def mixer_clock_per_s(self, mixer_c: float) -> float:
        return self.chemistry.conditioning_per_s(mixer_c)

    def _exchange(self, parcels: Parcels) -> tuple[Exchanged, Emitters]:
        shares = parcels.fractions[:, : len(REAGENTS)]
        exchanged = self.chemistry.exchange(
            shares, parcels.mixer_exposure, parcels.reactor_c, parcels.reactor_s
        )
        liquid = self.chemistry.fed(shares)
        limited = mixing.damkohler(exchanged.rate_per_s, self._mixing_s(parcels))
        first_ev = perovskite.exciton_ev(exchanged.edge_nm, exchanged.iodide, exchanged.chloride)
        sigma_ev = _sigma_ev(exchanged, limited)
        seen_mol_m2 = parcels.weight * exchanged.lead_mol_m3 * (self.layout.geometry.path_mm / 1000.0)

        def absorbances(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
            per_lead = perovskite.absorption_m2_mol(HC_EV_NM / wavelength_nm, first_ev, sigma_ev)
            return per_lead * seen_mol_m2[:, None]

        alone = np.abs(liquid.amine - liquid.acid)
        bright = _quantum_yield(exchanged, alone)
        return exchanged, Emitters(absorbances, first_ev - STOKES_EV, sigma_ev, bright)

    def _mixing_s(self, parcels: Parcels) -> NDArray[np.float64]:
        """Time in which slip stirs a droplet, as long as gas and total flow make it."""
        reactor, liquid = self.layout.geometry.reactor, self.layout.liquid
        lengths_m = np.array([slug_length_m(reactor.bore_mm, share) for share in parcels.carrier.tolist()])
        speed_m_s = reactor.length_m / np.maximum(parcels.reactor_s, 1e-3)
        return mixing.slug_s(lengths_m, reactor.bore_mm * 1e-3, speed_m_s, liquid.diffusion_25c_m2_s)


def _sigma_ev(exchanged: Exchanged, limited: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join the standard deviations of a line, of edges, of the mixed lattice and of unmixed liquid."""
    edges_ev = perovskite.exciton_slope_ev_nm(exchanged.edge_nm) * EDGE_SPREAD * exchanged.edge_nm
    iodide, chloride = exchanged.iodide, exchanged.chloride
    mixed = 1.0 - iodide - chloride
    disorder_ev = DISORDER_EV * 2.0 * np.sqrt(np.maximum(mixed * (1.0 - mixed), 0.0))
    iodide_ev = perovskite.BROMIDE_GAP_EV - perovskite.IODIDE_GAP_EV
    chloride_ev = perovskite.CHLORIDE_GAP_EV - perovskite.BROMIDE_GAP_EV
    widest_ev2 = iodide_ev**2 * iodide * (1.0 - iodide) + chloride_ev**2 * chloride * (1.0 - chloride)
    unmixed_ev2 = UNMIXED**2 * widest_ev2 * limited / (1.0 + limited)
    sigma_ev: NDArray[np.float64] = np.sqrt(
        sigma_of_fwhm(LINE_EV) ** 2 + edges_ev**2 + disorder_ev**2 + unmixed_ev2
    )
    return sigma_ev


def _quantum_yield(exchanged: Exchanged, alone: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give photons emitted for each one absorbed, (n,), from halides, vacancies, shell and what strips it."""
    halide = (1.0 - IODIDE_LOSS * exchanged.iodide) * (1.0 - CHLORIDE_LOSS * exchanged.chloride)
    free = exchanged.free_mol_m3[1] + exchanged.free_mol_m3[2]
    filled = UNFILLED_YIELD + (1.0 - UNFILLED_YIELD) * free / (free + PASSIVATING_MOL_M3)
    share: NDArray[np.float64] = (
        BEST_YIELD * halide * filled * exchanged.covered / (1.0 + (alone / STRIPPING_MOL_M3) ** 2)
    )
    return share
