"""What a plant is built of: which pumps feed which tube, what its zones are, what its detector sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np

from firmware_bridge.simulator.optics.spectrometer import SpectrometerParameters
from firmware_bridge.simulator.plant.bubbles import BubbleParameters
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.facts import RigFacts
from firmware_bridge.simulator.plant.fouling import FoulingParameters
from firmware_bridge.simulator.plant.heat import ThermalParameters
from firmware_bridge.simulator.plant.hydraulics import (
    WATER,
    Liquid,
    Tube,
    pressure_drop_kpa,
    residence_variance,
)
from firmware_bridge.simulator.plant.pumps import NOMINAL_STEPS_PER_UL
from firmware_bridge.simulator.plant.slugs import Segmented, slug_pressure_kpa, slug_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.inline import InlineSensor


@dataclass(frozen=True, slots=True)
class Geometry:
    """Tubes in the order of flow, and the light path."""

    mixer: Tube
    reactor: Tube
    outlet: Tube
    """From the end of the heated reactor through the flow cell, at the cell's temperature."""
    path_mm: float
    segmented: Segmented | None = None
    """What divides the liquid; None: one phase."""

    @property
    def dispersing(self) -> Tube:
        """What lies between the second junction and the detector."""
        return Tube(self.reactor.volume_ul + self.outlet.volume_ul, self.reactor.bore_mm)


EXCITED: Final = 0.6
"""Duty of the diode at which the rigs' recipes look at emission."""


@dataclass(frozen=True, slots=True)
class Excitation:
    """A light-emitting diode that shines across the flow cell; the detector looks at a right angle to it."""

    wavelength_nm: float
    duty_axis: int = 0
    """Which of the board's duty outputs drives it."""
    counts_nm_per_s: float = 1e8
    """Counts where the response is highest, for one photon per nm for each that enters, at full duty; chosen,
    so that 100 ms see a quantum yield of a few percent, and bear 0.01 photons per nm."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One rig. Pump axes are numbered through `first` and then `second`."""

    first: tuple[str, ...]
    """Streams that meet at the first junction and pass the mixer."""
    second: tuple[str, ...]
    """Streams that join behind the mixer, where the reactor begins."""
    geometry: Geometry
    safe_pressure_kpa: float
    safe_temperature_c: float
    thermal: ThermalParameters = field(default_factory=ThermalParameters)
    spectrometer: SpectrometerParameters = field(default_factory=SpectrometerParameters)
    liquid: Liquid = WATER
    polymer: str = ""
    """The stream of `first` that thickens the liquid; none where empty."""
    polymer_kg_m3: float = 0.0
    """In that stream's stock."""
    excitation: Excitation | None = None
    """What makes the cell's content emit; the process then is an `EmittingProcess`."""
    sensor: InlineSensor | None = None
    """What else looks at the liquid behind the flow cell; the process then is a `SensedProcess`."""
    bubbles: BubbleParameters = field(default_factory=BubbleParameters)
    fouling: FoulingParameters = field(default_factory=FoulingParameters)

    def __post_init__(self) -> None:
        segmented = self.geometry.segmented
        if segmented is None:
            return
        if segmented.carrier not in self.streams:
            raise PlantError(f"the carrier {segmented.carrier!r} is none of the streams {self.streams}")
        if self.polymer:
            raise PlantError("slugs of a liquid with a polymer are not modelled: leave the polymer out")

    @property
    def streams(self) -> tuple[str, ...]:
        """In the order of the pump axes."""
        return self.first + self.second

    @property
    def polymer_axis(self) -> int | None:
        return self.first.index(self.polymer) if self.polymer else None

    @property
    def carrier_axis(self) -> int | None:
        segmented = self.geometry.segmented
        return None if segmented is None else self.streams.index(segmented.carrier)

    @property
    def carrier_passes_mixer(self) -> bool:
        return self.geometry.segmented is not None and self.geometry.segmented.carrier in self.first

    def residence_variance(
        self, residence_s: float, celsius: float, polymer_kg_m3: float, carrier: float
    ) -> float:
        """Of what disperses, over the squared mean, in the regime that this share of carrier makes."""
        tube, segmented = self.geometry.dispersing, self.geometry.segmented
        if segmented is None:
            return residence_variance(tube, residence_s, celsius, polymer_kg_m3, self.liquid)
        return slug_variance(tube, segmented, residence_s, celsius, carrier, self.liquid)

    def pressure_drop_kpa(
        self, tube: Tube, flow_ul_s: float, celsius: float, polymer_kg_m3: float, carrier: float
    ) -> float:
        """Over one tube of this layout, in the regime that this share of carrier makes."""
        segmented = self.geometry.segmented
        if segmented is None:
            return pressure_drop_kpa(tube, flow_ul_s, celsius, polymer_kg_m3, self.liquid)
        return slug_pressure_kpa(tube, segmented, flow_ul_s, celsius, carrier, self.liquid)

    @property
    def pixels_nm(self) -> NDArray[np.float64]:
        """Centre wavelength of each pixel, shape (pixels,)."""
        window = self.spectrometer
        return np.linspace(window.first_nm, window.last_nm, window.pixels)

    def shown_emission(self, emission: NDArray[np.float64], output: float = EXCITED) -> NDArray[np.float64]:
        """Give counts/s of what `EmittingProcess.emission` gives, for this output of the diode.

        PlantError without an excitation.
        """
        if self.excitation is None:
            raise PlantError("this layout has no excitation, so nothing emits: give it one")
        response = self.spectrometer.response(self.pixels_nm)
        return output * self.excitation.counts_nm_per_s * response * emission

    @property
    def facts(self) -> RigFacts:
        """What a rig file has to say about such a plant."""
        geometry = self.geometry
        return RigFacts(
            pumps=self.streams,
            steps_per_ul=NOMINAL_STEPS_PER_UL,
            mixer_volume_ul=geometry.mixer.volume_ul,
            reactor_volume_ul=geometry.reactor.volume_ul,
            outlet_volume_ul=geometry.outlet.volume_ul,
            path_mm=geometry.path_mm,
            safe_pressure_kpa=self.safe_pressure_kpa,
            safe_temperature_c=self.safe_temperature_c,
        )


