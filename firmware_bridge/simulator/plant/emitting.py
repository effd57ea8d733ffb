"""A process whose product glows: what a detector sees of it follows from its emitters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.latest import Latest

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.optics.luminescence import Emitters
    from firmware_bridge.simulator.plant.layout import Layout, Parcels

Product = TypeVar("Product")


class Emitting(Generic[Product]):
    """Nothing happens in its mixer, and liquid bears no mark, unless a process says otherwise.

    `make` turns parcels into the product and its emitters. PlantError where the layout has no excitation.
    """

    def __init__(self, layout: Layout, make: Callable[[Parcels], tuple[Product, Emitters]]) -> None:
        if layout.excitation is None:
            raise PlantError("what glows needs a light that excites it: give the layout an excitation")
        self.layout = layout
        self._excitation_nm = layout.excitation.wavelength_nm
        self._latest = Latest(make)

    def mixer_clock_per_s(self, _mixer_c: float) -> float:
        return 0.0

    def marks(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def met(self, _drive: Drive) -> tuple[float, ...]:
        return ()

    def product(self, parcels: Parcels) -> Product:
        """Give what the flow cell holds; a carrier between droplets holds nothing."""
        return self._latest.of(parcels)[0]

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        return self._latest.of(parcels)[1].absorbance(self.layout.pixels_nm)

    def emission(self, parcels: Parcels) -> NDArray[np.float64]:
        return self._latest.of(parcels)[1].emission(self.layout.pixels_nm, self._excitation_nm)

    def quantum_yield(self, parcels: Parcels) -> float:
        """Photons emitted for each one absorbed, of all that the cell holds; NaN where nothing absorbs."""
        return self._latest.of(parcels)[1].mean_yield(self._excitation_nm)
