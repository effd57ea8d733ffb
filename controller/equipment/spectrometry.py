"""Exposures with the lamp as it should be, turned into absorbance; and whether the spectrometer is there."""

from __future__ import annotations

import asyncio
import uuid
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from controller.domain.commands import ReportDevice
from controller.domain.errors import ControllerError, Kind
from controller.domain.readings import LinkHealth, Spectrum
from controller.equipment.health import LONGEST_PROBLEM, identity_text
from controller.sensing.features import absorbance as absorbance_of
from controller.sensing.features import features as features_of
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError, NotReadyError
from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.domain.plan import SpectrometerPlan
    from controller.domain.ports import Reactor
    from firmware_bridge.devices.interfaces import Exposure, Spectrometer, SpectrometerIdentity

_LAMP_SETTLE_S = 1.0
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

    async def acquire(
        self, kind: str, *, integration_s: float | None, scans: int | None, actor: str, lease: str
    ) -> Spectrum:
        """Expose; see `domain.ports.Reactor.acquire`."""
        exposure_s = self._plan.integration_s if integration_s is None else integration_s
        count = self._plan.scans if scans is None else scans
        _check(exposure_s, count)
        async with self._busy, self._reactor.clock.participate():
            lamp = await self._light(0.0 if kind == "dark" else self._plan.lamp_level, actor, lease)
            try:
                spectrum = self._judge(kind, await self._expose(kind, exposure_s, count))
            finally:
                if kind == "dark":
                    await self._reactor.set({self._plan.lamp: lamp}, actor=actor, lease=lease)
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

    async def _light(self, level: float, actor: str, lease: str) -> float:
        """Set the lamp and let it settle; return what it was."""
        channels = [channel.name for channel in self._reactor.plan.channels]
        before = self._reactor.snapshot().setpoints[channels.index(self._plan.lamp)]
        if before != level:
            await self._reactor.set({self._plan.lamp: level}, actor=actor, lease=lease)
            await self._reactor.clock.sleep(_LAMP_SETTLE_S)
        return before if isfinite(before) else 0.0

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
        assert self._identity is not None
        if float(sample.max()) >= self._identity.max_counts:
            warnings = ("saturated", *warnings)
        return Spectrum(
            spectrum_id=raw.spectrum_id,
            kind=kind,
            boot_id=raw.boot_id,
            time_s=raw.time_s,
            integration_s=raw.integration_s,
            scans=raw.scans,
            wavelengths_nm=raw.wavelengths_nm,
            counts=raw.counts,
            absorbance=tuple(float(value) for value in absorbance),
            features=features,
            warnings=warnings,
        )


def _check(integration_s: float, scans: int) -> None:
    if not 0.0 < integration_s <= _LONGEST_INTEGRATION_S or not 1 <= scans <= _MOST_SCANS:
        raise ControllerError(
            f"{scans} scans of {integration_s:g} s can't be exposed",
            reason="EXPOSURE_OUT_OF_RANGE",
            remedy=f"take 1 to {_MOST_SCANS} scans of up to {_LONGEST_INTEGRATION_S:g} s",
        )
