"""The plant that every synthesis runs in: pumps, zones, tubes and the light path around its chemistry.

Streams meet at the first junction and pass the mixer (heater 0) as plug flow; others join behind it; the
reactor (heater 1) and the outlet disperse. Nothing moves in a step: what enters the reactor is kept in order
of volume, and looked up when the detector looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.interfaces import Drive, Sensed
from firmware_bridge.simulator.plant import residence
from firmware_bridge.simulator.plant.bottles import Bottles
from firmware_bridge.simulator.plant.bubbles import Bubbles
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.fouling import Fouling
from firmware_bridge.simulator.plant.heat import Thermal
from firmware_bridge.simulator.plant.history import Inflow, ReactorHistory
from firmware_bridge.simulator.plant.hydraulics import MOST_VARIANCE
from firmware_bridge.simulator.plant.inline import SensorLine
from firmware_bridge.simulator.plant.layout import Parcels, SensedProcess
from firmware_bridge.simulator.plant.light import LightPath
from firmware_bridge.simulator.plant.mixer import MixerLine
from firmware_bridge.simulator.plant.noise import NormalStream
from firmware_bridge.simulator.plant.pumps import Pump, draw_character

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from firmware_bridge.simulator.plant.facts import RigFacts
    from firmware_bridge.simulator.plant.layout import Layout, Process
    from firmware_bridge.simulator.plant.mixer import MixerOutflow

HEATERS: Final = 2
LONGEST_STEP_S: Final = 10.0
_PRESSURE_NOISE_KPA: Final = 0.2
_OWN_MARKS: Final = 2
"""The exposure and the temperature of the mixer stand before the process's own marks."""


@dataclass(frozen=True, slots=True)
class VolumeBalance:
    """Where reagent is, in the order of the streams: `dosed_ul` is the sum of the others."""

    dosed_ul: tuple[float, ...]
    leaked_ul: tuple[float, ...]
    in_mixer_ul: tuple[float, ...]
    entered_ul: tuple[float, ...]
    """The reactor: still there, or gone through it."""


