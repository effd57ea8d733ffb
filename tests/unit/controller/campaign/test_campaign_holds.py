"""A person holds a campaign, within a trial or between two, and lets it go on: also after a restart."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from controller.campaign.engine import CampaignEngine
from controller.domain.campaign import CampaignState, TrialState
from controller.domain.errors import ControllerError
from controller.domain.modes import State
from tests.unit.controller.campaign.simulated_rig import ANN, BOB, RECIPE, InlinePlanner, SimulatedRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
WHY = f"held by {ANN}: the stirrer stands"


class Held:
    """A campaign that was started on the rig, and its engine."""

    def __init__(self, rig: SimulatedRig) -> None:
        self.rig = rig
        rig.spectrometer.peak_nm = lambda: 500.0 + rig.output("pump.silver") / 10.0
        self.engine = self.made()
        self.id = self.engine.create(CAMPAIGN, RECIPE, {}).campaign_id

    def made(self) -> CampaignEngine:
        surrogates: Any = SimpleNamespace()
        planner = InlinePlanner()
        return CampaignEngine(self.rig.reactor, self.rig.runs, self.rig.journal, surrogates, planner)

    async def begin(self, trial: int = 1, deed: str = "dwell") -> str:
        """Start it and let it go on until a trial does this; the id of the trial's run."""
        await self.engine.start(self.id, actor=ANN)
        return await self.until_trial(trial, deed)

    async def until_trial(self, number: int, deed: str) -> str:
        runs = self.rig.runs

        def is_there() -> bool:
            run = runs.active
            return len(runs.list(99, 0)) == number and run is not None and run.detail.startswith(deed)

        await self.rig.until(is_there)
        return runs.list(1, 0)[0].run_id

    def between_trials(self, deed) -> None:
        """Do something once, as soon as the first trial is complete and the next is not begun."""
        heard = self.rig.journal.campaigns.add_event

        def listen(event) -> None:
            heard(event)
            if event.message == "trial 1 complete":
                deed()

        self.rig.journal.campaigns.add_event = listen  # type: ignore[method-assign]

    async def end(self) -> CampaignState:
        await self.rig.until(lambda: not self.engine.active)
        return self.engine.get(self.id).state

    def restart(self) -> None:
        self.engine = self.made()

    def trials(self) -> list[TrialState]:
        return [trial.state for trial in self.engine.trials(self.id, 9, 0)]

    def told(self) -> list[str]:
        return [event.message for event in self.rig.journal.campaigns.events(self.id)]


@pytest.fixture
async def held(rig: SimulatedRig) -> AsyncIterator[Held]:
    made = Held(rig)
    yield made
    await made.engine.stop()


async def refusal(asked) -> str:
    with pytest.raises(ControllerError) as refused:
        await asked
    return refused.value.reason


async def test_a_hold_cuts_into_the_trial_and_resume_ends_that_trial(held: Held) -> None:
    run_id = await held.begin(trial=2)
    campaign = await held.engine.hold(held.id, WHY)
    assert (campaign.state, campaign.reason) == (CampaignState.HELD, WHY)
    assert held.rig.runs.get(run_id).state is State.HELD
    assert held.rig.output("pump.water") == 0.0
    assert held.engine.active == held.id, "the reactor stays the campaign's"
    campaign = await held.engine.resume(held.id, actor=BOB)
    assert (campaign.state, campaign.reason) == (CampaignState.RUNNING, "")
    assert await held.end() is CampaignState.COMPLETE
    assert held.trials() == [TrialState.COMPLETE] * 3
    assert len(held.rig.runs.list(9, 0)) == 3, "no trial was done twice"


async def test_a_hold_after_the_trial_lets_it_end_and_frees_the_reactor(held: Held) -> None:
    await held.begin()
    campaign = await held.engine.hold(held.id, WHY, after_trial=True)
    assert (campaign.state, campaign.reason) == (CampaignState.RUNNING, WHY)
    assert await held.end() is CampaignState.HELD
    assert held.engine.get(held.id).reason == WHY
    assert held.trials() == [TrialState.COMPLETE]
    await held.engine.resume(held.id, actor=BOB)
    assert await held.end() is CampaignState.COMPLETE


async def test_a_hold_that_is_to_come_can_be_taken_back(held: Held) -> None:
    await held.begin()
    await held.engine.hold(held.id, WHY, after_trial=True)
    campaign = await held.engine.resume(held.id, actor=BOB)
    assert (campaign.state, campaign.reason) == (CampaignState.RUNNING, "")
    assert await held.end() is CampaignState.COMPLETE
    assert f"not to be held any more: {BOB}" in held.told()


