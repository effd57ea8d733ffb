"""What a run sees: emission, yields from two spectra, channels averaged over a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.campaign.mandate import Mandate
from controller.campaign.steps import StepContext, perform
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.readings import Quality
from controller.domain.recipe import Acquire, Measure, WaitSteady
from controller.domain.run import RunState
from tests.unit.controller.campaign.glowing import GLOWING, GlowingRig
from tests.unit.controller.campaign.simulated_rig import BOOT, PLAN, TICK_S, recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEASURE = Measure("sensor.impedance", "impedance", 10.0)
HEAD = '[recipe]\nname = "try"\n'


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[GlowingRig]:
    made = GlowingRig(tmp_path)
    yield made
    made.close()


def context(rig: GlowingRig) -> StepContext:
    return StepContext(rig.reactor, rig.journal, {}, "r1", BOOT)


def steps(*lines: str) -> str:
    return HEAD + "".join(f"[[steps]]\n{line}\n" for line in lines)


def faults(text: str, plan=GLOWING) -> list[str]:
    with pytest.raises(DocumentError) as error:
        recipe(text, plan)
    return [f"{each.place}: {each.description}" for each in error.value.violations]


async def test_a_trial_s_properties_are_those_of_all_its_spectra(rig: GlowingRig) -> None:
    at = context(rig)
    await perform(Acquire("emission"), at)
    assert set(at.properties) == {"emission_peak", "emission_energy", "emission_fwhm", "emission_intensity"}
    await perform(Acquire("sample"), at)
    assert at.properties["emission_peak"] == 550.0
    # 100 nm of 2e4 counts/s over the half that is absorbed, times the rig's factor.
    assert at.properties["quantum_yield"] == pytest.approx(1e-6 * 2e4 * 100.0 / (1.0 - 10.0**-0.3), rel=0.02)
    assert (at.emission_id, at.spectrum_id) == ("s1", "s2")
    kept = rig.journal.spectra.get("s1")
    assert kept is not None
    assert max(kept.emission) == 2e4


async def test_what_an_earlier_spectrum_of_a_kind_showed_is_forgotten(rig: GlowingRig) -> None:
    at = context(rig)
    await perform(Acquire("emission"), at)
    await perform(Acquire("sample"), at)
    rig.glow, rig.shown_nm = 1e4, float("nan")
    first = at.properties["quantum_yield"]
    await perform(Acquire("emission"), at)
    assert "emission_peak" not in at.properties
    assert at.properties["quantum_yield"] == pytest.approx(first / 2.0)


async def test_what_absorbs_nothing_has_no_yield(rig: GlowingRig) -> None:
    rig.absorbed = 0.0
    at = context(rig)
    await perform(Acquire("sample"), at)
    await perform(Acquire("emission"), at)
    assert "quantum_yield" not in at.properties


async def test_a_wait_for_emission_exposes_emission(rig: GlowingRig) -> None:
    await perform(WaitSteady(0.0, "emission_peak", 1.0, 16.0, 100.0), context(rig))
    assert set(rig.taken) == {"emission"}


async def test_a_wait_for_a_channel_exposes_nothing(rig: GlowingRig) -> None:
    began_s = rig.clock.now_s()
    await perform(WaitSteady(0.0, "sensor.impedance", 1.0, 10.0, 100.0, of_channel=True), context(rig))
    assert rig.clock.now_s() - began_s == pytest.approx(10.0, abs=2.0)
    assert rig.taken == []


async def test_a_channel_that_moves_is_not_steady(rig: GlowingRig) -> None:
    step = WaitSteady(0.0, "sensor.impedance", 0.01, 10.0, 30.0, of_channel=True)
    drift = iter(range(10_000))
    sleep = rig.clock.sleep

    async def drifting(duration_s: float) -> None:
        rig.hardware.reads["sensor.impedance"] = float(next(drift))
        await sleep(duration_s)

    rig.clock.sleep = drifting  # type: ignore[method-assign]
    with pytest.raises(ControllerError, match=r"sensor.impedance was not steady within 30 s: last \d+\.\d\d"):
        await perform(step, context(rig))


async def test_a_measure_is_the_mean_over_its_window(rig: GlowingRig) -> None:
    at, began_s = context(rig), rig.clock.now_s()
    values = iter([100.0, 200.0] * 50)
    sleep = rig.clock.sleep

    async def swinging(duration_s: float) -> None:
        rig.hardware.reads["sensor.impedance"] = next(values)
        await sleep(duration_s)

    rig.hardware.reads["sensor.impedance"] = 150.0
    rig.pass_time(TICK_S)
    began_s = rig.clock.now_s()
    rig.clock.sleep = swinging  # type: ignore[method-assign]
    await perform(MEASURE, at)
    assert at.properties == {"impedance": pytest.approx(150.0)}
    assert rig.clock.now_s() - began_s == pytest.approx(10.0)
    assert len(rig.journal.runs.telemetry("r1")) == 11


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.BAD])
async def test_a_reading_that_is_not_good_is_no_measurement(rig: GlowingRig, quality: Quality) -> None:
    at = context(rig)
    rig.qualities = [Quality.GOOD] * 4 + [quality]
    with pytest.raises(ControllerError, match=f"no good reading: it is {quality.name.lower()}") as error:
        await perform(MEASURE, at)
    assert (error.value.reason, at.properties) == ("READING_BAD", {})


async def test_a_run_whose_sensor_is_broken_waits_for_whoever_mends_it(rig: GlowingRig) -> None:
    rig.qualities = [Quality.BAD]
    found = recipe(
        steps('measure = {channel = "sensor.impedance", as = "impedance", window = "5 s"}'), GLOWING
    )
    task = rig.begin(found)
    await rig.until(lambda: rig.runs.active is not None and rig.runs.active.state is RunState.HELD)
    run = rig.runs.active
    assert run is not None
    assert "sensor.impedance has no good reading" in run.detail
    rig.qualities = []
    await rig.runs.resume(run.run_id)
    ended, _ = await task
    assert (ended.state, ended.properties) == (RunState.COMPLETE, {"impedance": 25.0})


def test_a_recipe_knows_what_it_yields_in_which_units() -> None:
    measure = 'measure = {channel = "sensor.impedance", as = "impedance", window = "5 s"}'
    found = recipe(steps('acquire = {kind = "sample"}', 'acquire = {kind = "emission"}', measure), GLOWING)
    assert found.yields == {
        "peak_wavelength": "nm",
        "fwhm": "nm",
        "absorbance": "1",
        "emission_peak": "nm",
        "emission_energy": "eV",
        "emission_fwhm": "nm",
        "emission_intensity": "1/s",
        "quantum_yield": "1",
        "impedance": "ohm",
    }
    assert "quantum_yield" not in recipe(steps('acquire = {kind = "emission"}'), GLOWING).yields
    assert recipe(steps('acquire = {kind = "dark"}'), GLOWING).yields == {}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('measure = {channel = "no", as = "x", window = "5 s"}', "channel: this rig has no such channel"),
        ('measure = {channel = "diode", as = "x", window = "5 s"}', "diode is an actuator: name a sensor"),
        ('measure = {channel = "sensor.impedance", window = "5 s"}', "as: must be given, as text"),
        ('measure = {channel = "sensor.impedance", as = "X y", window = "5 s"}', "'X y' is no name"),
        ('measure = {channel = "sensor.impedance", as = "fwhm", window = "5 s"}', "fwhm is what a spectrum"),
        ('measure = {channel = "sensor.impedance", as = "x", window = "0 s"}', "window: 0 s is outside"),
        ('measure = {channel = "sensor.impedance", as = "x", window = "5 s", of = 1}', "of: is not known"),
        (
            'wait_steady = {property = "fwhm", channel = "sensor.impedance", tolerance = 1, window = "5 s"}',
            "give either property or channel",
        ),
        (
            'wait_steady = {channel = "diode", tolerance = 1, window = "5 s", timeout = "9 s"}',
            "diode is an actuator",
        ),
    ],
)
def test_a_fault_of_what_is_observed_is_told(line: str, fault: str) -> None:
    assert any(fault in found for found in faults(steps(line)))


def test_a_name_is_given_to_one_measurement_alone() -> None:
    measure = 'measure = {channel = "sensor.impedance", as = "x", window = "5 s"}'
    assert faults(steps(measure, measure)) == ["steps[1].measure.as: x is measured already"]


def test_a_rig_without_a_diode_shows_no_emission() -> None:
    (acquired,) = faults(steps('acquire = {kind = "emission"}'), PLAN)
    assert "its [spectrometer.emission] is missing" in acquired
    wait = 'wait_steady = {property = "emission_peak", tolerance = 1, window = "5 s", timeout = "9 s"}'
    (waited,) = faults(steps(wait), PLAN)
    assert "is not measured; known: peak_wavelength, fwhm, absorbance" in waited


@pytest.mark.parametrize(
    ("lines", "flushed"),
    [
        (('acquire = {kind = "emission"}',), False),
        (('acquire = {kind = "sample"}', 'acquire = {kind = "reference"}'), True),
    ],
    ids=["needs no reference", "lacks its reference"],
)
async def test_a_rare_step_is_due_early_only_for_spectra_that_the_recipe_takes(
    rig: GlowingRig, lines: tuple[str, ...], *, flushed: bool
) -> None:
    rare = 'flush = {reagent = "water", volumes = 1, total = "600 uL/min"}\nevery = 10'
    run, _ = await rig.runs.execute(
        recipe(steps(rare, *lines), GLOWING),
        {},
        Mandate(),
        campaign_id="c1",
        trial=2,
        heard=lambda _run: None,
    )
    assert ("flush with water" in rig.told(run.run_id)) is flushed