class FlowPlant:
    """One rig with its own pump errors and noise. Equal seeds and equal calls give equal bits."""

    def __init__(self, process: Process, seed: int) -> None:
        layout = process.layout
        geometry = layout.geometry
        self._process = process
        self._layout: Layout = layout
        self._pumps = tuple(Pump(draw_character(seed, axis)) for axis in range(len(layout.streams)))
        self._thermal = Thermal(layout.thermal, seed)
        self._bubbles = Bubbles(layout.bubbles, layout.safe_temperature_c, seed)
        self._fouling = Fouling(layout.fouling, geometry.dispersing.volume_ul)
        self._bottles = Bottles()
        self._air_ul = [0.0] * len(layout.streams)
        self._leaked_ul = [0.0] * len(layout.streams)
        self._sensor = _sensor_line(process, seed, self.parcels)
        self._light = LightPath(process, seed, self.parcels, self._bubbles)
        self._pressure_noise = NormalStream(seed, "pressure sensor")
        self._mixer = MixerLine(geometry.mixer.volume_ul, len(layout.first))
        self._delay_ul = geometry.dispersing.volume_ul
        self._polymer_axis = layout.polymer_axis
        self._carrier_axis = layout.carrier_axis
        self._carrier_passes_mixer = layout.carrier_passes_mixer
        self._carrier_share = 0.0
        rest = Drive((0.0,) * len(layout.streams), (0.0,) * HEATERS, 0.0)
        start = [0.0, layout.thermal.ambient_c, *process.marks(rest)]
        self._clocks: tuple[float, ...] = (0.0,) * (1 + len(process.met(rest)))
        self._history = ReactorHistory(
            self._delay_ul * residence.longest(MOST_VARIANCE), len(layout.streams), start, len(self._clocks)
        )
        self._checked: Drive | None = None
        self._time_s = 0.0
        self._mixer_clock = 0.0
        self._mixer_polymer_kg_m3 = 0.0
        self._reactor_polymer_kg_m3 = 0.0

    @property
    def wavelengths_nm(self) -> NDArray[np.float64]:
        return self._light.wavelengths_nm

    @property
    def facts(self) -> RigFacts:
        """What a rig file has to say about this plant."""
        return self._layout.facts

    @property
    def dosed_ul(self) -> tuple[float, ...]:
        """True volume of reagent that each pump has delivered, in the order of the streams."""
        return tuple(pump.dosed_ul - air for pump, air in zip(self._pumps, self._air_ul, strict=True))

    @property
    def balance(self) -> VolumeBalance:
        """Say where all reagent is that was ever delivered."""
        in_mixer_ul = self._mixer.held_ul + (0.0,) * len(self._layout.second)
        return VolumeBalance(self.dosed_ul, tuple(self._leaked_ul), in_mixer_ul, self._history.entered_ul)

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        """Move the plant by `dt_s`; further pump axes are not piped. Raises PlantError for what can't be."""
        if not 0.0 < dt_s <= LONGEST_STEP_S:
            raise PlantError(f"a step of {dt_s} s must last above 0 and up to {LONGEST_STEP_S} s")
        if drive != self._checked:
            _check(drive, len(self._pumps))
            self._checked = drive
        streams_ul, air_ul = self._pump(dt_s, drive)
        count = len(self._layout.first)
        first_ul, second_ul = streams_ul[:count], streams_ul[count:]
        mixer_ul, joining_ul = _total(first_ul) + air_ul[0], _total(second_ul) + air_ul[1]
        thermal, process = self._thermal, self._process
        thermal.advance(dt_s, drive.heater_duty, *self._warmed_ul_s(dt_s, streams_ul, mixer_ul, joining_ul))
        self._time_s += dt_s
        self._clocks = tuple(
            clock + value * dt_s
            for clock, value in zip(self._clocks, (thermal.reactor_c, *process.met(drive)), strict=True)
        )
        self._mixer_clock += process.mixer_clock_per_s(thermal.mixer_c) * dt_s
        out = self._mixer.push(first_ul, self._mixer_clock, air_ul[0])
        self._join(out, mixer_ul, second_ul, air_ul[1], process.marks(drive))
        total_ul = mixer_ul + joining_ul
        self._bubbles.advance(dt_s, total_ul, air_ul[0] + air_ul[1], thermal.reactor_c)
        self._fouling.advance(dt_s, streams_ul, total_ul)
        self._light.advance(dt_s, drive)
        # Air gives way instead of pushing: only liquid costs pressure.
        liquid_ul = total_ul - air_ul[0] - air_ul[1]
        pressure_kpa = self._pressure_kpa(dt_s, first_ul, mixer_ul - air_ul[0], liquid_ul, out)
        pressure_kpa *= drive.resistance * self._fouling.resistance
        pressure_kpa += self._bubbles.ripple_kpa + _PRESSURE_NOISE_KPA * self._pressure_noise.draw()
        return Sensed(
            temperatures_c=thermal.read(),
            pressures_kpa=(max(pressure_kpa, 0.0), self._sensor.advance(dt_s) if self._sensor else 0.0),
            stop_pressed=False,
        )

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        """Mean detector counts of `scans` exposures that end now, shape (pixels,). Raises PlantError."""
        return self._light.expose(integration_s, scans)

    def absorbance(self) -> NDArray[np.float64]:
        """Give the true decadic absorbance in the flow cell now, shape (pixels,)."""
        return self._process.absorbance(self.parcels())

    def parcels(self) -> Parcels:
        """Look up what is mixed in the flow cell now."""
        theta, weight = residence.quadrature(self._residence_variance())
        history = self._history
        entered_ul = [history.volume_ul - self._delay_ul * share for share in theta.tolist()]
        inflows = [history.inflow_at(point_ul) for point_ul in entered_ul]
        marks = np.array([inflow.marks for inflow in inflows])
        passages = [
            self._passage(point_ul, share) for point_ul, share in zip(entered_ul, theta.tolist(), strict=True)
        ]
        reactor_s, outlet_s, reactor_c, *met = np.array(passages).T
        return Parcels(
            fractions=np.array([_fractions(inflow, self._carrier_axis) for inflow in inflows]),
            mixer_exposure=marks[:, 0],
            mixer_c=marks[:, 1],
            marks=marks[:, _OWN_MARKS:],
            reactor_s=reactor_s,
            reactor_c=reactor_c,
            met=np.reshape(met, (len(met), theta.size)).T,
            outlet_s=outlet_s,
            outlet_c=np.full(theta.shape, self._thermal.cell_c),
            weight=weight,
            carrier=np.array([_share(inflow, self._carrier_axis) for inflow in inflows]),
        )

    def _warmed_ul_s(
        self, dt_s: float, pumped_ul: list[float], mixer_ul: float, joining_ul: float
    ) -> tuple[float, float]:
        """Give the flows through the mixer and joining it as so much liquid: a gas takes up no heat."""
        axis, segmented = self._carrier_axis, self._layout.geometry.segmented
        if axis is None or segmented is None:
            return mixer_ul / dt_s, joining_ul / dt_s
        cold_ul = (1.0 - segmented.heat) * pumped_ul[axis]
        if self._carrier_passes_mixer:
            return (mixer_ul - cold_ul) / dt_s, joining_ul / dt_s
        return mixer_ul / dt_s, (joining_ul - cold_ul) / dt_s

    def _pump(self, dt_s: float, drive: Drive) -> tuple[list[float], tuple[float, float]]:
        """Give what each stream delivers, and the air of dry pumps at the first junction and behind it."""
        streams_ul = [
            pump.deliver(dt_s, rate) for pump, rate in zip(self._pumps, drive.pump_steps_s, strict=False)
        ]
        air_ul = (0.0, 0.0)
        if self._bottles.are_watched or drive.running_out:
            airs_ul = self._bottles.take(drive.running_out, streams_ul)
            for axis, each_ul in enumerate(airs_ul):
                streams_ul[axis] -= each_ul
                self._air_ul[axis] += each_ul
            count, kept = len(self._layout.first), 1.0 - drive.lost_share
            air_ul = (kept * _total(airs_ul[:count]), kept * _total(airs_ul[count:]))
        if drive.lost_share > 0.0:
            for axis, stream_ul in enumerate(streams_ul):
                self._leaked_ul[axis] += drive.lost_share * stream_ul
                streams_ul[axis] = (1.0 - drive.lost_share) * stream_ul
        return streams_ul, air_ul

    def _join(
        self,
        out: MixerOutflow,
        mixer_ul: float,
        second_ul: list[float],
        air_ul: float,
        marks: tuple[float, ...],
    ) -> None:
        """Let the mixer's outflow and the streams that join there enter the reactor."""
        # What left the mixer and is of no stream is air, or the rinse that filled it at first.
        rinse_ul = mixer_ul
        for stream_ul in out.streams_ul:
            rinse_ul -= stream_ul
        own = [out.exposure, self._thermal.mixer_c, *marks]
        inflow = Inflow(out.streams_ul + second_ul, max(rinse_ul, 0.0) + air_ul, own)
        self._history.push(inflow, self._time_s, self._clocks)
        if self._carrier_axis is not None and inflow.volume_ul > 0.0:
            mix = 1.0 - math.exp(-inflow.volume_ul / self._delay_ul)
            self._carrier_share += (_share(inflow, self._carrier_axis) - self._carrier_share) * mix

    def _residence_variance(self) -> float:
        """Take speed and viscosity from the liquid that entered one mean volume ago."""
        history, layout = self._history, self._layout
        entered_ul = history.volume_ul - self._delay_ul
        inflow = history.inflow_at(entered_ul)
        axis = self._polymer_axis
        polymer_kg_m3 = (
            0.0 if axis is None else layout.polymer_kg_m3 * inflow.streams_ul[axis] / inflow.volume_ul
        )
        residence_s = self._time_s - history.crossing_at(entered_ul).time_s
        carrier = _share(inflow, self._carrier_axis)
        return layout.residence_variance(residence_s, self._thermal.reactor_c, polymer_kg_m3, carrier)

    def _passage(self, entered_ul: float, theta: float) -> tuple[float, ...]:
        """Give times in reactor and outlet of what took `theta` mean volumes, and means of what it met."""
        start = self._history.crossing_at(entered_ul)
        reactor_ul = self._layout.geometry.reactor.volume_ul
        end = self._history.crossing_at(entered_ul + reactor_ul * theta)
        reactor_s = end.time_s - start.time_s
        outlet_s = self._time_s - end.time_s
        if reactor_s <= 0.0:
            # Rinse: nothing has happened to it, and nothing that was met could matter.
            return (reactor_s, outlet_s, self._thermal.reactor_c, *((0.0,) * (len(self._clocks) - 1)))
        means = [(after - before) / reactor_s for before, after in zip(start.clocks, end.clocks, strict=True)]
        return (reactor_s, outlet_s, *means)

    def _pressure_kpa(
        self, dt_s: float, first_ul: list[float], mixer_ul: float, total_ul: float, out: MixerOutflow
    ) -> float:
        """At the inlet. Polymer and carrier in the tubes follow those flowing in, as in a stirred volume."""
        layout, thermal, total_ul_s = self._layout, self._thermal, total_ul / dt_s
        geometry, axis = layout.geometry, self._polymer_axis
        if axis is not None:
            self._follow_polymer(first_ul[axis], mixer_ul, out.streams_ul[axis], total_ul)
        drop, polymer, carrier = layout.pressure_drop_kpa, self._reactor_polymer_kg_m3, self._carrier_share
        in_mixer = carrier if self._carrier_passes_mixer else 0.0
        return (
            drop(geometry.mixer, mixer_ul / dt_s, thermal.mixer_c, self._mixer_polymer_kg_m3, in_mixer)
            + drop(geometry.reactor, total_ul_s, thermal.reactor_c, polymer, carrier)
            + drop(geometry.outlet, total_ul_s, thermal.cell_c, polymer, carrier)
        )

    def _follow_polymer(self, fed_ul: float, mixer_ul: float, joined_ul: float, total_ul: float) -> None:
        stock = self._layout.polymer_kg_m3
        if mixer_ul > 0.0:
            mix = 1.0 - math.exp(-mixer_ul / self._layout.geometry.mixer.volume_ul)
            self._mixer_polymer_kg_m3 += (stock * fed_ul / mixer_ul - self._mixer_polymer_kg_m3) * mix
        if total_ul > 0.0:
            mix = 1.0 - math.exp(-total_ul / self._delay_ul)
            self._reactor_polymer_kg_m3 += (stock * joined_ul / total_ul - self._reactor_polymer_kg_m3) * mix


