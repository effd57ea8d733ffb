"""Emission: the diode on for one exposure and out after it, the lamp away meanwhile, a dark that fits."""

from __future__ import annotations

from array import array
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from controller.domain.errors import ControllerError, Kind
from controller.domain.plan import ChannelPlan, EmissionPlan
from controller.equipment.spectrometry import Spectrometry
from firmware_bridge.devices.interfaces import Exposure, NoAnswerError, SpectrometerIdentity
from tests.unit.controller.campaign.simulated_rig import PLAN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from controller.domain.readings import EmissionFeatures, Spectrum

NM = np.linspace(400.0, 800.0, 801)
IDENTITY = SpectrometerIdentity("Eye", "7", array("d", NM), 65535, 0.001, 10.0)
DIODE = ChannelPlan("diode", "board", "duty.0", "%", 0.0, 100.0, safe_value=0.0)
EMISSION = EmissionPlan("diode", 60.0, 0.5, 4, 450.0, 700.0, settle_s=2.0)
assert PLAN.spectrometer is not None
SPECTROMETER = replace(PLAN.spectrometer, emission=EMISSION)
BRIGHT_PER_S = 20_000.0


class Cell:
    """A cell that glows at 530 nm under the diode, before a detector whose dark is no line through zero."""

    def __init__(self, plan: Any = SPECTROMETER) -> None:
        self.plan = replace(PLAN, channels=(*PLAN.channels, DIODE), spectrometer=plan)
        self.clock: Any = self
        self.time_s, self.boot_id = 0.0, 7
        self.lights = {"lamp.power": 80.0, "diode": 0.0}
        self.said: list[tuple[str, float] | tuple[str, float, int]] = []
        self.glow = np.exp(-0.5 * ((NM - 530.0) / 15.0) ** 2)
        self.error: Exception | None = None
        self.refusals: dict[tuple[str, float], ControllerError] = {}
        self.spectrometry = Spectrometry(self, plan, lambda: self)  # type: ignore[arg-type]

    def snapshot(self) -> Any:
        setpoints = [self.lights.get(each.name, 0.0) for each in self.plan.channels]
        return SimpleNamespace(boot_id=self.boot_id, time_s=self.time_s, setpoints=setpoints)

    async def set(self, targets: Mapping[str, float], *, actor: str, lease: str) -> None:
        assert (actor, lease) in (("run r1", "secret"), ("ostwaldd", ""))
        (change,) = targets.items()
        if refusal := self.refusals.get(change):
            raise refusal
        self.lights |= targets
        self.said.append(change)

    async def request(self, command: object, **_who: str) -> None:
        """Control is told of the device."""

    async def sleep(self, duration_s: float) -> None:
        self.time_s += duration_s

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[None]:
        yield

    def identify(self) -> SpectrometerIdentity:
        return IDENTITY

    def start(self, integration_s: float, scans: int) -> Exposure:
        self.said.append(("exposed", integration_s, scans))
        if self.error is not None and self.lights["diode"]:
            raise self.error
        self.integration_s = integration_s
        return Exposure(1, integration_s * scans)

    def fetch(self, _exposure: Exposure) -> array[int]:
        dark = 100.0 + 40.0 * self.integration_s
        lit = self.lights["lamp.power"] * 500.0 + self.lights["diode"] / 60.0 * BRIGHT_PER_S * self.glow
        return array("i", (int(each) for each in np.minimum(dark + self.integration_s * lit, 65535)))

    def close(self) -> None:
        """Nothing is held."""

    async def take(self, integration_s: float | None = None, scans: int | None = None) -> Spectrum:
        return await self.spectrometry.acquire(
            "emission", integration_s=integration_s, scans=scans, actor="run r1", lease="secret"
        )

    def exposures(self) -> list[tuple[float, int]]:
        return [(each[1], each[2]) for each in self.said if len(each) == 3]


@pytest.fixture
def cell() -> Cell:
    return Cell()


def features(spectrum: Spectrum) -> EmissionFeatures:
    found: Any = spectrum.features
    return found  # type: ignore[no-any-return]


async def test_the_diode_shines_for_its_exposure_alone_and_the_lamp_comes_back(cell: Cell) -> None:
    await cell.take()
    assert cell.said == [
        ("lamp.power", 0.0),
        ("exposed", 0.5, 4),
        ("diode", 60.0),
        ("exposed", 0.5, 4),
        ("diode", 0.0),
        ("lamp.power", 80.0),
    ]


async def test_emission_is_counts_a_second_without_the_dark_of_that_exposure(cell: Cell) -> None:
    seen = await cell.take()
    assert max(seen.emission) == pytest.approx(BRIGHT_PER_S, rel=1e-3)
    assert seen.emission[0] == pytest.approx(0.0, abs=2.0)
    assert max(seen.counts) == pytest.approx(120.0 + 0.5 * BRIGHT_PER_S, rel=1e-3)
    assert (seen.kind, seen.integration_s, seen.scans, seen.absorbance) == ("emission", 0.5, 4, ())
    assert seen.properties() == pytest.approx(
        {
            "emission_peak": 530.0,
            "emission_energy": 1239.841984 / 530.0,
            "emission_fwhm": 2.3548 * 15.0,
            "emission_intensity": BRIGHT_PER_S,
        },
        rel=2e-3,
    )


