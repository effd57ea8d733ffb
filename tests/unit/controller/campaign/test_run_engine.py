"""One run at a time: who may start it, under which lease, and what the loss of that lease does."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.campaign.mandate import Mandate
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.modes import State
from controller.domain.run import ENDED
from tests.unit.controller.campaign.simulated_rig import ANN, BOB, RECIPE, SimulatedRig, recipe

DEEDS = ("hold", "resume", "abort", "take", "give", "warm", "hot", "cool", "reset", "unplug", "plug in")
QUIET = ("pump.silver", "pump.water", "lamp.power")


async def refusal(asked) -> str:
    with pytest.raises(ControllerError) as refused:
        await asked
    return refused.value.reason


async def test_a_second_run_is_refused_while_one_holds_the_reactor_held_or_not(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    assert await refusal(rig.runs.start(RECIPE, {})) == "REACTOR_BUSY"
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    assert await refusal(rig.runs.start(RECIPE, {})) == "REACTOR_BUSY"
    await rig.runs.abort(run.run_id, "over")
    assert (await rig.runs.start(RECIPE, {})).state is State.EXECUTE


async def test_a_faulty_recipe_or_parameter_starts_nothing(rig: SimulatedRig) -> None:
    with pytest.raises(DocumentError, match="line"):
        await rig.runs.start(RECIPE.replace("dwell", "dwel"), {})
    with pytest.raises(DocumentError, match="outside 20 to 60"):
        await rig.runs.start(RECIPE, {"temperature": "80 degC"})
    assert rig.runs.list(9, 0) == []
    assert [each.place for each in rig.runs.validate(RECIPE, {"salt": "1 %"})] == ["parameters.salt"]
    assert rig.runs.validate(RECIPE, {}) == ()


async def test_a_reactor_that_is_not_ready_starts_nothing(rig: SimulatedRig) -> None:
    await rig.reactor.emergency_stop("smoke", actor=ANN)
    assert await refusal(rig.runs.start(RECIPE, {})) == "REACTOR_NOT_READY"


async def test_nobody_starts_or_resumes_a_run_under_anothers_lease(rig: SimulatedRig) -> None:
    await rig.take_lease(ANN, "hers")
    assert await refusal(rig.runs.start(RECIPE, {}, actor=BOB)) == "LEASE_HELD"
    assert await refusal(rig.runs.start(RECIPE, {}, actor=BOB, lease="forged")) == "LEASE_HELD"
    await rig.runs.start(RECIPE, {}, actor=ANN, lease="hers")
    run = await rig.until_it("dwell")
    assert run.leased
    assert (await rig.runs.hold(run.run_id, "a leak, says Bob")).state is State.HELD
    assert await refusal(rig.runs.resume(run.run_id, actor=BOB)) == "LEASE_HELD"
    assert (await rig.runs.resume(run.run_id, actor=ANN, lease="hers")).state is State.EXECUTE


async def test_a_lease_that_has_run_out_starts_nothing(rig: SimulatedRig) -> None:
    await rig.take_lease(ANN, "hers")
    await rig.give_lease_back("hers")
    assert await refusal(rig.runs.start(RECIPE, {}, actor=ANN, lease="hers")) == "LEASE_UNKNOWN"
    assert rig.runs.active is None


async def test_a_run_is_held_when_its_lease_runs_out(rig: SimulatedRig) -> None:
    await rig.take_lease(ANN, "hers", ttl_s=30.0)
    await rig.runs.start(RECIPE, {}, actor=ANN, lease="hers")
    await rig.until(lambda: rig.runs.active and rig.runs.active.state is State.HELD)
    run = rig.runs.active
    assert run is not None
    assert run.detail == f"the lease of {ANN} was lost"
    assert rig.clock.now_s() - run.started_s == pytest.approx(30.0, abs=2.0)
    assert rig.output("pump.water") == rig.output("pump.silver") == 0.0
    resumed = await rig.runs.resume(run.run_id, actor=BOB)
    assert not resumed.leased
    assert f"resumed by {BOB}" in rig.told(run.run_id)
    assert (await rig.end()).state is State.COMPLETE


async def test_a_run_is_held_though_another_holds_the_lease_by_then(rig: SimulatedRig) -> None:
    await rig.take_lease(ANN, "hers")
    await rig.runs.start(RECIPE, {}, actor=ANN, lease="hers")
    await rig.until_it("dwell")
    await rig.give_lease_back("hers")
    await rig.take_lease(BOB, "his")
    await rig.until(lambda: rig.runs.active and rig.runs.active.state is State.HELD)
    run = rig.runs.active
    assert run is not None
    assert run.detail == f"the lease of {ANN} was lost"
    assert set(rig.outputs().values()) == {0.0}
    await rig.runs.resume(run.run_id, actor=BOB, lease="his")
    assert rig.output("pump.silver") == 120.0
    assert rig.output("reactor.heater") > 0.0
    assert (await rig.end()).state is State.COMPLETE


async def test_a_run_without_a_lease_is_held_when_another_takes_it(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {}, actor=ANN)
    await rig.until_it("flush")
    await rig.take_lease(BOB, "his")
    await rig.until(lambda: rig.runs.active and rig.runs.active.state is State.HELD)
    run = rig.runs.active
    assert run is not None
    assert run.detail.startswith(f"{BOB} holds the lease")
    await rig.give_lease_back("his")
    await rig.runs.resume(run.run_id, actor=ANN)
    assert (await rig.end()).state is State.COMPLETE


async def test_a_lease_taken_while_a_run_comes_back_holds_it_again_with_nothing_forgotten(
    rig: SimulatedRig,
) -> None:
    await rig.runs.start(RECIPE, {}, actor=ANN)
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    resuming = asyncio.create_task(rig.runs.resume(run.run_id, actor=ANN))
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.UNHOLDING)
    await rig.take_lease(BOB, "his")
    await resuming
    await rig.until(lambda: rig.runs.get(run.run_id).state is State.HELD)
    assert rig.output("pump.silver") == 0.0
    await rig.runs.resume(run.run_id, actor=BOB, lease="his")
    assert rig.output("pump.silver") == 120.0
    assert (await rig.end()).state is State.COMPLETE


async def test_only_what_executes_is_held_and_only_what_is_held_is_resumed(rig: SimulatedRig) -> None:
    started = await rig.runs.start(RECIPE, {})
    await rig.until_it("dwell")
    assert await refusal(rig.runs.resume(started.run_id)) == "RUN_NOT_HELD"
    run = await rig.end()
    assert await refusal(rig.runs.hold(run.run_id, "late")) == "RUN_NOT_EXECUTING"
    assert await refusal(rig.runs.resume(run.run_id)) == "RUN_NOT_HELD"
    assert await rig.runs.abort(run.run_id, "late") == run
    for asked in (rig.runs.hold("zz", ""), rig.runs.resume("zz"), rig.runs.abort("zz", "")):
        assert await refusal(asked) == "RUN_UNKNOWN"


async def test_of_two_who_resume_one_is_told_that_it_runs_already(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    first, second = await asyncio.gather(
        rig.runs.resume(run.run_id, actor=ANN), rig.runs.resume(run.run_id, actor=BOB), return_exceptions=True
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, ControllerError)
    assert second.reason == "RUN_NOT_HELD"


async def test_a_hold_right_after_a_resume_is_not_lost(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    resuming = asyncio.create_task(rig.runs.resume(run.run_id))
    await rig.until(lambda: rig.runs.get(run.run_id).state is not State.HELD)
    held = await rig.runs.hold(run.run_id, "not yet!")
    await resuming
    assert (held.state, held.detail) == (State.HELD, "not yet!")
    assert rig.runs.get(run.run_id) == held


@pytest.mark.parametrize("deed", ["flush", "acquire dark", "wait until"])
async def test_two_aborts_at_once_let_a_step_let_go_in_order(rig: SimulatedRig, deed: str) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it(deed)
    first, second = await asyncio.gather(
        rig.runs.abort(run.run_id, "first"), rig.runs.abort(run.run_id, "second")
    )
    assert first == second
    assert (first.state, first.detail) == (State.ABORTED, "first")
    assert set(rig.outputs().values()) == {0.0}


async def test_a_run_that_is_aborted_before_its_first_step_frees_the_reactor(rig: SimulatedRig) -> None:
    trial = rig.runs.execute(recipe(), {}, Mandate(), campaign_id="c", trial=1, heard=lambda _run: None)
    working = asyncio.create_task(trial)
    await asyncio.sleep(0)
    run = rig.runs.active
    assert run is not None
    assert run.state is State.IDLE
    assert (await rig.runs.abort(run.run_id, "a slip")).state is State.ABORTED
    assert rig.runs.active is None
    assert (await working)[0].detail == "a slip"


async def test_who_watches_hears_everything_once_and_the_end(rig: SimulatedRig) -> None:
    started = await rig.runs.start(RECIPE, {})

    async def follow(after: int) -> list[int]:
        return [event.sequence async for event, _ in rig.runs.watch(started.run_id, after)]

    early, late = asyncio.create_task(follow(0)), asyncio.create_task(follow(3))
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    await rig.runs.resume(run.run_id)
    await rig.end()
    whole = len(rig.journal.runs.events(run.run_id))
    assert await early == list(range(1, whole + 1))
    assert await late == list(range(4, whole + 1))
    assert await follow(whole) == []


async def test_a_restarted_service_aborts_what_a_dead_one_left(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("dwell")
    await rig.runs.hold(run.run_id, "lunch")
    left = replace(rig.runs.get(run.run_id), run_id="left")
    rig.journal.runs.add(left, RECIPE)
    await rig.runs.abort(run.run_id, "over")
    await rig.runs.recover()
    ended = rig.runs.get("left")
    assert (ended.state, ended.detail) == (State.ABORTED, "the service restarted")
    assert rig.states("left") == [State.ABORTING, State.ABORTED]


async def test_a_service_that_stops_leaves_nothing_flowing(rig: SimulatedRig) -> None:
    await rig.runs.start(RECIPE, {})
    run = await rig.until_it("wait until")
    await rig.runs.stop()
    assert rig.runs.get(run.run_id).detail == "the service stopped"
    assert set(rig.outputs().values()) == {0.0}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(DEEDS)),
        max_size=8,
    )
)
def test_whatever_happens_when_a_run_moves_by_the_table_and_ends_with_safe_outputs(
    storm: list[tuple[int, str]],
) -> None:
    async def through(folder: Path) -> None:
        rig = SimulatedRig(folder)
        guard = asyncio.create_task(rig.runs.guard())
        run_id = (await rig.runs.start(RECIPE, {}, actor=ANN)).run_id
        for steps, deed in storm:
            for _ in range(steps):
                await asyncio.sleep(0)
            with suppress(ControllerError):
                await happen(rig, run_id, deed)
            run = rig.runs.get(run_id)
            if run.state is State.HELD:
                assert [rig.output(name) for name in QUIET] == [0.0, 0.0, 0.0]
        await rig.runs.abort(run_id, "the end")
        guard.cancel()
        states = rig.states(run_id)
        assert states[-1] in ENDED
        if states[-1] is State.ABORTED:
            assert set(rig.outputs().values()) == {0.0}
        assert rig.clock.participants == 0
        rig.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(through(Path(folder)))


async def happen(rig: SimulatedRig, run_id: str, deed: str) -> None:
    match deed:
        case "hold":
            await rig.runs.hold(run_id, "a storm")
        case "resume":
            await rig.runs.resume(run_id, actor=ANN)
        case "abort":
            await rig.runs.abort(run_id, "a storm")
        case "take":
            await rig.take_lease(BOB, "his", ttl_s=20.0)
        case "give":
            await rig.give_lease_back("his")
        case "warm" | "hot" | "cool":
            rig.hardware.reads["reactor.temperature"] = {"warm": 75.0, "hot": 90.0, "cool": 25.0}[deed]
        case "reset":
            await rig.reactor.reset(actor=ANN)
        case "unplug" | "plug in":
            rig.hardware.lost = deed == "unplug"
            rig.pass_time(0.5)
