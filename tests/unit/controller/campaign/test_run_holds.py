"""A hold within each kind of step: what stops, what stays, and what is done again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from controller.domain.modes import State
from controller.domain.readings import ReactorState
from tests.unit.controller.campaign.simulated_rig import ANN, RECIPE, SimulatedRig, with_group

QUIET = {"pump.silver": 0.0, "pump.water": 0.0, "lamp.power": 0.0}
TO_COMPLETE = [State.STARTING, State.EXECUTE, State.COMPLETING, State.COMPLETE]
HELD_ONCE = [State.STARTING, State.EXECUTE, State.HOLDING, State.HELD, State.UNHOLDING, *TO_COMPLETE[1:]]


def stopped(rig: SimulatedRig) -> dict[str, float]:
    return {name: value for name, value in rig.outputs().items() if name != "reactor.heater"}


async def test_an_undisturbed_run_yields_what_its_last_sample_shows(rig: SimulatedRig) -> None:
    started = await rig.runs.start(RECIPE, {"silver": "25 %"}, actor=ANN)
    run = await rig.end()
    assert rig.states(run.run_id) == TO_COMPLETE
    assert (run.actor, run.leased, run.step, run.steps) == (ANN, False, 8, 8)
    assert run.properties["peak_wavelength"] == 520.0
    assert run.achieved == pytest.approx({"total": 600.0, "silver": 25.0, "temperature": 25.0})
    assert run.run_id == started.run_id
    assert run.ended_s is not None
    assert run.ended_s > run.started_s
    assert len(rig.journal.runs.telemetry(run.run_id)) > 20


@pytest.mark.parametrize("deed", ["flush", "acquire dark", "wait until", "dwell", "acquire sample"])
async def test_a_hold_stops_flows_and_light_within_any_step_and_the_run_still_ends(
    rig: SimulatedRig, deed: str
) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it(deed)
    held = await rig.runs.hold(run.run_id, "the stirrer stands")
    assert (held.state, held.detail, held.step) == (State.HELD, "the stirrer stands", run.step)
    assert stopped(rig) == QUIET
    assert rig.clock.participants == 0
    assert (await rig.runs.resume(run.run_id)).state is State.EXECUTE
    ended = await rig.end()
    assert rig.states(run.run_id) == HELD_ONCE
    assert ended.achieved["silver"] == pytest.approx(20.0)
    assert rig.told(run.run_id).count("acquire sample") == (2 if deed == "acquire sample" else 1)


async def test_temperatures_stay_while_a_run_is_held(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    heating = rig.output("reactor.heater")
    await rig.runs.hold(run.run_id, "lunch")
    rig.pass_time(5.0)
    assert rig.output("reactor.heater") >= heating > 0.0


async def test_a_recipe_may_let_its_flows_run_on_and_its_heaters_cool(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE + '\n[hold]\nflows = "keep"\ntemperatures = "safe"\n', {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    rig.pass_time(5.0)
    assert rig.outputs() == {
        "reactor.heater": 0.0, "pump.silver": 120.0, "pump.water": 480.0, "lamp.power": 0.0,
    }  # fmt: skip
    await rig.runs.resume(run.run_id)
    ended = await rig.end()
    assert rig.output("reactor.heater") > 0.0
    assert "again: wait until peak_wavelength is steady" not in rig.told(ended.run_id)


@pytest.mark.parametrize("deed", ["dwell", "acquire sample"])
async def test_what_relies_on_a_washed_reactor_comes_after_another_wash(rig: SimulatedRig, deed: str) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it(deed)
    await rig.runs.hold(run.run_id, "lunch")
    await rig.runs.resume(run.run_id)
    await rig.end()
    told = rig.told(run.run_id)
    again = told.index("again: wait until peak_wavelength is steady")
    assert told[again + 1].startswith(deed)


async def test_a_step_that_washes_by_itself_is_only_begun_anew(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("wait until")
    await rig.runs.hold(run.run_id, "lunch")
    await rig.runs.resume(run.run_id)
    await rig.end()
    told = rig.told(run.run_id)
    assert told.count("wait until peak_wavelength is steady") == 2
    assert not [each for each in told if each.startswith("again")]


async def test_a_hold_within_the_wash_that_is_done_again_is_a_hold_like_any(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    for _ in range(3):
        await rig.runs.hold(run.run_id, "lunch")
        assert stopped(rig) == QUIET
        await rig.runs.resume(run.run_id)
        await rig.until_it("again")
    ended = await rig.end()
    assert ended.state is State.COMPLETE
    assert ended.achieved["silver"] == pytest.approx(20.0)


async def test_what_a_person_had_set_before_the_run_comes_back_too(rig: SimulatedRig) -> None:
    await rig.reactor.set({"lamp.power": 30.0}, actor=ANN)
    dwell = '[recipe]\nname = "wait"\n[[steps]]\ndwell = {time = "20 s"}\n'
    await rig.runs.start(dwell, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    assert rig.output("lamp.power") == 0.0
    await rig.runs.resume(run.run_id)
    assert rig.output("lamp.power") == 30.0


async def test_a_flow_group_gets_its_ratio_back(tmp_path) -> None:
    rig = SimulatedRig(tmp_path, with_group())
    text = (
        '[recipe]\nname = "ratio"\n'
        '[[steps]]\nset = {"flow.total" = 400.0, "flow.silver" = 0.25, "flow.water" = 0.75}\n'
        '[[steps]]\ndwell = {time = "20 s"}\n'
    )
    await rig.runs.start(text, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    assert stopped(rig) == QUIET
    await rig.runs.resume(run.run_id)
    assert stopped(rig) == {"pump.silver": 100.0, "pump.water": 300.0, "lamp.power": 0.0}
    await rig.end()
    rig.close()


async def test_an_abort_ends_a_held_run_and_the_heaters_too(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    ended = await rig.runs.abort(run.run_id, "no longer wanted")
    assert (ended.state, ended.detail) == (State.ABORTED, "no longer wanted")
    assert set(rig.outputs().values()) == {0.0}
    assert rig.states(run.run_id)[-3:] == [State.HELD, State.ABORTING, State.ABORTED]


async def test_an_emergency_stop_aborts_a_held_run(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    await rig.reactor.emergency_stop("smoke", actor=ANN)
    ended = await rig.end()
    assert (ended.state, ended.detail) == (
        State.ABORTED,
        "the reactor is stopped: emergency stop: smoke",
    )
    assert rig.reactor.snapshot().state is ReactorState.STOPPED


async def test_a_run_whose_control_dies_ends_aborted_at_the_last_time_that_is_known(
    rig: SimulatedRig,
) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    rig.wire.gone = True
    ended = await rig.end()
    assert ended.state is State.ABORTED
    assert "control is gone" in ended.detail
    assert ended.ended_s == rig.journal.runs.events(run.run_id)[-1].time_s > ended.started_s


async def test_another_boot_of_control_cannot_carry_a_held_run(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    rig.wire.publish(replace(rig.reactor.snapshot(), boot_id=8))
    assert (await rig.end()).detail.startswith("the control process restarted")


async def test_what_an_interlock_holds_safe_does_not_keep_a_run_from_being_held(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    rig.hardware.reads["reactor.temperature"] = 75.0
    rig.pass_time(1.0)
    held = await rig.runs.hold(run.run_id, "too warm")
    assert held.state is State.HELD
    assert stopped(rig) == QUIET


async def test_a_run_is_held_again_while_an_interlock_keeps_its_light_off(rig: SimulatedRig) -> None:
    await rig.reactor.set({"lamp.power": 30.0}, actor=ANN)
    await rig.runs.start('[recipe]\nname = "wait"\n[[steps]]\ndwell = {time = "20 s"}\n', {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    rig.hardware.reads["reactor.temperature"] = 75.0
    rig.pass_time(1.0)
    await rig.runs.resume(run.run_id)
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.HELD)
    assert "lamp.power" in rig.runs.get(run.run_id).detail
    rig.hardware.reads["reactor.temperature"] = 40.0
    rig.pass_time(1.0)
    await rig.runs.resume(run.run_id)
    assert rig.output("lamp.power") == 30.0
    assert (await rig.end()).state is State.COMPLETE


async def test_of_two_who_hold_the_first_gives_the_reason_and_both_get_a_held_run(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    first, second = await asyncio.gather(
        rig.runs.hold(run.run_id, "a leak"), rig.runs.hold(run.run_id, "lunch")
    )
    assert first == second
    assert first.detail == "a leak"


async def test_a_step_that_fails_aborts_the_run_and_leaves_nothing_flowing(rig: SimulatedRig) -> None:
    rig.spectrometer.peak_nm = iter_of([500.0, 540.0] * 100)
    await rig.runs.start(RECIPE, {})
    ended = await rig.end()
    assert ended.state is State.ABORTED
    assert "was not steady within 120 s" in ended.detail
    assert set(rig.outputs().values()) == {0.0}


async def test_a_defect_leaves_nothing_flowing_and_is_not_hidden(rig: SimulatedRig) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    rig.spectrometer.peak_nm = broken
    run = await rig.runs.start(RECIPE, {})
    task = rig.runs._task
    assert task is not None
    with pytest.raises(ZeroDivisionError):
        await task
    assert rig.runs.get(run.run_id).state is State.ABORTED
    assert rig.runs.active is None
    assert set(rig.outputs().values()) == {0.0}


def iter_of(values: list[float]):
    left = iter(values)
    return lambda: next(left)
