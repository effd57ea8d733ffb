"""What a campaign tries next, and what more trials could have brought; the mathematics is the planner's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from controller.campaign import outcomes
from controller.campaign.strategies.chances import best_chance
from controller.campaign.strategies.registry import propose
from controller.campaign.warm_start import propose_from_surrogate
from controller.domain.campaign import CampaignState, Proposal, TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from controller.campaign.outcomes import Ending
    from controller.domain.campaign import CampaignSpec, Trial
    from controller.domain.ports import Surrogate


class Planning:
    """One campaign's choices; `planner` None: the loop's own threads compute."""

    def __init__(self, spec: CampaignSpec, surrogate: Surrogate | None, planner: Executor | None) -> None:
        self._spec = spec
        self._surrogate = surrogate
        self._planner = planner

    async def next(self, trials: Sequence[Trial], now_s: float) -> Trial:
        """Decide what to try: again what was cut off, else what surrogate or strategy proposes."""
        if trials and trials[-1].state is TrialState.INTERRUPTED:
            proposal = Proposal(trials[-1].asked, trials[-1].source)
        else:
            proposal = await self._propose(trials)
        surrogate = self._surrogate
        prediction = surrogate.predict([proposal.conditions])[0] if surrogate is not None else None
        return outcomes.announce(len(trials) + 1, proposal, prediction, now_s)

    async def explain(self, ending: Ending, done: Sequence[Trial]) -> Ending:
        """Add to a budget that is spent how probable it is that more of it would have helped."""
        if ending.state is not CampaignState.COMPLETE or ending.reached:
            return ending
        spec, history = self._spec, [outcomes.observe(trial) for trial in done]
        ask = partial(best_chance, spec.space, spec.objectives, history, spec.seed)
        chance = await asyncio.get_running_loop().run_in_executor(self._planner, ask)
        if chance is None:
            return ending
        return replace(ending, reason=f"{ending.reason}; {outcomes.explain_chance(chance, spec)}")

    async def _propose(self, trials: Sequence[Trial]) -> Proposal:
        spec, surrogate = self._spec, self._surrogate
        done = outcomes.ended(trials)
        if surrogate is not None and len(done) < spec.surrogate_trials:
            proposal = propose_from_surrogate(spec, surrogate, [trial.asked for trial in done])
            if proposal is not None:
                return proposal
        history = [outcomes.observe(trial) for trial in done]
        ask = partial(
            propose,
            spec.strategy,
            spec.space,
            spec.objectives,
            history,
            spec.seed,
            budget=spec.trials_budget,
        )
        return await asyncio.get_running_loop().run_in_executor(self._planner, ask)
