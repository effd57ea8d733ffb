"""Seeded silver nanoprisms in a two-stage microreactor: the plant behind the simulated board.

Silver nitrate, PVA, citrate and seeds meet at the first junction and pass the mixer (heater 0), where caps
adsorb and nothing reduces; the reductant joins at the second junction, before the reactor (heater 1). After
Mekki-Berrada et al., npj Comput. Mater. 7, 55 (2021); equations in docs/twins/silver.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from firmware_bridge.simulator.chemistry.growth import Passage
from firmware_bridge.simulator.chemistry.rates import adsorption_per_s
from firmware_bridge.simulator.chemistry.streams import STREAMS
from firmware_bridge.simulator.interfaces import Sensed
from firmware_bridge.simulator.optics.lamp import Lamp, LampParameters
from firmware_bridge.simulator.optics.population import PopulationOptics
from firmware_bridge.simulator.optics.spectrometer import MOST_SCANS, Spectrometer, SpectrometerParameters
from firmware_bridge.simulator.plant import residence
from firmware_bridge.simulator.plant.errors import PlantError
from firmware_bridge.simulator.plant.facts import RigFacts
from firmware_bridge.simulator.plant.heat import Thermal
from firmware_bridge.simulator.plant.history import Inflow, ReactorHistory
from firmware_bridge.simulator.plant.hydraulics import MOST_VARIANCE, pressure_drop_kpa, residence_variance
from firmware_bridge.simulator.plant.mixer import MixerLine
from firmware_bridge.simulator.plant.nanoprism_model import NanoprismModel
from firmware_bridge.simulator.plant.noise import NormalStream, generator
from firmware_bridge.simulator.plant.pumps import NOMINAL_STEPS_PER_UL, Pump, draw_character

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware_bridge.simulator.interfaces import Drive
    from firmware_bridge.simulator.plant.mixer import MixerOutflow
    from firmware_bridge.simulator.plant.nanoprism_model import Conditions, SteadyState

HEATERS: Final = 2
SAFE_PRESSURE_KPA: Final = 400.0
"""Of the fittings; the published flows stay below half of it."""
SAFE_TEMPERATURE_C: Final = 85.0
"""Of liquid that must not boil in the flow cell."""
LONGEST_STEP_S: Final = 10.0
LONGEST_EXPOSURE_S: Final = 60.0
_PRESSURE_NOISE_KPA: Final = 0.2


class NanoprismPlant:
    """One rig with its own pump errors and noise. Equal seeds and equal calls give equal bits."""

    def __init__(self, seed: int) -> None:
        self._spectrometer = Spectrometer(SpectrometerParameters(), generator(seed, "spectrometer"))
        self._model = NanoprismModel(PopulationOptics(self._spectrometer.wavelengths_nm))
        geometry = self._model.geometry
        self._pumps = tuple(Pump(draw_character(seed, axis)) for axis in range(len(STREAMS)))
        self._thermal = Thermal(self._model.thermal, seed)
        self._lamp = Lamp(LampParameters(), NormalStream(seed, "lamp").draw)
        self._pressure_noise = NormalStream(seed, "pressure sensor")
        self._mixer = MixerLine(geometry.mixer.volume_ul)
        self._delay_ul = geometry.dispersing.volume_ul
        self._history = ReactorHistory(
            self._delay_ul * residence.longest(MOST_VARIANCE), self._model.thermal.ambient_c
        )
        self._time_s = 0.0
        self._heat_clock = 0.0
        self._adsorption_clock = 0.0
        self._mixer_pva_kg_m3 = 0.0
        self._reactor_pva_kg_m3 = 0.0
        self._transmission: NDArray[np.float64] | None = None

    @property
    def wavelengths_nm(self) -> NDArray[np.float64]:
        return self._spectrometer.wavelengths_nm

    @property
    def facts(self) -> RigFacts:
        """What a rig file has to say about this plant."""
        geometry = self._model.geometry
        return RigFacts(
            pumps=STREAMS,
            steps_per_ul=NOMINAL_STEPS_PER_UL,
            mixer_volume_ul=geometry.mixer.volume_ul,
            reactor_volume_ul=geometry.reactor.volume_ul,
            outlet_volume_ul=geometry.outlet.volume_ul,
            path_mm=geometry.path_mm,
            safe_pressure_kpa=SAFE_PRESSURE_KPA,
            safe_temperature_c=SAFE_TEMPERATURE_C,
        )

    @property
    def dosed_ul(self) -> tuple[float, ...]:
        """True volume that each pump has delivered, in the order of STREAMS."""
        return tuple(pump.dosed_ul for pump in self._pumps)

    def steady(self, conditions: Conditions) -> SteadyState:
        """Find the noise-free steady state of one condition, with pumps that deliver what they are asked."""
        return self._model.steady(conditions)

    def advance(self, dt_s: float, drive: Drive) -> Sensed:
        """Move the plant by `dt_s`; a sixth pump is not piped. Raises PlantError for an impossible drive."""
        _check(dt_s, drive)
        kept = 1.0 - drive.lost_share
        silver_ul, pva_ul, citrate_ul, seed_ul, reductant_ul = (
            kept * pump.deliver(dt_s, rate)
            for pump, rate in zip(self._pumps, drive.pump_steps_s, strict=False)
        )
        mixer_ul = silver_ul + pva_ul + citrate_ul + seed_ul
        thermal = self._thermal
        thermal.advance(dt_s, drive.heater_duty, mixer_ul / dt_s, reductant_ul / dt_s)
        self._time_s += dt_s
        self._heat_clock += thermal.reactor_c * dt_s
        self._adsorption_clock += adsorption_per_s(self._model.rates, thermal.mixer_c) * dt_s
        out = self._mixer.push(silver_ul, pva_ul, citrate_ul, seed_ul, self._adsorption_clock)
        self._join(out, mixer_ul, reductant_ul)
        self._lamp.advance(dt_s, drive.lamp_duty)
        self._transmission = None
        clean_kpa = self._pressure_kpa(dt_s, mixer_ul, pva_ul, mixer_ul + reductant_ul, out.pva_ul)
        pressure_kpa = drive.resistance * clean_kpa
        return Sensed(
            temperatures_c=thermal.read(),
            pressures_kpa=(max(pressure_kpa + _PRESSURE_NOISE_KPA * self._pressure_noise.draw(), 0.0), 0.0),
            stop_pressed=False,
        )

    def expose(self, integration_s: float, scans: int) -> NDArray[np.float64]:
        """Mean detector counts of `scans` exposures that end now, shape (pixels,).

        The liquid is taken as standing still during the exposure.
        """
        if not 0.0 < integration_s <= LONGEST_EXPOSURE_S:
            raise PlantError(
                f"an exposure of {integration_s} s must last above 0 and up to {LONGEST_EXPOSURE_S} s"
            )
        if not 1 <= scans <= MOST_SCANS:
            raise PlantError(f"{scans} scans: take 1 to {MOST_SCANS}")
        if self._transmission is None:
            self._transmission = np.power(10.0, -self.absorbance())
        return self._spectrometer.expose(self._transmission, self._lamp.output, integration_s, scans)

    def absorbance(self) -> NDArray[np.float64]:
        """Give the true decadic absorbance in the flow cell now, shape (pixels,)."""
        theta, weight = residence.quadrature(self._residence_variance())
        parcels = np.array([self._parcel(share) for share in theta.tolist()])
        mixer_c, exposure, reactor_s, reactor_c, outlet_s = parcels[:, len(STREAMS) :].T
        passage = Passage(
            mixer_c=mixer_c,
            adsorption_exposure=exposure,
            reactor_s=reactor_s,
            reactor_c=reactor_c,
            outlet_s=outlet_s,
            outlet_c=np.full(theta.shape, self._thermal.cell_c),
        )
        return self._model.view(parcels[:, : len(STREAMS)], passage, weight).absorbance

    def _join(self, out: MixerOutflow, mixer_ul: float, reductant_ul: float) -> None:
        """Let the mixer's outflow and the reductant enter the reactor."""
        # What left the mixer and is of no stream is the water that filled it at first.
        water_ul = max(mixer_ul - out.silver_ul - out.pva_ul - out.citrate_ul - out.seed_ul, 0.0)
        inflow = Inflow(
            silver_ul=out.silver_ul,
            pva_ul=out.pva_ul,
            citrate_ul=out.citrate_ul,
            seed_ul=out.seed_ul,
            reductant_ul=reductant_ul,
            water_ul=water_ul,
            exposure=out.exposure,
            mixer_c=self._thermal.mixer_c,
        )
        self._history.push(inflow, self._time_s, self._heat_clock)

    def _residence_variance(self) -> float:
        """Take speed and viscosity from the liquid that entered one mean volume ago."""
        history = self._history
        entered_ul = history.volume_ul - self._delay_ul
        inflow = history.inflow_at(entered_ul)
        pva_kg_m3 = self._model.stocks.pva_kg_m3 * inflow.pva_ul / inflow.volume_ul
        residence_s = self._time_s - history.crossing_at(entered_ul).time_s
        return residence_variance(
            self._model.geometry.dispersing, residence_s, self._thermal.reactor_c, pva_kg_m3
        )

    def _parcel(self, theta: float) -> tuple[float, ...]:
        """Look up the liquid that took `theta` mean volumes to come: 5 fractions, then 5 of its Passage."""
        history, total_ul = self._history, self._history.volume_ul
        entered_ul = total_ul - self._delay_ul * theta
        inflow = history.inflow_at(entered_ul)
        start = history.crossing_at(entered_ul)
        end = history.crossing_at(entered_ul + self._model.geometry.reactor.volume_ul * theta)
        reactor_s = end.time_s - start.time_s
        volume_ul = inflow.volume_ul
        return (
            inflow.silver_ul / volume_ul,
            inflow.pva_ul / volume_ul,
            inflow.citrate_ul / volume_ul,
            inflow.seed_ul / volume_ul,
            inflow.reductant_ul / volume_ul,
            inflow.mixer_c,
            inflow.exposure,
            reactor_s,
            (end.heat_clock - start.heat_clock) / reactor_s if reactor_s > 0.0 else self._thermal.reactor_c,
            self._time_s - end.time_s,
        )

    def _pressure_kpa(
        self, dt_s: float, mixer_ul: float, pva_ul: float, total_ul: float, joined_pva_ul: float
    ) -> float:
        """At the inlet. The PVA in mixer and reactor follows that flowing in, as in a stirred volume."""
        geometry, stock = self._model.geometry, self._model.stocks.pva_kg_m3
        if mixer_ul > 0.0:
            mix = 1.0 - math.exp(-mixer_ul / geometry.mixer.volume_ul)
            self._mixer_pva_kg_m3 += (stock * pva_ul / mixer_ul - self._mixer_pva_kg_m3) * mix
        if total_ul > 0.0:
            mix = 1.0 - math.exp(-total_ul / self._delay_ul)
            self._reactor_pva_kg_m3 += (stock * joined_pva_ul / total_ul - self._reactor_pva_kg_m3) * mix
        thermal, total_ul_s = self._thermal, total_ul / dt_s
        reactor_pva = self._reactor_pva_kg_m3
        return (
            pressure_drop_kpa(geometry.mixer, mixer_ul / dt_s, thermal.mixer_c, self._mixer_pva_kg_m3)
            + pressure_drop_kpa(geometry.reactor, total_ul_s, thermal.reactor_c, reactor_pva)
            + pressure_drop_kpa(geometry.outlet, total_ul_s, thermal.cell_c, reactor_pva)
        )


