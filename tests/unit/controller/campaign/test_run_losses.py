"""What a run does while a device is lost, an interlock has tripped, or the spectrometer is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.campaign.regaining import Aim, to_regain
from controller.domain.errors import ControllerError
from controller.domain.modes import State
from controller.domain.readings import ReactorState
from tests.unit.controller.campaign.simulated_rig import ANN, RECIPE, SimulatedRig, recipe, with_group

DEEDS = ("flush", "acquire dark", "wait until", "dwell", "acquire sample")
BY_HAND = """
[recipe]
name = "wait"
[[steps]]
dwell = {time = "20 s"}
"""


async def held_by_a_loss(rig: SimulatedRig, deed: str, text: str = RECIPE) -> str:
    """Start a run, unplug the board while it does this, and let it be held; its id."""
    await rig.runs.start(text, {}, actor=ANN)
    run_id = (await rig.until_it(deed)).run_id
    unplug(rig)
    await rig.until(lambda: rig.runs.get(run_id).state is State.HELD)
    return run_id


def unplug(rig: SimulatedRig) -> None:
    rig.hardware.lost = True
    rig.pass_time(1.0)


def plug_in(rig: SimulatedRig) -> None:
    rig.hardware.lost = False
    rig.pass_time(1.0)
    assert rig.reactor.snapshot().state is ReactorState.READY


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_lost_device_holds_a_run_within_any_step_and_it_ends_once_that_is_back(
    rig: SimulatedRig, deed: str
) -> None:
    run_id = await held_by_a_loss(rig, deed)
    assert rig.runs.get(run_id).detail == "the reactor is starting: the board does not answer"
    assert set(rig.outputs().values()) == {0.0}
    plug_in(rig)
    assert set(rig.outputs().values()) == {0.0}, "nothing moves again by itself"
    assert (await rig.runs.resume(run_id, actor=ANN)).state is State.EXECUTE
    ended = await rig.end()
    assert (ended.state, ended.properties["peak_wavelength"]) == (State.COMPLETE, 520.0)
    assert ended.achieved["silver"] == pytest.approx(20.0)


async def test_a_run_is_not_resumed_while_the_device_is_gone(rig: SimulatedRig) -> None:
    run_id = await held_by_a_loss(rig, "dwell")
    with pytest.raises(ControllerError) as refused:
        await rig.runs.resume(run_id)
    assert refused.value.reason == "REACTOR_NOT_READY"
    assert rig.runs.get(run_id).state is State.HELD


async def test_loops_get_back_what_the_loss_took_from_them(rig: SimulatedRig) -> None:
    run_id = await held_by_a_loss(rig, "dwell")
    plug_in(rig)
    await rig.runs.resume(run_id)
    assert rig.setpoint("reactor.temperature") == 40.0
    assert rig.setpoint("pump.silver") == 120.0


async def test_what_a_person_had_set_before_the_run_comes_back_after_a_loss(rig: SimulatedRig) -> None:
    await rig.reactor.set({"lamp.power": 30.0, "reactor.temperature": 33.0}, actor=ANN)
    run_id = await held_by_a_loss(rig, "dwell", BY_HAND)
    plug_in(rig)
    await rig.runs.resume(run_id)
    assert rig.setpoint("lamp.power") == 30.0
    assert rig.setpoint("reactor.temperature") == 33.0


async def test_a_loss_while_a_run_is_held_takes_its_temperatures_and_resume_brings_all_back(
    rig: SimulatedRig,
) -> None:
    await rig.reactor.set({"lamp.power": 30.0}, actor=ANN)
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    lamp = rig.setpoint("lamp.power")
    await rig.runs.hold(run.run_id, "lunch")
    unplug(rig)
    await rig.until(lambda: rig.runs.active is not None)
    assert rig.runs.get(run.run_id).state is State.HELD
    for _ in range(20):
        await rig.let_others()
    plug_in(rig)
    await rig.runs.resume(run.run_id)
    assert rig.setpoint("reactor.temperature") == 40.0
    assert rig.setpoint("lamp.power") == lamp
    assert (await rig.end()).state is State.COMPLETE


async def test_a_flow_group_gets_its_ratio_back_after_a_loss(tmp_path) -> None:
    rig = SimulatedRig(tmp_path, with_group())
    await rig.reactor.set({"flow.total": 400.0, "flow.silver": 0.25, "flow.water": 0.75}, actor=ANN)
    await rig.runs.start(BY_HAND, {})
    run = await rig.until_it("dwell")
    unplug(rig)
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.HELD)
    plug_in(rig)
    await rig.runs.resume(run.run_id)
    assert [rig.output(name) for name in ("pump.silver", "pump.water")] == [100.0, 300.0]
    await rig.runs.stop()
    rig.close()


async def test_a_second_loss_while_a_run_comes_back_forgets_nothing(rig: SimulatedRig) -> None:
    run_id = await held_by_a_loss(rig, "dwell")
    plug_in(rig)
    await rig.runs.resume(run_id)
    unplug(rig)
    await rig.until(lambda: rig.runs.get(run_id).state is State.HELD)
    plug_in(rig)
    await rig.runs.resume(run_id)
    assert rig.setpoint("reactor.temperature") == 40.0
    assert (await rig.end()).state is State.COMPLETE


async def test_what_cooled_down_is_waited_for_before_the_step_is_done_again(rig: SimulatedRig) -> None:
    rig.hardware.reads["reactor.temperature"] = 40.0
    run_id = await held_by_a_loss(rig, "dwell")
    rig.hardware.reads["reactor.temperature"] = 30.0
    plug_in(rig)
    await rig.runs.resume(run_id)
    await rig.until_it("again: wait for reactor.temperature")
    rig.pass_time(30.0)
    assert rig.told(run_id)[-1] == "again: wait for reactor.temperature"
    rig.hardware.reads["reactor.temperature"] = 39.5
    await rig.end()
    told = rig.told(run_id)
    again = told.index("again: wait for reactor.temperature")
    assert told[again + 1 : again + 3] == ["again: wait until peak_wavelength is steady", "dwell"]


async def test_what_never_gets_warm_again_ends_the_run(rig: SimulatedRig) -> None:
    rig.hardware.reads["reactor.temperature"] = 40.0
    run_id = await held_by_a_loss(rig, "dwell")
    rig.hardware.reads["reactor.temperature"] = 30.0
    plug_in(rig)
    await rig.runs.resume(run_id)
    ended = await rig.end()
    assert (ended.state, ended.detail.split(";")[0]) == (
        State.ABORTED,
        "reactor.temperature did not come back within 3600 s",
    )
    assert set(rig.outputs().values()) == {0.0}


def test_only_loops_are_waited_for_each_as_near_to_its_target_as_it_was(rig: SimulatedRig) -> None:
    now = rig.reactor.snapshot()
    before = replace(now, values=(37.0, *now.values[1:]))
    restored = {"reactor.temperature": 40.0, "pump.silver": 120.0}
    assert to_regain(rig.plan, before, restored) == {"reactor.temperature": Aim(40.0, 4.0)}


async def test_a_run_that_was_tripped_is_resumed_after_the_reset(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    rig.hardware.reads["reactor.temperature"] = 90.0
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.HELD)
    assert "the reactor is tripped: interlock hot" in rig.runs.get(run.run_id).detail
    rig.hardware.reads["reactor.temperature"] = 30.0
    rig.pass_time(1.0)
    with pytest.raises(ControllerError, match="tripped"):
        await rig.runs.resume(run.run_id)
    await rig.reactor.reset(actor=ANN)
    rig.pass_time(1.0)
    await rig.runs.resume(run.run_id)
    assert (await rig.end()).state is State.COMPLETE


@pytest.mark.parametrize("deed", ["acquire reference", "wait until", "acquire sample"])
async def test_a_lost_spectrometer_holds_a_run_until_it_is_back(rig: SimulatedRig, deed: str) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it(deed)
    rig.spectrometer.unplugged = True
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.HELD)
    assert rig.runs.get(run.run_id).detail == "the spectrometer does not answer"
    assert [rig.output(name) for name in ("pump.silver", "pump.water", "lamp.power")] == [0.0, 0.0, 0.0]
    rig.spectrometer.unplugged = False
    await rig.runs.resume(run.run_id)
    assert (await rig.end()).state is State.COMPLETE


async def test_a_trial_that_begins_while_the_reactor_is_away_sets_nothing_and_waits(
    rig: SimulatedRig,
) -> None:
    unplug(rig)
    trial = rig.begin(recipe())
    await rig.until(lambda: rig.runs.active and rig.runs.active.state is State.HELD)
    assert set(rig.outputs().values()) == {0.0}
    plug_in(rig)
    assert rig.runs.active is not None
    await rig.runs.resume(rig.runs.active.run_id)
    run, _ = await trial
    assert run.state is State.COMPLETE


async def test_an_emergency_stop_of_a_reactor_that_is_away_aborts(rig: SimulatedRig) -> None:
    run_id = await held_by_a_loss(rig, "dwell")
    await rig.reactor.emergency_stop("smoke", actor=ANN)
    assert (await rig.end()).state is State.ABORTED
    assert rig.states(run_id)[-3:] == [State.HELD, State.ABORTING, State.ABORTED]
