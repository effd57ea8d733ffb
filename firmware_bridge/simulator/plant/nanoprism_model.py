"""The silver synthesis without its machine: composition and passage in, spectrum out. No noise, no state."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.growth import (
    EDGE_PER_DIAMETER,
    SILVER_M3_MOL,
    SPHERE_SPREAD,
    Passage,
    Product,
    grow,
)
from firmware_bridge.simulator.chemistry.rates import Rates, adsorption_per_s
from firmware_bridge.simulator.chemistry.streams import Stocks, blend
from firmware_bridge.simulator.optics.peak import Peak, main_peak
from firmware_bridge.simulator.optics.population import Particles, PopulationOptics
from firmware_bridge.simulator.plant import residence
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.heat import WATER_J_UL_K, ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube, residence_variance
from firmware_bridge.simulator.plant.layout import Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LN10: Final = math.log(10.0)
GEOMETRY: Final = Geometry(
    mixer=Tube(volume_ul=12.0, bore_mm=0.3),
    reactor=Tube(volume_ul=60.0, bore_mm=0.3),
    outlet=Tube(volume_ul=13.0, bore_mm=0.3),
    path_mm=10.0,
)
"""All chosen."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """One experiment: flow shares in percent (the rest is reductant), total flow, temperatures."""

    agno3_pct: float
    pva_pct: float
    citrate_pct: float
    seed_pct: float
    total_ul_min: float
    reactor_c: float
    mixer_c: float = 25.0

    def __post_init__(self) -> None:
        shares = (self.agno3_pct, self.pva_pct, self.citrate_pct, self.seed_pct)
        # Written so that NaN fails too.
        if not (all(0.0 <= share <= 100.0 for share in shares) and sum(shares) <= 100.0):
            raise PlantError(f"flow shares {shares} % must each be 0 to 100 and sum to at most 100")
        if not 0.0 < self.total_ul_min <= 1e5:
            raise PlantError(f"total flow {self.total_ul_min} uL/min must lie above 0 and up to 100000")
        if not (0.0 <= self.reactor_c <= 99.0 and 0.0 <= self.mixer_c <= 99.0):
            raise PlantError(
                f"reactor at {self.reactor_c} and mixer at {self.mixer_c} degC must lie in 0 to 99: water"
            )

    @property
    def fractions(self) -> tuple[float, float, float, float, float]:
        """Volume fractions in the order of STREAMS."""
        shares = (self.agno3_pct, self.pva_pct, self.citrate_pct, self.seed_pct)
        silver, pva, citrate, seed = (share / 100.0 for share in shares)
        return silver, pva, citrate, seed, max(1.0 - silver - pva - citrate - seed, 0.0)


@dataclass(frozen=True, slots=True)
class View:
    """n parcels mixed by `weight` as the detector sees them, and the absorbance over the light path."""

    product: Product
    weight: NDArray[np.float64]
    absorbance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SteadyState:
    """What a condition settles at. Sizes are means by number, `sphere_share` and `conversion` by silver."""

    wavelengths_nm: NDArray[np.float64]
    absorbance: NDArray[np.float64]
    peak: Peak
    edge_nm: float
    edge_cv: float
    thickness_nm: float
    thickness_cv: float
    sphere_share: float
    conversion: float


@dataclass(frozen=True, slots=True)
class NanoprismModel:
    """Chemistry and optics for one set of wavelengths."""

    optics: PopulationOptics
    geometry: Geometry = GEOMETRY
    stocks: Stocks = field(default_factory=Stocks)
    rates: Rates = field(default_factory=Rates)
    thermal: ThermalParameters = field(default_factory=ThermalParameters)

    def view(self, fractions: NDArray[np.float64], passage: Passage, weight: NDArray[np.float64]) -> View:
        """`fractions` (n, 5) in the order of STREAMS, `weight` (n,) summing to 1."""
        product = grow(blend(fractions, self.stocks), passage, self.rates)
        particles = Particles(
            plate_volume=product.plates_mol_m3 * SILVER_M3_MOL,
            plate_radius_nm=np.cbrt(3.0 / 16.0 * product.diameter_nm**2 * product.thickness_nm),
            plate_aspect=product.diameter_nm / product.thickness_nm,
            plate_spread=product.aspect_spread,
            sphere_volume=product.spheres_mol_m3 * SILVER_M3_MOL,
            sphere_radius_nm=product.sphere_radius_nm,
            sphere_spread=SPHERE_SPREAD,
        )
        extinction = self.optics.extinction_per_mm(particles, weight)
        return View(product, weight, extinction * (self.geometry.path_mm / _LN10))

    def steady(self, conditions: Conditions) -> SteadyState:
        """Find the noise-free steady state of one condition."""
        view = self._steady_view(conditions)
        product, weight = view.product, view.weight
        diameter_nm, diameter_cv = _moments(product.diameter_nm, product.diameter_spread, weight)
        thickness_nm, thickness_cv = _moments(product.thickness_nm, product.thickness_spread, weight)
        fed_mol_m3 = conditions.fractions[0] * self.stocks.silver_mol_m3
        spheres_mol_m3 = float(product.spheres_mol_m3 @ weight)
        silver_mol_m3 = spheres_mol_m3 + float(product.plates_mol_m3 @ weight)
        left_mol_m3 = float(product.silver_left_mol_m3 @ weight)
        return SteadyState(
            wavelengths_nm=self.optics.wavelength_nm,
            absorbance=view.absorbance,
            peak=main_peak(self.optics.wavelength_nm, view.absorbance),
            edge_nm=diameter_nm * EDGE_PER_DIAMETER,
            edge_cv=diameter_cv,
            thickness_nm=thickness_nm,
            thickness_cv=thickness_cv,
            sphere_share=spheres_mol_m3 / silver_mol_m3 if silver_mol_m3 > 0.0 else 0.0,
            conversion=1.0 - left_mol_m3 / fed_mol_m3 if fed_mol_m3 > 0.0 else 0.0,
        )

    def _steady_view(self, conditions: Conditions) -> View:
        flow_ul_s = conditions.total_ul_min / 60.0
        mixer_ul_s = flow_ul_s * max(1.0 - conditions.fractions[4], 1e-9)
        geometry, pva_kg_m3 = self.geometry, conditions.fractions[1] * self.stocks.pva_kg_m3
        residence_s = geometry.dispersing.volume_ul / flow_ul_s
        theta, weight = residence.quadrature(
            residence_variance(geometry.dispersing, residence_s, conditions.reactor_c, pva_kg_m3)
        )
        liquid_w_k, cell_w_k = WATER_J_UL_K * flow_ul_s, self.thermal.cell_to_ambient_w_k
        cell_c = (cell_w_k * self.thermal.ambient_c + liquid_w_k * conditions.reactor_c) / (
            cell_w_k + liquid_w_k
        )
        exposure = adsorption_per_s(self.rates, conditions.mixer_c) * geometry.mixer.volume_ul / mixer_ul_s
        passage = Passage(
            mixer_c=np.full(theta.shape, conditions.mixer_c),
            adsorption_exposure=np.full(theta.shape, exposure),
            reactor_s=theta * (geometry.reactor.volume_ul / flow_ul_s),
            reactor_c=np.full(theta.shape, conditions.reactor_c),
            outlet_s=theta * (geometry.outlet.volume_ul / flow_ul_s),
            outlet_c=np.full(theta.shape, cell_c),
        )
        return self.view(np.tile(conditions.fractions, (theta.size, 1)), passage, weight)


def _moments(
    size_nm: NDArray[np.float64], spread: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Mean, and coefficient of variation from the spread within parcels and that between them."""
    mean_nm = float(size_nm @ weight)
    variance_nm2 = float(((size_nm * spread) ** 2 + (size_nm - mean_nm) ** 2) @ weight)
    return mean_nm, math.sqrt(variance_nm2) / mean_nm
