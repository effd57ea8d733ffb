"""Exposures: the lamp as it should be, dark and reference before a sample, and what went wrong in words."""

from __future__ import annotations

from array import array
from contextlib import asynccontextmanager
from math import isfinite
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from controller.domain.errors import ControllerError, Kind
from controller.equipment.spectrometry import Spectrometry
from firmware_bridge.devices.interfaces import Exposure, NoAnswerError, NotReadyError, SpectrometerIdentity
from tests.unit.controller.campaign.simulated_rig import PLAN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from controller.domain.readings import Spectrum

NM = np.linspace(400.0, 800.0, 401)
IDENTITY = SpectrometerIdentity("Eye", "7", array("d", NM), 65535, 0.001, 1.0)
DARK = 100


class Bench:
    """Lamp, cuvette and spectrometer. `absorbance` is what stands in the light."""

    def __init__(self) -> None:
        self.plan = PLAN
        self.clock: Any = self
        self.time_s = 0.0
        self.lamp = 80.0
        self.lamps: list[float] = []
        self.participants = 0
        self.slept_s: list[float] = []
        self.absorbance = np.zeros_like(NM)
        self.brightness = 40_000.0
        self.late = 0
        self.error: Exception | None = None
        self.connected = 0
        assert PLAN.spectrometer is not None
        self.spectrometry = Spectrometry(self, PLAN.spectrometer, self._connect)  # type: ignore[arg-type]

    # The reactor's side.
    def snapshot(self) -> Any:
        channels = [self.lamp if each.name == "lamp.power" else 0.0 for each in PLAN.channels]
        return SimpleNamespace(boot_id=7, time_s=self.time_s, setpoints=channels)

    async def set(self, targets: Mapping[str, float], *, actor: str, lease: str) -> None:
        assert (actor, lease) == ("run r1", "secret")
        self.lamp = targets["lamp.power"]
        self.lamps.append(self.lamp)

    async def request(self, command: object, **_who: str) -> None:
        """Control is told of the device; test_spectrometer_watch asks what."""

    async def sleep(self, duration_s: float) -> None:
        assert self.participants == 1, "who sleeps on the reactor's time takes part in it"
        self.slept_s.append(duration_s)
        self.time_s += duration_s

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        self.participants += 1
        try:
            yield
        finally:
            self.participants -= 1

    # The instrument's side.
    def _connect(self) -> Any:
        self.connected += 1
        return self

    def identify(self) -> SpectrometerIdentity:
        if self.error is not None:
            raise self.error
        return IDENTITY

    def start(self, integration_s: float, scans: int) -> Exposure:
        return Exposure(1, integration_s * scans)

    def fetch(self, _exposure: Exposure) -> array[int]:
        if self.late:
            self.late -= 1
            raise NotReadyError(0.05)
        light = self.brightness * self.lamp / 80.0 * 10.0**-self.absorbance
        return array("i", (int(each) for each in np.minimum(DARK + light, 65535)))

    def close(self) -> None:
        """Nothing is held."""

    async def acquire(
        self, kind: str, integration_s: float | None = None, scans: int | None = None
    ) -> Spectrum:
        return await self.spectrometry.acquire(
            kind, integration_s=integration_s, scans=scans, actor="run r1", lease="secret"
        )

    async def calibrate(self) -> None:
        await self.acquire("dark")
        await self.acquire("reference")

    def put_in(self, centre_nm: float, height: float = 0.8) -> None:
        self.absorbance = height * np.exp(-(((NM - centre_nm) / 40.0) ** 2))


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def refusal(asked) -> ControllerError:
    with pytest.raises(ControllerError) as refused:
        await asked
    return refused.value


async def test_a_dark_is_taken_without_light_and_the_lamp_is_as_it_was_after(bench: Bench) -> None:
    dark = await bench.acquire("dark")
    assert set(dark.counts) == {float(DARK)}
    assert bench.lamps == [0.0, 80.0]
    assert bench.spectrometry.dark == dark
    assert dark.absorbance == ()


async def test_who_takes_a_spectrum_after_a_dark_finds_the_lamp_settled(bench: Bench) -> None:
    """Bright again at once, a lamp would still warm up through the reference: the baseline would be off."""
    await bench.acquire("dark")
    assert bench.lamps == [0.0, 80.0]
    assert bench.slept_s[-1] >= 3.0
    bench.lamp, bench.slept_s = 0.0, []
    await bench.acquire("dark")
    assert max(bench.slept_s) < 3.0, "a lamp that was off has nothing to settle"


