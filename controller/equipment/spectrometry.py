"""Exposures under the right light, turned into what they show; and whether the spectrometer is there."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from controller.domain.commands import ReportDevice
from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import LinkHealth, Spectrum
from controller.equipment.emission import Fluorometer
from controller.equipment.health import LONGEST_PROBLEM, identity_text
from controller.equipment.lights import LAMP_SETTLE_S, OFF, Lights
from controller.sensing.features import absorbance as absorbance_of
from controller.sensing.features import features as features_of
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError, NotReadyError
from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.domain.plan import EmissionPlan, SpectrometerPlan
    from controller.domain.ports import Reactor
    from firmware_bridge.devices.interfaces import Exposure, Spectrometer, SpectrometerIdentity

_LATE_POLL_S = 0.05
_LATE_POLLS = 40
_LONGEST_INTEGRATION_S = 10.0
_MOST_SCANS = 1000
_WATCH_EVERY_S = 1.0
"""On the wall clock: between two looks at a spectrometer that is not exposed."""


class Spectrometry:
    """One spectrometer with its lamp and its newest dark and reference spectra."""

    def __init__(self, reactor: Reactor, plan: SpectrometerPlan, connect: Callable[[], Spectrometer]) -> None:
        self._reactor = reactor
        self._plan = plan
        self._connect = connect
        self._device: Spectrometer | None = None
        self._identity: SpectrometerIdentity | None = None
        self._busy = asyncio.Lock()
        self._problem: str | None = None
        self._told: tuple[int, bool] | None = None
        self.dark: Spectrum | None = None
        self.reference: Spectrum | None = None
        self._fluorometer = None if plan.emission is None else Fluorometer(plan.emission, plan.lamp)

    async def acquire(
        self, kind: str, *, integration_s: float | None, scans: int | None, actor: str, lease: str
    ) -> Spectrum:
        """Expose; see `domain.ports.Reactor.acquire`."""
        lights = Lights(self._reactor, actor, lease)
        if kind == "emission":
            return await self._emission(lights, integration_s, scans)
        exposure_s, count = _exposure(self._plan, integration_s, scans)
        async with self._busy, self._reactor.clock.participate():
            spectrum = self._judge(kind, await self._under_lamp(lights, kind, exposure_s, count))
        if kind == "dark":
            self.dark = spectrum
        elif kind == "reference":
            self.reference = spectrum
        return spectrum

    @property
    def identity(self) -> SpectrometerIdentity | None:
        """What it said of itself; None before it has answered."""
        return self._identity

    @property
    def health(self) -> LinkHealth:
        """Whether it answers: connecting, before it was asked, then ready or lost."""
        state = "connecting" if self._problem is None else "lost" if self._problem else "ready"
        known = self._identity
        told = "" if known is None else identity_text(known.model, known.serial_number)
        return LinkHealth(self._plan.device, state, problem=self._problem or "", identity=told)

    async def watch(self) -> None:
        """Ask between exposures whether it is there, and tell control; never returns."""
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            if not self._busy.locked():
                await self.look()

    async def look(self) -> None:
        """Ask once, and tell control what has changed."""
        async with self._busy:
            try:
                self._identity = await asyncio.to_thread(self._connected().identify)
                self._problem = ""
            except BridgeError as error:
                self._lose(error)
        await self._report()

    async def put_out(self) -> None:
        """Put out the diode that a dead service left on; ControllerError where control refuses."""
        plan, lights = self._plan.emission, Lights(self._reactor, "ostwaldd", "")
        if plan is not None and lights.level(plan.excitation) != OFF:
            await lights.put(plan.excitation, OFF)

    def close(self) -> None:
        """Let go of the device."""
        if self._device is not None:
            self._device.close()
            self._device = None

    def _connected(self) -> Spectrometer:
        if self._device is None:
            self._device = self._connect()
        return self._device

    def _lose(self, error: BridgeError) -> None:
        self._problem = str(error)[:LONGEST_PROBLEM] or "it does not answer"
        self.close()

    async def _report(self) -> None:
        """Tell control, once a boot and whenever it changes; when control is gone, the next look does."""
        try:
            now = (self._reactor.snapshot().boot_id, bool(self._problem))
            if now != self._told:
                await self._reactor.request(ReportDevice(self._plan.device, now[1]), actor="ostwaldd")
                self._told = now
        except ControllerError as error:
            if error.kind is not Kind.UNAVAILABLE:
                raise

    async def _emission(self, lights: Lights, integration_s: float | None, scans: int | None) -> Spectrum:
        plan = self._plan.emission
        if plan is None or self._fluorometer is None:
            raise ControllerError(
                "this rig has no diode to see emission under",
                reason="NO_EMISSION",
                kind=Kind.REFUSED,
                remedy="declare one in [spectrometer.emission] of the rig file",
            )
        exposure_s, count = _exposure(plan, integration_s, scans)
        async with self._busy, self._reactor.clock.participate():
            return self._warn(await self._fluorometer.take(lights, self._expose, exposure_s, count))

    async def _under_lamp(self, lights: Lights, kind: str, integration_s: float, scans: int) -> Spectrum:
        """Expose with the lamp on, or for a dark with it off, after which it is as it was."""
        lamp = self._plan.lamp
        if kind != "dark":
            await lights.turn(lamp, self._plan.lamp_level)
            return await self._expose(kind, integration_s, scans)
        before = await lights.turn(lamp, OFF)
        try:
            dark = await self._expose(kind, integration_s, scans)
        finally:
            await lights.put(lamp, before)
        if before != OFF:
            # Whoever takes a spectrum next finds it lit, and does not wait.
            await self._reactor.clock.sleep(LAMP_SETTLE_S)
        return dark

    async def _expose(self, kind: str, integration_s: float, scans: int) -> Spectrum:
        try:
            device = self._connected()
            self._identity = await asyncio.to_thread(device.identify)
            exposure = await self._start(device, integration_s, scans)
            await self._reactor.clock.sleep(exposure.ready_in_s)
            counts = await self._fetch(device, exposure)
            self._problem = ""
        except BridgeError as error:
            self._lose(error)
            await self._report()
            raise ControllerError(
                f"the spectrometer does not answer: {error}",
                reason="SPECTROMETER_UNREACHABLE",
                kind=Kind.UNAVAILABLE,
                remedy="check its cable and its url in the rig file",
            ) from error
        now = self._reactor.snapshot()
        return Spectrum(
            spectrum_id=uuid.uuid4().hex,
            kind=kind,
            boot_id=now.boot_id,
            time_s=now.time_s,
            integration_s=integration_s,
            scans=scans,
            wavelengths_nm=tuple(self._identity.wavelengths_nm),
            counts=tuple(float(count) for count in counts),
        )

    async def _start(self, device: Spectrometer, integration_s: float, scans: int) -> Exposure:
        try:
            return await asyncio.to_thread(device.start, integration_s, scans)
        except NoAnswerError:
            raise
        except DeviceError as error:
            raise ControllerError(
                f"the spectrometer does not expose: {error}",
                reason="EXPOSURE_REFUSED",
                remedy="ask for another integration time or number of scans",
            ) from error

    async def _fetch(self, device: Spectrometer, exposure: Exposure) -> Sequence[int]:
        for _ in range(_LATE_POLLS):
            try:
                return await asyncio.to_thread(device.fetch, exposure)
            except NotReadyError:
                await self._reactor.clock.sleep(_LATE_POLL_S)
        raise BridgeError("an exposure never ended")

    def _judge(self, kind: str, raw: Spectrum) -> Spectrum:
        """Add absorbance and features where dark and reference allow it."""
        if kind != "sample" or self.dark is None or self.reference is None:
            return raw
        sample, dark, reference = (np.asarray(each.counts) for each in (raw, self.dark, self.reference))
        wavelengths_nm = np.asarray(raw.wavelengths_nm)
        absorbance = absorbance_of(sample, dark, reference)
        window_nm = (self._plan.low_nm, self._plan.high_nm)
        features, warnings = features_of(wavelengths_nm, absorbance, window_nm)
        shown = tuple(float(value) for value in absorbance)
        return self._warn(replace(raw, absorbance=shown, features=features, warnings=warnings))

    def _warn(self, spectrum: Spectrum) -> Spectrum:
        """Say first of all where the detector had no more to give."""
        assert self._identity is not None
        if max(spectrum.counts) < self._identity.max_counts:
            return spectrum
        return replace(spectrum, warnings=("saturated", *spectrum.warnings))


def _exposure(
    plan: SpectrometerPlan | EmissionPlan, asked_s: float | None, asked_scans: int | None
) -> tuple[float, int]:
    """Return integration time and scans: as asked, else as the rig says."""
    integration_s = plan.integration_s if asked_s is None else asked_s
    scans = plan.scans if asked_scans is None else asked_scans
    if not 0.0 < integration_s <= _LONGEST_INTEGRATION_S or not 1 <= scans <= _MOST_SCANS:
        raise ControllerError(
            f"{scans} scans of {integration_s:g} s can't be exposed",
            reason="EXPOSURE_OUT_OF_RANGE",
            remedy=f"take 1 to {_MOST_SCANS} scans of up to {_LONGEST_INTEGRATION_S:g} s",
        )
    return integration_s, scans
