"""Each step does to the reactor what it says, waits for what really flows, and knows when to give up."""

from __future__ import annotations

from itertools import count
from math import nan

import pytest

from controller.campaign.steps import MOST_UNWRITTEN, StepContext, perform
from controller.domain.errors import ControllerError
from controller.domain.recipe import Acquire, Dwell, Flows, Flush, Set, WaitSteady
from tests.unit.controller.campaign.simulated_rig import BOOT, TICK_S, SimulatedRig

STEADY = WaitSteady(0.0, "peak_wavelength", 1.0, 16.0, 100.0)


def context(rig: SimulatedRig, **parameters: float) -> StepContext:
    return StepContext(rig.reactor, rig.journal, parameters, "r1", BOOT)


async def took_s(rig: SimulatedRig, action, at: StepContext) -> float:
    began_s = rig.clock.now_s()
    await perform(action, at)
    return rig.clock.now_s() - began_s


async def test_set_asks_in_the_name_of_the_run(rig: SimulatedRig) -> None:
    await perform(Set({"lamp.power": "light", "pump.silver": 5.0}), context(rig, light=40.0))
    assert (rig.output("lamp.power"), rig.output("pump.silver")) == (40.0, 5.0)
    assert ("set lamp.power 40 %, pump.silver 5 uL/min", "run r1") in rig.log


async def test_flows_share_a_total_and_the_balance_takes_the_rest(rig: SimulatedRig) -> None:
    await perform(Flows("total", {"silver": "share"}, "water"), context(rig, total=400.0, share=15.0))
    assert rig.output("pump.silver") == pytest.approx(60.0)
    assert rig.output("pump.water") == pytest.approx(340.0)


async def test_fractions_beyond_the_whole_are_refused_before_anything_flows(rig: SimulatedRig) -> None:
    with pytest.raises(ControllerError, match=r"add up to 110.0 %, so nothing is left for water") as error:
        await perform(Flows(400.0, {"silver": 110.0}, "water"), context(rig))
    assert error.value.reason == "FRACTIONS_TOO_LARGE"
    assert rig.output("pump.silver") == 0.0


async def test_a_flush_fills_the_reactor_with_one_reagent_alone(rig: SimulatedRig) -> None:
    at = context(rig)
    await perform(Flows(400.0, {"silver": 50.0}, "water"), at)
    # Three times 100 uL at 600 uL/min.
    assert await took_s(rig, Flush("water", 3.0, 600.0), at) == pytest.approx(30.0, abs=2.0)
    assert (rig.output("pump.silver"), rig.output("pump.water")) == (0.0, 600.0)


async def test_a_wash_counts_what_flows_rather_than_what_is_asked(rig: SimulatedRig) -> None:
    at = context(rig)
    await perform(Flows(600.0, {"silver": 50.0}, "water"), at)
    rig.hardware.blocked.add("pump.silver")
    rig.pass_time(TICK_S)
    assert await took_s(rig, Dwell(volumes=2.0), at) == pytest.approx(40.0, abs=2.0)


async def test_a_wash_in_which_nothing_flows_is_given_up(rig: SimulatedRig) -> None:
    with pytest.raises(ControllerError, match="nothing flows: 0 of 100 uL") as error:
        await perform(Dwell(volumes=1.0), context(rig))
    assert error.value.reason == "NO_FLOW"


async def test_a_dwell_takes_its_time_and_keeps_a_sample_a_second(rig: SimulatedRig) -> None:
    assert await took_s(rig, Dwell(time_s=7.5), context(rig)) == pytest.approx(7.5)
    samples = rig.journal.runs.telemetry("r1")
    assert len(samples) == 8
    assert all(len(values) == len(rig.plan.channels) for _, values in samples)


async def test_a_long_dwell_journals_its_samples_while_it_lasts(rig: SimulatedRig) -> None:
    at = context(rig)
    at.telemetry = [(float(second), ()) for second in range(MOST_UNWRITTEN - 1)]
    at.note()
    assert at.telemetry == []
    assert len(rig.journal.runs.telemetry("r1")) == MOST_UNWRITTEN


