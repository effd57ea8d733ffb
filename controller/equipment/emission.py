"""Emission of what is in the cell: the lamp off, a diode on while it is exposed, a dark taken away.

However an exposure ends, the diode is out and the lamp as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from controller.equipment.lights import LAMP_SETTLE_S, OFF
from controller.sensing.features import emission as emission_of
from controller.sensing.features import emission_features

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from controller.domain.plan import EmissionPlan
    from controller.domain.readings import Spectrum
    from controller.equipment.lights import Lights

    Expose = Callable[[str, float, int], Awaitable[Spectrum]]

_DARK_LASTS_S: Final = 600.0
"""A detector's dark counts drift with its temperature: by then, a new dark is due."""


class Fluorometer:
    """Takes emission spectra. Keeps the newest dark, which holds for exposures of its integration time."""

    def __init__(self, plan: EmissionPlan, lamp: str) -> None:
        self._plan = plan
        self._lamp = lamp
        self._dark: Spectrum | None = None

    async def take(self, lights: Lights, expose: Expose, integration_s: float, scans: int) -> Spectrum:
        """Expose and read the features; `expose` takes a kind, seconds and a number of scans.

        Raises what the reactor and the spectrometer do.
        """
        lamp = await lights.turn(self._lamp, OFF)
        try:
            dark = await self._dark_for(lights, expose, integration_s, scans)
            raw = await self._lit(lights, expose, integration_s, scans)
        finally:
            await lights.put(self._lamp, lamp)
        if lamp != OFF:
            # Whoever takes a sample next finds it lit, and does not wait.
            await lights.reactor.clock.sleep(LAMP_SETTLE_S)
        return self._judge(raw, dark)

    async def _lit(self, lights: Lights, expose: Expose, integration_s: float, scans: int) -> Spectrum:
        plan = self._plan
        try:
            await lights.turn(plan.excitation, plan.level, plan.settle_s)
            return await expose("emission", integration_s, scans)
        finally:
            await lights.put(plan.excitation, OFF)

    async def _dark_for(self, lights: Lights, expose: Expose, integration_s: float, scans: int) -> Spectrum:
        now, dark = lights.reactor.snapshot(), self._dark
        fits = (
            dark is not None
            and dark.boot_id == now.boot_id
            and now.time_s - dark.time_s <= _DARK_LASTS_S
            and dark.integration_s == integration_s
            and dark.scans >= scans
        )
        if dark is None or not fits:
            await lights.turn(self._plan.excitation, OFF, self._plan.settle_s)
            dark = self._dark = await expose("dark", integration_s, scans)
        return dark

    def _judge(self, raw: Spectrum, dark: Spectrum) -> Spectrum:
        per_s = emission_of(np.asarray(raw.counts), np.asarray(dark.counts), raw.integration_s)
        window_nm = (self._plan.low_nm, self._plan.high_nm)
        features, warnings = emission_features(np.asarray(raw.wavelengths_nm), per_s, window_nm)
        emission = tuple(float(value) for value in per_s)
        return replace(raw, emission=emission, features=features, warnings=warnings)
