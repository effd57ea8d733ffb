"""Gold in three stages as processes of the common plant: spheres, rods from them, octahedra from those."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry import gold_octahedra, gold_rods, gold_spheres
from firmware_bridge.simulator.chemistry.gold_light import GOLD_M3_MOL
from firmware_bridge.simulator.chemistry.gold_octahedra import OctahedronGrowth
from firmware_bridge.simulator.chemistry.gold_rods import RodGrowth
from firmware_bridge.simulator.chemistry.gold_spheres import SphereGrowth
from firmware_bridge.simulator.chemistry.spheres import Spheres
from firmware_bridge.simulator.optics.constants import GOLD
from firmware_bridge.simulator.optics.elongated import ElongatedOptics
from firmware_bridge.simulator.optics.octahedron import octahedron_extinction_per_volume
from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.optics.spheres import SphereOptics
from firmware_bridge.simulator.optics.spheroid import rod_extinction_per_volume
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import Tube
from firmware_bridge.simulator.plant.latest import Latest
from firmware_bridge.simulator.plant.layout import Geometry, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.chemistry.gold_octahedra import Octahedra
    from firmware_bridge.simulator.chemistry.gold_rods import Rods
    from firmware_bridge.simulator.chemistry.overgrowth import Overgrown, SeedStock
    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.layout import Parcels

SHAPE_SPREAD: Final = 0.08
"""Of the logarithm of diameter or aspect ratio among particles of one history; chosen."""
_LN10: Final = math.log(10.0)
_WINDOW: Final = SpectrometerParameters(
    first_nm=400.0, last_nm=950.0, response_peak_nm=600.0, response_width_nm=230.0
)


def _layout(streams: tuple[str, ...], reactor_ul: float) -> Layout:
    """Volumes, bores and powers are chosen, so that an experiment takes minutes."""
    return Layout(
        first=streams,
        second=(),
        geometry=Geometry(
            mixer=Tube(volume_ul=10.0, bore_mm=0.5),
            reactor=Tube(volume_ul=reactor_ul, bore_mm=0.5),
            outlet=Tube(volume_ul=20.0, bore_mm=0.5),
            path_mm=10.0,
        ),
        safe_pressure_kpa=300.0,
        safe_temperature_c=80.0,
        thermal=ThermalParameters(heater_w=60.0),
        spectrometer=_WINDOW,
    )


class _Stage:
    """Streams that meet, and grow in the heated reactor; the outlet counts as cold."""

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()


class GoldSpheresProcess(_Stage):
    """Gold, reductant and surfactant, without seeds."""

    def __init__(self) -> None:
        self.layout = _layout(gold_spheres.STREAMS, 200.0)
        self.chemistry = SphereGrowth()
        self._latest = Latest(self._grow)

    def spheres(self, parcels: Parcels) -> Spheres:
        return self._latest.of(parcels)

    def _grow(self, parcels: Parcels) -> Spheres:
        return self.chemistry.grow(parcels.fractions, parcels.reactor_c, parcels.reactor_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        seen = _balls_per_mm(self.spheres(parcels), parcels.weight)
        return seen * (self.layout.geometry.path_mm / _LN10)


class GoldRodsProcess(_Stage):
    """Silver-assisted growth on `seeds`, which are round."""

    def __init__(self, seeds: SeedStock) -> None:
        self.layout = _layout(gold_rods.STREAMS, 400.0)
        self.chemistry = RodGrowth(seeds)
        self._latest = Latest(self._grow)

    def rods(self, parcels: Parcels) -> Rods:
        return self._latest.of(parcels)

    def _grow(self, parcels: Parcels) -> Rods:
        return self.chemistry.grow(parcels.fractions, parcels.reactor_c, parcels.reactor_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        rods, seed = self.rods(parcels), self.chemistry.seeds
        # To first order in the spread of the seeds' size.
        inherited = seed.log_spread * seed.width_nm * (1.0 / rods.width_nm - 1.0 / rods.length_nm)
        seen = _rod_table().extinction_per_mm(
            parcels.weight * np.maximum(rods.rods_mol_m3, 0.0) * GOLD_M3_MOL,
            np.cbrt(rods.width_nm**2 * rods.length_nm) / 2.0,
            rods.aspect,
            np.hypot(SHAPE_SPREAD, inherited),
        )
        seen += _sphere_table().extinction_per_mm(
            parcels.weight * rods.round_mol_m3 * GOLD_M3_MOL,
            np.log(rods.round_nm),
            np.hypot(SHAPE_SPREAD, seed.log_spread * seed.width_nm / rods.round_nm),
        )
        seen += _balls_per_mm(_nuclei(rods.grown), parcels.weight)
        return seen * (self.layout.geometry.path_mm / _LN10)


class GoldOctahedraProcess(_Stage):
    """Slow growth on `seeds`: rods, and what came with them."""

    def __init__(self, seeds: tuple[SeedStock, ...]) -> None:
        self.layout = _layout(gold_octahedra.STREAMS, 400.0)
        self.chemistry = OctahedronGrowth(seeds)
        self._latest = Latest(self._grow)

    def octahedra(self, parcels: Parcels) -> Octahedra:
        return self._latest.of(parcels)

    def _grow(self, parcels: Parcels) -> Octahedra:
        return self.chemistry.grow(parcels.fractions, parcels.reactor_c, parcels.reactor_s)

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        grown = self.octahedra(parcels)
        volume = parcels.weight * grown.solid_mol_m3 * GOLD_M3_MOL
        radius_nm = np.cbrt(grown.width_nm**2 * grown.length_nm) / 2.0
        aspect = grown.length_nm / grown.width_nm
        spread = np.full(aspect.shape, SHAPE_SPREAD)
        seen = _octahedron_table().extinction_per_mm(
            (volume * grown.faceted).ravel(), radius_nm.ravel(), aspect.ravel(), spread.ravel()
        )
        seen += _rod_table().extinction_per_mm(
            (volume * (1.0 - grown.faceted)).ravel(), radius_nm.ravel(), aspect.ravel(), spread.ravel()
        )
        seen += _balls_per_mm(_nuclei(grown.grown), parcels.weight)
        return seen * (self.layout.geometry.path_mm / _LN10)


def _nuclei(grown: Overgrown) -> Spheres:
    return Spheres(grown.gold_left_mol_m3, grown.nuclei_per_m3, grown.moment1, grown.moment2, grown.moment3)


def _balls_per_mm(balls: Spheres, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return _sphere_table().extinction_per_mm(
        weight * balls.solid_mol_m3(GOLD_M3_MOL) * GOLD_M3_MOL,
        balls.log_median_nm,
        np.hypot(balls.log_spread, SHAPE_SPREAD),
    )


def _pixels_nm() -> NDArray[np.float64]:
    return np.linspace(_WINDOW.first_nm, _WINDOW.last_nm, _WINDOW.pixels)


@functools.cache
def _sphere_table() -> SphereOptics:
    """Make each table once: it takes a second, and never changes."""
    return SphereOptics(_pixels_nm(), GOLD)


@functools.cache
def _rod_table() -> ElongatedOptics:
    return ElongatedOptics(_pixels_nm(), rod_extinction_per_volume)


@functools.cache
def _octahedron_table() -> ElongatedOptics:
    return ElongatedOptics(_pixels_nm(), octahedron_extinction_per_volume)