def _sensor_line(process: Process, seed: int, parcels: Callable[[], Parcels]) -> SensorLine | None:
    sensor = process.layout.sensor
    if sensor is None:
        return None
    if not isinstance(process, SensedProcess):
        raise PlantError(f"{type(process).__name__} has an in-line sensor: give it a method 'reading'")
    return SensorLine(sensor, seed, lambda: process.reading(parcels()))


def _total(volumes_ul: list[float]) -> float:
    """Add in order: sum() rounds differently from one version of Python to the next."""
    total_ul = 0.0
    for volume_ul in volumes_ul:
        total_ul += volume_ul
    return total_ul


def _fractions(inflow: Inflow, carrier_axis: int | None) -> list[float]:
    """Of the liquid; all 0 where there is none."""
    volume_ul = inflow.volume_ul
    if carrier_axis is None:
        return [stream_ul / volume_ul for stream_ul in inflow.streams_ul]
    liquid_ul = volume_ul - inflow.streams_ul[carrier_axis]
    if liquid_ul <= 0.0:
        return [0.0] * len(inflow.streams_ul)
    shares = [stream_ul / liquid_ul for stream_ul in inflow.streams_ul]
    shares[carrier_axis] = 0.0
    return shares


def _share(inflow: Inflow, axis: int | None) -> float:
    """Share that one stream has of the volume; 0 of no stream."""
    return 0.0 if axis is None else inflow.streams_ul[axis] / inflow.volume_ul


