"""A campaign has the reactor from first trial to last, waits for held ones, and outlives restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from controller.campaign.engine import CampaignEngine
from controller.domain.campaign import CampaignState, TrialState
from controller.domain.errors import ControllerError, DocumentError
from controller.domain.modes import State
from tests.unit.controller.campaign.simulated_rig import ANN, BOB, RECIPE, InlinePlanner, SimulatedRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from controller.domain.campaign import Campaign

CAMPAIGN = """
[campaign]
name = "reach"
seed = 3

[conditions.silver]
low = "5 %"
high = "45 %"

[objectives.peak_wavelength]
target = "560 nm"
tolerance = "0.01 nm"

[strategy]
name = "random"

[budget]
trials = 3
"""


class Bench:
    """A campaign engine on the rig, as the service has one, and another after each restart."""

    def __init__(self, rig: SimulatedRig) -> None:
        self.rig = rig
        rig.spectrometer.peak_nm = lambda: 500.0 + rig.output("pump.silver") / 10.0
        self.engine = self.made()

    def made(self) -> CampaignEngine:
        surrogates: Any = SimpleNamespace()
        planner = InlinePlanner()
        return CampaignEngine(self.rig.reactor, self.rig.runs, self.rig.journal, surrogates, planner)

    async def start(self, actor: str = ANN, lease: str = "", **replaced: str) -> Campaign:
        overrides = {place.replace("_", ".", 1): value for place, value in replaced.items()}
        created = self.engine.create(CAMPAIGN, RECIPE, overrides)
        return await self.engine.start(created.campaign_id, actor=actor, lease=lease)

    async def until_trial(self, number: int, deed: str) -> str:
        """Let the campaign go on until its n-th trial does this; the id of its run."""
        rig = self.rig

        def is_there() -> bool:
            run = rig.runs.active
            return len(rig.runs.list(99, 0)) == number and run is not None and run.detail.startswith(deed)

        await rig.until(is_there)
        run = rig.runs.active
        assert run is not None
        return run.run_id

    async def end(self, campaign_id: str) -> Campaign:
        await self.rig.until(lambda: not self.engine.active)
        return self.engine.get(campaign_id)

    def told(self, campaign_id: str) -> list[str]:
        return [event.message for event in self.rig.journal.campaigns.events(campaign_id)]


@pytest.fixture
async def bench(rig: SimulatedRig) -> AsyncIterator[Bench]:
    made = Bench(rig)
    yield made
    await made.engine.stop()


async def refusal(asked) -> str:
    with pytest.raises(ControllerError) as refused:
        await asked
    return refused.value.reason


async def test_a_campaign_spends_its_budget_and_leaves_nothing_flowing(bench: Bench) -> None:
    started = await bench.start()
    assert (started.state, bench.engine.active) == (CampaignState.RUNNING, started.campaign_id)
    ended = await bench.end(started.campaign_id)
    assert (ended.state, ended.trials_complete) == (CampaignState.COMPLETE, 3)
    assert ended.reason.startswith("not reached: best peak ")
    assert "; by a Gaussian process fitted to these trials, one more would reach it with " in ended.reason
    assert set(bench.rig.outputs().values()) == {0.0}
    trials = bench.engine.trials(started.campaign_id, 9, 0)
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert len({trial.asked["silver"] for trial in trials}) == 3
    runs = bench.rig.runs.list(9, 0)
    assert {run.actor for run in runs} == {f"campaign {started.campaign_id}"}
    assert bench.told(started.campaign_id)[0] == f"started by {ANN}"


async def test_a_campaign_ends_at_once_when_it_has_reached_its_objective(bench: Bench) -> None:
    bench.rig.spectrometer.peak_nm = lambda: 560.0
    ended = await bench.end((await bench.start()).campaign_id)
    assert (ended.reached, ended.trials_complete) == (True, 1)
    assert ended.reason == "reached: peak 560.00 nm (target 560 nm) in 1 trials"


async def test_a_campaign_may_go_on_beyond_its_objective_and_says_so_all_the_while(bench: Bench) -> None:
    bench.rig.spectrometer.peak_nm = lambda: 560.0
    campaign_id = (await bench.start(budget_until="spent")).campaign_id
    assert bench.engine.get(campaign_id).reason == "goes on until its budget is spent"
    await bench.until_trial(2, "dwell")
    first = "goes on until its budget is spent; trial 1 was the first to meet every target"
    assert bench.engine.get(campaign_id).reason == first
    ended = await bench.end(campaign_id)
    assert (ended.reached, ended.trials_complete) == (True, 3)
    assert ended.reason == (
        "reached: peak 560.00 nm (target 560 nm) in trial 1; 3 of 3 trials met every target, trial 1 first"
    )
    told = [each for each in bench.told(campaign_id) if "meets every target" in each]
    assert told == ["trial 1 meets every target; the campaign goes on until its budget is spent"]


async def test_a_restarted_service_knows_that_a_campaign_goes_on_beyond_its_objective(bench: Bench) -> None:
    bench.rig.spectrometer.peak_nm = lambda: 560.0
    campaign_id = (await bench.start(budget_until="spent")).campaign_id
    await bench.until_trial(2, "dwell")
    await bench.engine.stop()
    bench.engine = bench.made()
    await bench.engine.resume_all()
    assert (await bench.end(campaign_id)).trials_complete == 3


@pytest.mark.parametrize("until", ["soon", ""])
async def test_how_long_a_campaign_goes_on_is_one_of_two_words(bench: Bench, until: str) -> None:
    with pytest.raises(DocumentError) as error:
        await bench.start(budget_until=until)
    assert [(each.place, each.description) for each in error.value.violations] == [
        ("budget.until", "must be one of: reached, spent")
    ]


async def test_a_held_trial_waits_and_then_goes_on_to_be_counted_once(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    run_id = await bench.until_trial(2, "dwell")
    await bench.rig.runs.hold(run_id, "the stirrer stands")
    bench.rig.pass_time(600.0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert bench.engine.get(campaign_id).state is CampaignState.RUNNING
    assert bench.engine.trials(campaign_id, 9, 0)[-1].state is TrialState.RUNNING
    assert bench.told(campaign_id)[-1] == f"trial 2 is held (run {run_id}): the stirrer stands"
    await bench.rig.runs.resume(run_id, actor=BOB)
    assert (await bench.end(campaign_id)).trials_complete == 3
    assert f"trial 2 goes on: resumed by {BOB}" in bench.told(campaign_id)


async def test_a_campaign_is_aborted_with_its_held_trial(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    run_id = await bench.until_trial(1, "dwell")
    await bench.rig.runs.hold(run_id, "lunch")
    ended = await bench.engine.abort(campaign_id, "aborted by ann: over")
    assert (ended.state, ended.reason) == (CampaignState.ABORTED, "aborted by ann: over")
    assert bench.rig.runs.get(run_id).detail == "its campaign was stopped"
    assert set(bench.rig.outputs().values()) == {0.0}
    assert await bench.engine.abort(campaign_id, "again") == ended


async def test_two_aborts_at_once_end_a_campaign_once(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    await bench.until_trial(1, "wait until")
    first, second = await asyncio.gather(
        bench.engine.abort(campaign_id, "first"), bench.engine.abort(campaign_id, "second")
    )
    assert first == second
    assert bench.told(campaign_id).count("first") == 1
    assert "second" not in bench.told(campaign_id)


async def test_a_campaign_that_is_aborted_before_its_first_step_frees_the_reactor(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    await bench.engine.abort(campaign_id, "a slip")
    assert not bench.engine.active
    await bench.rig.runs.start(RECIPE, {})


async def test_who_aborts_a_campaign_that_waits_does_not_disturb_a_run(bench: Bench) -> None:
    waiting = bench.engine.create(CAMPAIGN, RECIPE, {})
    await bench.rig.runs.start(RECIPE, {})
    await bench.rig.until_it("dwell")
    await bench.engine.abort(waiting.campaign_id, "not wanted")
    assert bench.rig.output("pump.water") == 480.0


async def test_the_reactor_is_the_campaigns_between_trials_too(bench: Bench) -> None:
    refused: list[str] = []
    heard = bench.rig.journal.campaigns.add_event

    def between(event) -> None:
        heard(event)
        if event.message == "trial 1 complete":
            assert bench.rig.runs.active is None
            with pytest.raises(ControllerError) as error:
                bench.rig.runs.reserve("another")
            refused.append(str(error.value))

    bench.rig.journal.campaigns.add_event = between  # type: ignore[method-assign]
    campaign_id = (await bench.start()).campaign_id
    other = bench.engine.create(CAMPAIGN, RECIPE, {})
    assert await refusal(bench.rig.runs.start(RECIPE, {})) == "REACTOR_BUSY"
    assert await refusal(bench.engine.start(other.campaign_id)) == "REACTOR_BUSY"
    assert await refusal(bench.engine.start(campaign_id)) == "CAMPAIGN_RUNNING"
    await bench.end(campaign_id)
    assert refused == [
        f"campaign {campaign_id} holds the reactor; wait for it, or 'ostwald campaign abort' it"
    ]
    assert await refusal(bench.engine.start(campaign_id)) == "CAMPAIGN_ENDED"
    await bench.rig.runs.start(RECIPE, {})


async def test_a_campaign_waits_for_the_run_that_holds_the_reactor(bench: Bench) -> None:
    await bench.rig.runs.start(RECIPE, {})
    created = bench.engine.create(CAMPAIGN, RECIPE, {})
    assert await refusal(bench.engine.start(created.campaign_id)) == "REACTOR_BUSY"
    assert bench.engine.get(created.campaign_id).state is CampaignState.CREATED


async def test_nobody_starts_a_campaign_under_anothers_lease(bench: Bench) -> None:
    await bench.rig.take_lease(ANN, "hers")
    assert await refusal(bench.start(BOB)) == "LEASE_HELD"
    assert await refusal(bench.start(BOB, "forged")) == "LEASE_HELD"
    campaign_id = (await bench.start(ANN, "hers")).campaign_id
    assert (await bench.end(campaign_id)).trials_complete == 3
    assert all(run.leased for run in bench.rig.runs.list(9, 0))


async def test_a_trial_is_held_when_the_campaigns_lease_is_lost_and_resumed_under_another_for_good(
    bench: Bench,
) -> None:
    rig = bench.rig
    await rig.take_lease(ANN, "hers")
    campaign_id = (await bench.start(ANN, "hers")).campaign_id
    run_id = await bench.until_trial(1, "dwell")
    await rig.give_lease_back("hers")
    await rig.until(lambda: rig.runs.get(run_id).state is State.HELD)
    assert rig.runs.get(run_id).detail == f"the lease of {ANN} was lost"
    await rig.take_lease(BOB, "his")
    await rig.runs.resume(run_id, actor=BOB, lease="his")
    assert (await bench.end(campaign_id)).trials_complete == 3
    holds = [each for each in bench.told(campaign_id) if "is held" in each]
    assert holds == [f"trial 1 is held (run {run_id}): the lease of {ANN} was lost"]


async def test_a_lease_that_is_lost_between_trials_holds_the_next_before_it_acts(bench: Bench) -> None:
    rig = bench.rig
    await rig.take_lease(ANN, "hers", ttl_s=200.0)
    campaign_id = (await bench.start(ANN, "hers")).campaign_id
    heard = rig.journal.campaigns.add_event

    def run_out(event) -> None:
        heard(event)
        if event.message == "trial 1 complete":
            rig.pass_time(200.0)

    rig.journal.campaigns.add_event = run_out  # type: ignore[method-assign]
    await rig.until(lambda: rig.runs.active and rig.runs.active.state is State.HELD)
    run = rig.runs.active
    assert run is not None
    assert (run.step, run.detail) == (1, f"the lease of {ANN} was lost")
    assert "flush with water" not in rig.told(run.run_id)
    await bench.engine.abort(campaign_id, "over")


async def test_three_trials_that_fail_in_a_row_hold_the_campaign(bench: Bench) -> None:
    campaign_id = (await bench.start(budget_trials="9")).campaign_id
    for number in (1, 2, 3):
        run_id = await bench.until_trial(number, "dwell")
        await bench.rig.runs.abort(run_id, "no good")
    held = await bench.end(campaign_id)
    assert held.state is CampaignState.HELD
    assert held.reason == "held: 3 trials in a row failed, the last: no good"


@pytest.mark.parametrize("cause", ["trip", "loss"])
async def test_a_trial_waits_while_the_reactor_is_away_and_is_counted_once(bench: Bench, cause: str) -> None:
    rig = bench.rig
    campaign_id = (await bench.start()).campaign_id
    run_id = await bench.until_trial(2, "dwell")
    rig.hardware.lost = cause == "loss"
    rig.hardware.reads["reactor.temperature"] = 90.0 if cause == "trip" else 25.0
    await rig.until(lambda: rig.runs.get(run_id).state is State.HELD)
    rig.pass_time(60.0)
    assert bench.engine.get(campaign_id).state is CampaignState.RUNNING
    assert set(rig.outputs().values()) == {0.0}
    rig.hardware.lost, rig.hardware.reads["reactor.temperature"] = False, 25.0
    rig.pass_time(1.0)
    if cause == "trip":
        await rig.reactor.reset(actor=ANN)
        rig.pass_time(1.0)
    await rig.runs.resume(run_id, actor=ANN)
    ended = await bench.end(campaign_id)
    assert (ended.state, ended.trials_complete) == (CampaignState.COMPLETE, 3)
    assert any(f"trial 2 is held (run {run_id}): the reactor is" in each for each in bench.told(campaign_id))


async def test_an_emergency_stop_holds_the_campaign_until_a_person_has_looked(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    await bench.until_trial(2, "dwell")
    await bench.rig.reactor.emergency_stop("smoke", actor=ANN)
    held = await bench.end(campaign_id)
    assert held.state is CampaignState.HELD
    assert "trial 2: the reactor is stopped: emergency stop: smoke" in held.reason
    assert await refusal(bench.engine.start(campaign_id)) == "REACTOR_NOT_READY"
    await bench.rig.reactor.reset(actor=ANN)
    bench.rig.pass_time(2.0)
    await bench.engine.start(campaign_id)
    assert (await bench.end(campaign_id)).state is CampaignState.COMPLETE


async def test_a_restarted_service_tries_again_what_was_cut_off(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    await bench.until_trial(2, "dwell")
    await bench.engine.stop()
    before = bench.engine.trials(campaign_id, 9, 0)
    assert before[-1].state is TrialState.RUNNING
    bench.engine = bench.made()
    await bench.engine.resume_all()
    ended = await bench.end(campaign_id)
    after = bench.engine.trials(campaign_id, 9, 0)
    assert ended.trials_complete == 3
    assert after[0] == before[0]
    assert after[1] == replace(before[1], state=TrialState.INTERRUPTED, detail="the service restarted")
    assert after[2].asked == before[1].asked


async def test_a_restarted_control_leaves_a_campaign_to_a_person(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id
    await bench.until_trial(2, "dwell")
    await bench.engine.stop()
    bench.rig.wire.publish(replace(bench.rig.reactor.snapshot(), boot_id=8))
    bench.engine = bench.made()
    await bench.engine.resume_all()
    assert bench.engine.get(campaign_id).state is CampaignState.HELD
    assert "the control process restarted" in bench.engine.get(campaign_id).reason
    assert not bench.engine.active


async def test_who_watches_a_campaign_hears_everything_once_and_the_end(bench: Bench) -> None:
    campaign_id = (await bench.start()).campaign_id

    async def follow(after: int) -> list[int]:
        return [event.sequence async for event, _, _ in bench.engine.watch(campaign_id, after)]

    early = asyncio.create_task(follow(0))
    await bench.end(campaign_id)
    whole = list(range(1, len(bench.told(campaign_id)) + 1))
    assert await early == whole
    assert await follow(4) == whole[4:]


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine.start("zz"),
        lambda engine: engine.abort("zz", ""),
        lambda engine: anext(engine.watch("zz", 0)),
    ],
)
async def test_an_unknown_campaign_is_unknown(bench: Bench, ask: Callable[[CampaignEngine], Any]) -> None:
    assert await refusal(ask(bench.engine)) == "CAMPAIGN_UNKNOWN"
