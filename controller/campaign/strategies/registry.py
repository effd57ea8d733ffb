"""The strategies, by name: each a pure function of the trials so far and a seed, with no state to lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.campaign.constraints import to_conditions
from controller.campaign.strategies import bayesian, designs
from controller.domain.campaign import Proposal
from controller.domain.errors import ControllerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from controller.domain.campaign import Objective, Observation, Space, StrategySpec

# A design places all its points at once, so a campaign of n trials takes its first n.
DESIGNS: Mapping[str, Callable[[Space, int, int], NDArray[np.float64]]] = {
    "random": designs.random,
    "latin-hypercube": designs.latin_hypercube,
    "sobol": designs.sobol,
}
LEARNERS: Mapping[
    str, Callable[[Space, Sequence[Objective], Sequence[Observation], int], NDArray[np.float64]]
] = {"bayesian": bayesian.propose}
STRATEGIES = (*DESIGNS, *LEARNERS)


def propose(
    spec: StrategySpec,
    space: Space,
    objectives: Sequence[Objective],
    history: Sequence[Observation],
    seed: int,
    *,
    budget: int,
) -> Proposal:
    """Propose the next trial. Equal arguments give an equal proposal, inside bounds and constraints."""
    number = len(history)
    if spec.name in DESIGNS:
        point = DESIGNS[spec.name](space, max(budget, number + 1), seed)[number]
        return Proposal(to_conditions(space, point), spec.name)
    learner = LEARNERS.get(spec.name)
    initial = DESIGNS.get(spec.initial)
    if learner is None or initial is None:
        wrong = spec.name if learner is None else spec.initial
        raise ControllerError(
            f"unknown strategy '{wrong}'", reason="STRATEGY_UNKNOWN", remedy=f"known: {', '.join(STRATEGIES)}"
        )
    if number < max(2, spec.initial_trials):
        point = initial(space, max(2, spec.initial_trials), seed)[number]
        return Proposal(to_conditions(space, point), spec.initial)
    point = learner(space, objectives, history, seed + 1000 * number)
    return Proposal(to_conditions(space, point), spec.name)