async def test_a_hold_between_two_trials_takes_effect_before_the_second_acts(held: Held) -> None:
    holding: list[asyncio.Task[Any]] = []
    held.between_trials(lambda: holding.append(asyncio.create_task(held.engine.hold(held.id, WHY))))
    await held.engine.start(held.id, actor=ANN)
    await held.rig.until(lambda: holding)
    campaign = await holding[0]
    assert (campaign.state, campaign.reason) == (CampaignState.HELD, WHY)
    assert held.trials() == [TrialState.COMPLETE]
    assert held.told()[-2:] == [f"before the next trial: {WHY}", WHY]
    assert held.rig.output("pump.water") == 0.0


async def test_who_resumes_the_held_run_resumes_the_campaign(held: Held) -> None:
    run_id = await held.begin()
    await held.engine.hold(held.id, WHY)
    await held.rig.runs.resume(run_id, actor=BOB)
    assert held.engine.get(held.id).state is CampaignState.RUNNING
    assert await held.end() is CampaignState.COMPLETE


async def test_who_resumes_the_campaign_resumes_a_run_that_was_held_by_itself(held: Held) -> None:
    run_id = await held.begin()
    await held.rig.runs.hold(run_id, "lunch")
    await held.engine.resume(held.id, actor=BOB)
    assert held.rig.runs.get(run_id).state is not State.HELD
    assert await held.end() is CampaignState.COMPLETE


async def test_starting_a_campaign_that_is_held_within_a_trial_goes_on_with_it(held: Held) -> None:
    await held.begin()
    await held.engine.hold(held.id, WHY)
    await held.engine.start(held.id, actor=BOB)
    assert await held.end() is CampaignState.COMPLETE
    assert len(held.rig.runs.list(9, 0)) == 3


async def test_a_campaign_whose_held_trial_is_aborted_stays_held(held: Held) -> None:
    run_id = await held.begin()
    await held.engine.hold(held.id, WHY)
    await held.rig.runs.abort(run_id, "spoilt")
    assert await held.end() is CampaignState.HELD
    assert held.trials() == [TrialState.FAILED]


@pytest.mark.parametrize("after_trial", [False, True])
async def test_a_restarted_service_leaves_a_held_campaign_to_a_person(held: Held, after_trial: bool) -> None:
    await held.begin(trial=2)
    await held.engine.hold(held.id, WHY, after_trial=after_trial)
    await held.engine.stop()
    held.restart()
    await held.engine.resume_all()
    assert (held.engine.get(held.id).state, held.engine.active) == (CampaignState.HELD, "")
    assert held.engine.get(held.id).reason == WHY
    assert held.trials() == [TrialState.COMPLETE, TrialState.INTERRUPTED]
    await held.engine.resume(held.id, actor=BOB)
    assert await held.end() is CampaignState.COMPLETE
    first, cut, again, last = held.engine.trials(held.id, 9, 0)
    assert again.asked == cut.asked
    assert {first.state, again.state, last.state} == {TrialState.COMPLETE}


async def test_a_campaign_is_aborted_while_it_is_held(held: Held) -> None:
    await held.begin()
    await held.engine.hold(held.id, WHY)
    campaign = await held.engine.abort(held.id, "over")
    assert (campaign.state, held.engine.active) == (CampaignState.ABORTED, "")
    assert await refusal(held.engine.resume(held.id)) == "CAMPAIGN_NOT_HELD"


async def test_a_campaign_that_is_held_twice_keeps_the_first_reason(held: Held) -> None:
    await held.begin()
    first = await held.engine.hold(held.id, WHY)
    assert await held.engine.hold(held.id, "again") == first


async def test_only_a_running_campaign_is_held_and_only_a_held_one_resumed(held: Held) -> None:
    assert await refusal(held.engine.hold(held.id, WHY)) == "CAMPAIGN_NOT_RUNNING"
    assert await refusal(held.engine.resume(held.id)) == "CAMPAIGN_NOT_HELD"
    await held.begin()
    assert await refusal(held.engine.resume(held.id)) == "CAMPAIGN_NOT_HELD"
    assert await refusal(held.engine.hold("zz", WHY)) == "CAMPAIGN_UNKNOWN"


async def test_nobody_resumes_a_held_trial_under_anothers_lease(held: Held) -> None:
    await held.begin()
    await held.engine.hold(held.id, WHY)
    await held.rig.take_lease(ANN, "hers")
    assert await refusal(held.engine.resume(held.id, actor=BOB)) == "LEASE_HELD"
    assert held.engine.get(held.id).state is CampaignState.HELD
    await held.engine.resume(held.id, actor=ANN, lease="hers")
    assert await held.end() is CampaignState.COMPLETE


async def test_who_watches_hears_of_the_hold_and_is_let_go(held: Held) -> None:
    await held.begin()
    heard = asyncio.create_task(_follow(held))
    await held.engine.hold(held.id, WHY)
    assert WHY in await heard


async def _follow(held: Held) -> list[str]:
    return [event.message async for event, _, _ in held.engine.watch(held.id, 0)]