async def test_counts_a_second_do_not_depend_on_the_integration_time(cell: Cell) -> None:
    first = await cell.take(integration_s=0.5)
    second = await cell.take(integration_s=2.0)
    assert features(second).intensity_per_s == pytest.approx(features(first).intensity_per_s, rel=1e-3)
    assert second.emission[0] == pytest.approx(0.0, abs=2.0), "a dark of its own, not one that is scaled"


async def test_a_dark_that_fits_is_taken_once(cell: Cell) -> None:
    await cell.take()
    await cell.take()
    assert cell.exposures() == [(0.5, 4)] * 3


async def test_a_dark_of_fewer_scans_or_another_boot_or_long_ago_is_taken_anew(cell: Cell) -> None:
    await cell.take()
    await cell.take(scans=9)
    assert cell.exposures()[2:] == [(0.5, 9)] * 2
    cell.boot_id = 8
    await cell.take()
    assert len(cell.exposures()) == 6
    cell.time_s += 3600.0
    await cell.take()
    assert len(cell.exposures()) == 8


async def test_a_diode_that_was_left_on_is_out_for_the_dark(cell: Cell) -> None:
    cell.lights["diode"] = 60.0
    seen = await cell.take()
    assert max(seen.emission) == pytest.approx(BRIGHT_PER_S, rel=1e-3)
    assert cell.lights["diode"] == 0.0


async def test_a_lamp_that_was_off_stays_off(cell: Cell) -> None:
    cell.lights["lamp.power"] = 0.0
    await cell.take()
    assert cell.lights == {"lamp.power": 0.0, "diode": 0.0}
    assert ("lamp.power", 80.0) not in cell.said


async def test_the_diode_goes_out_though_the_exposure_failed(cell: Cell) -> None:
    cell.error = NoAnswerError("no answer")
    with pytest.raises(ControllerError, match="does not answer"):
        await cell.take()
    assert cell.lights == {"lamp.power": 80.0, "diode": 0.0}


async def test_the_lamp_comes_back_though_the_diode_may_not_be_set(cell: Cell) -> None:
    cell.refusals["diode", 60.0] = ControllerError("held safe", reason="FORCED_SAFE")
    with pytest.raises(ControllerError, match="held safe"):
        await cell.take()
    assert cell.lights == {"lamp.power": 80.0, "diode": 0.0}


async def test_the_lamp_comes_back_though_the_diode_does_not_go_out(cell: Cell) -> None:
    cell.refusals["diode", 0.0] = ControllerError("another holds the lease", reason="LEASE_HELD")
    with pytest.raises(ControllerError, match="another holds the lease"):
        await cell.take()
    assert cell.lights["lamp.power"] == 80.0


async def test_a_detector_with_no_more_to_give_says_so(cell: Cell) -> None:
    seen = await cell.take(integration_s=5.0)
    assert seen.warnings[0] == "saturated"


async def test_a_cell_that_does_not_glow_has_no_peak(cell: Cell) -> None:
    cell.glow = np.zeros_like(NM)
    seen = await cell.take()
    assert seen.warnings == ("no peak",)
    assert all(np.isnan(value) for value in seen.properties().values())


async def test_a_rig_without_a_diode_says_what_is_missing() -> None:
    cell = Cell(PLAN.spectrometer)
    with pytest.raises(ControllerError, match="no diode") as refused:
        await cell.take()
    assert (refused.value.reason, refused.value.kind, cell.said) == ("NO_EMISSION", Kind.REFUSED, [])
    assert "[spectrometer.emission]" in refused.value.remedy


@pytest.mark.parametrize(("integration_s", "scans"), [(0.0, 1), (10.5, 1), (0.1, 0)])
async def test_what_can_not_be_exposed_is_refused_before_the_diode_shines(
    cell: Cell, integration_s: float, scans: int
) -> None:
    with pytest.raises(ControllerError, match="can't be exposed"):
        await cell.take(integration_s, scans)
    assert cell.said == []


@pytest.mark.parametrize(("left_at", "said"), [(60.0, [("diode", 0.0)]), (0.0, []), (float("nan"), [])])
async def test_a_diode_that_a_dead_service_left_on_is_put_out(
    cell: Cell, left_at: float, said: list[tuple[str, float]]
) -> None:
    cell.lights["diode"] = left_at
    await cell.spectrometry.put_out()
    assert cell.said == said
    without = Cell(PLAN.spectrometer)
    await without.spectrometry.put_out()
    assert without.said == []