@dataclass(frozen=True, slots=True)
class Parcels:
    """n parcels at the detector, each array of shape (n,) or (n, columns)."""

    fractions: NDArray[np.float64]
    """Of the liquid, by volume, in the order of the streams; what misses to 1 is clear liquid.

    A carrier is none of it: its column is 0."""
    mixer_exposure: NDArray[np.float64]
    """Integral of the process's mixer clock over the time in the mixer."""
    mixer_c: NDArray[np.float64]
    marks: NDArray[np.float64]
    """What the process noted as the parcel entered the reactor."""
    reactor_s: NDArray[np.float64]
    reactor_c: NDArray[np.float64]
    met: NDArray[np.float64]
    """Means over the time in the reactor of what the process has the plant follow."""
    outlet_s: NDArray[np.float64]
    outlet_c: NDArray[np.float64]
    weight: NDArray[np.float64]
    """Sums to 1."""
    carrier: NDArray[np.float64]
    """Share of the volume that the carrier took where the parcel entered the reactor; 0 in one phase."""


class Process(Protocol):
    """What a synthesis adds to the common plant: its chemistry and its optics. Without state."""

    @property
    def layout(self) -> Layout: ...

    def mixer_clock_per_s(self, mixer_c: float) -> float:
        """How fast the clock runs whose integral each parcel brings from the mixer."""
        ...

    def marks(self, drive: Drive) -> tuple[float, ...]:
        """Note what liquid keeps that enters the reactor under this drive; always equally many."""
        ...

    def met(self, drive: Drive) -> tuple[float, ...]:
        """List what acts on all liquid in the reactor under this drive; always equally many."""
        ...

    def absorbance(self, parcels: Parcels) -> NDArray[np.float64]:
        """Decadic absorbance of the parcels mixed by weight, at each pixel."""
        ...


@runtime_checkable
class EmittingProcess(Process, Protocol):
    """A synthesis whose layout has an excitation."""

    def emission(self, parcels: Parcels) -> NDArray[np.float64]:
        """Photons that leave as light per nm, for each photon of the excitation that enters the cell.

        At each pixel, shape (pixels,): what is absorbed of the excitation, times the quantum yield, times a
        line whose integral over the wavelength is 1; of the parcels mixed by weight.
        """
        ...


@runtime_checkable
class SensedProcess(Process, Protocol):
    """A synthesis whose layout has an in-line sensor."""

    def reading(self, parcels: Parcels) -> float:
        """Read the parcels mixed by weight, in the sensor's own unit; NaN of clear liquid."""
        ...
