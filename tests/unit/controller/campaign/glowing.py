"""A simulated rig whose product glows under a diode and passes an in-line sensor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from controller.domain.plan import ChannelPlan, EmissionPlan
from controller.domain.readings import EmissionFeatures, Quality, Spectrum
from tests.unit.controller.campaign.simulated_rig import BOOT, PLAN, SimulatedRig

if TYPE_CHECKING:
    from pathlib import Path

NM = tuple(np.linspace(400.0, 800.0, 401))
DIODE = ChannelPlan("diode", "board", "duty.0", "%", 0.0, 100.0, safe_value=0.0)
SENSOR = ChannelPlan("sensor.impedance", "board", "pressure.1", "ohm", 0.0, 2000.0)
EMISSION = EmissionPlan(
    "diode", 60.0, 0.1, 16, 450.0, 700.0, excitation_nm=420.0, yield_factor=1e-6
)  # fmt: skip
assert PLAN.spectrometer is not None
GLOWING = replace(
    PLAN,
    channels=(*PLAN.channels, DIODE, SENSOR),
    spectrometer=replace(PLAN.spectrometer, emission=EMISSION),
)


class GlowingRig(SimulatedRig):
    """`absorbed` is the absorbance at every wavelength, `glow` the counts a second from 500 to 600 nm."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, GLOWING)
        self.absorbed, self.glow, self.shown_nm = 0.3, 2e4, 550.0
        self.taken: list[str] = []
        self.qualities: list[Quality] = []
        spectrometry: Any = self
        self.reactor.spectrometry = spectrometry
        read = self.hardware.read
        index = [each.name for each in GLOWING.channels].index(SENSOR.name)

        def judged(now_s: float, *, service_alive: bool) -> Any:
            inputs = read(now_s, service_alive=service_alive)
            if not self.qualities:
                return inputs
            found = list(inputs.qualities)
            found[index] = int(self.qualities[0] if len(self.qualities) == 1 else self.qualities.pop(0))
            return replace(inputs, qualities=tuple(found))

        self.hardware.read = judged  # type: ignore[method-assign, assignment]

    async def acquire(self, kind: str, **_who_and_how: object) -> Spectrum:
        self.taken.append(kind)
        await self.clock.sleep(2.0)
        spectrum = Spectrum(
            f"s{len(self.taken)}", kind, BOOT, self.clock.now_s(), 0.1, 4, NM, (9.0,) * len(NM)
        )
        if kind == "sample":
            return replace(spectrum, absorbance=(self.absorbed,) * len(NM))
        nm = np.asarray(NM)
        emission = tuple(np.where((nm >= 500.0) & (nm <= 600.0), self.glow, 0.0).tolist())
        features = EmissionFeatures(self.shown_nm, 2.25, 100.0, self.glow)
        return replace(spectrum, emission=emission, features=features)