def _check(dt_s: float, drive: Drive) -> None:
    """Refuse what no board could do. Comparisons are written so that NaN fails."""
    if not 0.0 < dt_s <= LONGEST_STEP_S:
        raise PlantError(f"a step of {dt_s} s must last above 0 and up to {LONGEST_STEP_S} s")
    rates, duties = drive.pump_steps_s, drive.heater_duty
    if len(rates) < len(STREAMS) or len(duties) < HEATERS:
        needed = f"this plant has {len(STREAMS)} and {HEATERS}"
        raise PlantError(f"drive has {len(rates)} pumps and {len(duties)} heaters: {needed}")
    if not all(0.0 <= rate < math.inf for rate in rates):
        raise PlantError(f"pump rates {rates} steps/s must be finite and not negative")
    if not (all(0.0 <= duty <= 1.0 for duty in duties) and 0.0 <= drive.lamp_duty <= 1.0):
        raise PlantError(f"heater duties {duties} and lamp duty {drive.lamp_duty} must lie in 0 to 1")
    if not (0.0 < drive.resistance < math.inf and 0.0 <= drive.lost_share <= 1.0):
        tubing = f"resistance {drive.resistance} and share lost {drive.lost_share}"
        raise PlantError(f"{tubing}: the first must be above 0 and finite, the second lie in 0 to 1")