def _check(drive: Drive, pumps: int) -> None:
    """Refuse what no board could do. Comparisons are written so that NaN fails."""
    rates, duties = drive.pump_steps_s, drive.heater_duty
    if len(rates) < pumps or len(duties) < HEATERS:
        needed = f"this plant has {pumps} and {HEATERS}"
        raise PlantError(f"drive has {len(rates)} pumps and {len(duties)} heaters: {needed}")
    # Loops: all() over a generator costs thrice as much, and this runs every step.
    for rate in (*rates, *drive.frequency_hz):
        if not 0.0 <= rate < math.inf:
            text = f"pump rates {rates} steps/s and frequencies {drive.frequency_hz} Hz"
            raise PlantError(f"{text} must be finite and not negative")
    for duty in (*duties, *drive.duty, drive.lamp_duty):
        if not 0.0 <= duty <= 1.0:
            text = f"heater duties {duties}, duties {drive.duty} and lamp duty {drive.lamp_duty}"
            raise PlantError(f"{text} must lie in 0 to 1")
    if not (0.0 < drive.resistance < math.inf and 0.0 <= drive.lost_share <= 1.0):
        tubing = f"resistance {drive.resistance} and share lost {drive.lost_share}"
        raise PlantError(f"{tubing}: the first must be above 0 and finite, the second lie in 0 to 1")