async def test_a_dwell_ends_though_ticks_do_not_add_up_to_it_exactly(rig: SimulatedRig) -> None:
    slept: list[float] = []

    async def stepped(duration_s: float) -> None:
        """Let whole ticks pass, as a clock that is stepped does."""
        slept.append(duration_s)
        assert len(slept) < 99, "a rest that no tick is left for"
        until_s = rig.clock.now_s() + duration_s
        while rig.clock.now_s() < until_s - 1e-9:
            rig.control.tick(0.1, [])

    rig.clock.sleep = stepped  # type: ignore[method-assign]
    rig.control.tick(0.1, [])
    await perform(Dwell(time_s=7.0), context(rig))


async def test_a_steady_property_is_waited_for(rig: SimulatedRig) -> None:
    peaks = iter([500.0, 510.0, 515.0, 517.0, 518.0])
    rig.spectrometer.peak_nm = lambda: next(peaks, 518.5)
    await perform(STEADY, context(rig))
    assert 7 <= len(rig.spectrometer.taken) <= 10


async def test_a_property_that_never_settles_is_given_up_with_its_last_value(rig: SimulatedRig) -> None:
    numbers = count()
    rig.spectrometer.peak_nm = lambda: 500.0 + 5.0 * next(numbers)
    with pytest.raises(ControllerError, match="not steady within 100 s: last") as error:
        await perform(STEADY, context(rig))
    assert "wider tolerance" in error.value.remedy


async def test_no_peak_at_all_is_an_answer_after_two_windows(rig: SimulatedRig) -> None:
    rig.spectrometer.peak_nm = lambda: nan
    assert await took_s(rig, STEADY, context(rig)) == pytest.approx(32.0, abs=6.0)


async def test_a_sample_comes_with_what_the_rig_did_meanwhile(rig: SimulatedRig) -> None:
    at = context(rig, total=400.0, silver=25.0, temperature=40.0, other=1.0)
    await perform(Set({"reactor.temperature": "temperature"}), at)
    await perform(Flows("total", {"silver": "silver"}, "water"), at)
    rig.hardware.reads["reactor.temperature"] = 38.0
    rig.pass_time(TICK_S)
    await perform(Acquire("sample", 8), at)
    assert at.properties == {"peak_wavelength": 520.0, "fwhm": 60.0, "absorbance": 0.5}
    assert at.achieved == pytest.approx({"total": 400.0, "silver": 25.0, "temperature": 38.0, "other": 1.0})
    kept = rig.journal.spectra.get(at.spectrum_id)
    assert kept is not None
    assert (kept.scans, kept.kind) == (8, "sample")


async def test_a_reference_is_kept_and_is_no_result(rig: SimulatedRig) -> None:
    at = context(rig)
    await perform(Acquire("reference"), at)
    assert rig.journal.spectra.newest("reference") is not None
    assert (at.spectrum_id, at.properties, at.achieved) == ("", {}, {})


@pytest.mark.parametrize("action", [Set({}), Dwell(time_s=5.0), Acquire("dark"), STEADY], ids=repr)
async def test_no_step_begins_on_a_reactor_that_is_not_ready(rig: SimulatedRig, action) -> None:
    await rig.reactor.emergency_stop("smoke", actor="ann")
    with pytest.raises(ControllerError, match="the reactor is stopped: emergency stop: smoke"):
        await perform(action, context(rig))
    assert not rig.spectrometer.taken


async def test_a_step_notices_a_trip_within_its_own_time(rig: SimulatedRig) -> None:
    at = context(rig)
    began_s = rig.clock.now_s()
    rig.hardware.reads["reactor.temperature"] = 90.0
    with pytest.raises(ControllerError, match="the reactor is tripped"):
        await perform(Dwell(time_s=600.0), at)
    assert rig.clock.now_s() - began_s <= 1.0