async def test_the_lamp_comes_back_though_the_dark_failed(bench: Bench) -> None:
    bench.error = NoAnswerError("no answer")
    await refusal(bench.acquire("dark"))
    assert bench.lamps == [0.0, 80.0]
    assert bench.participants == 0


async def test_a_lamp_that_is_off_is_lit_for_a_reference_and_settles_first(bench: Bench) -> None:
    bench.lamp = 0.0
    reference = await bench.acquire("reference")
    assert bench.lamps == [80.0]
    assert bench.slept_s[0] >= 1.0, "the lamp settles before the exposure"
    assert min(reference.counts) > DARK


async def test_a_lamp_that_burns_already_is_left_alone(bench: Bench) -> None:
    await bench.acquire("reference")
    assert bench.lamps == []


async def test_a_sample_shows_its_peak_once_dark_and_reference_are_there(bench: Bench) -> None:
    bench.put_in(560.0)
    early = await bench.acquire("sample")
    assert (early.absorbance, early.features) == ((), None)
    bench.absorbance = np.zeros_like(NM)
    await bench.calibrate()
    bench.put_in(560.0)
    sample = await bench.acquire("sample")
    assert sample.properties()["peak_wavelength"] == pytest.approx(560.0, abs=1.0)
    assert max(value for value in sample.absorbance if isfinite(value)) == pytest.approx(0.8, abs=0.01)
    assert sample.warnings == ()
    assert (sample.kind, sample.boot_id, sample.scans) == ("sample", 7, 4)


async def test_the_newest_dark_and_reference_count(bench: Bench) -> None:
    await bench.calibrate()
    bench.brightness = 20_000.0
    bench.put_in(560.0)
    dimmer = await bench.acquire("sample")
    bench.absorbance = np.zeros_like(NM)
    await bench.acquire("reference")
    bench.put_in(560.0)
    renewed = await bench.acquire("sample")
    assert np.nanmax(renewed.absorbance) == pytest.approx(0.8, abs=0.01)
    assert np.nanmax(dimmer.absorbance) == pytest.approx(0.8 + np.log10(2.0), abs=0.01)


async def test_a_saturated_sample_says_so(bench: Bench) -> None:
    await bench.calibrate()
    bench.brightness = 90_000.0
    assert "saturated" in (await bench.acquire("sample")).warnings


async def test_an_exposure_takes_the_time_that_its_scans_need(bench: Bench) -> None:
    await bench.acquire("reference", integration_s=0.5, scans=6)
    assert bench.slept_s == [3.0]


async def test_an_exposure_that_is_late_is_waited_for(bench: Bench) -> None:
    bench.late = 5
    await bench.acquire("reference")
    assert bench.slept_s[1:] == [0.05] * 5


async def test_an_exposure_that_never_ends_is_given_up(bench: Bench) -> None:
    bench.late = 10_000
    error = await refusal(bench.acquire("reference"))
    assert (error.reason, error.kind) == ("SPECTROMETER_UNREACHABLE", Kind.UNAVAILABLE)
    assert "an exposure never ended" in error.message
    assert sum(bench.slept_s) < 10.0


async def test_a_spectrometer_that_is_away_is_said_so_and_connected_anew(bench: Bench) -> None:
    bench.error = NoAnswerError("no answer: check the cable")
    error = await refusal(bench.acquire("reference"))
    assert error.reason == "SPECTROMETER_UNREACHABLE"
    assert "no answer: check the cable" in error.message
    bench.error = None
    await bench.acquire("reference")
    assert bench.connected == 2


@pytest.mark.parametrize(
    ("integration_s", "scans"), [(0.0, 1), (-1.0, 1), (10.5, 1), (float("nan"), 1), (0.1, 0), (0.1, 1001)]
)
async def test_an_exposure_is_bounded_before_anything_moves(
    bench: Bench, integration_s: float, scans: int
) -> None:
    error = await refusal(bench.acquire("dark", integration_s, scans))
    assert error.reason == "EXPOSURE_OUT_OF_RANGE"
    assert (bench.lamps, bench.connected) == ([], 0)
