"""What came of trials: what a strategy learns from one, and how a campaign ended, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from controller.campaign import objectives as goals
from controller.campaign.figures import decimals, quantity
from controller.domain.campaign import CampaignState, ObjectiveKind, Observation, Trial, TrialState, Until
from controller.domain.readings import SPECTRUM_DISTANCE
from controller.domain.run import RunState
from controller.sensing.likeness import spectrum_distance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.campaign.strategies.chances import Chance
    from controller.domain.campaign import CampaignSpec, Objective, Proposal
    from controller.domain.readings import Spectrum
    from controller.domain.run import Run
    from controller.domain.surrogates import Prediction

_FAILURES_TO_HOLD = 3
_UNLIKELY = 0.05
_RARE = 0.01


@dataclass(frozen=True, slots=True)
class Ending:
    """How a campaign ends, or is held: the state, why, and whether its targets were reached."""

    state: CampaignState
    reason: str
    reached: bool = False


def judge(spec: CampaignSpec, done: Sequence[Trial], elapsed_s: float) -> Ending | None:
    """Say how a campaign ends after these trials, which have ended; None while it goes on."""
    if spec.until is Until.REACHED and done and goals.reached(spec.objectives, done[-1].properties):
        return Ending(CampaignState.COMPLETE, describe(spec, done, reached=True), reached=True)
    if len(done) >= spec.trials_budget or elapsed_s > spec.time_budget_s:
        if spec.until is Until.SPENT and (found := met(spec, done)):
            return Ending(CampaignState.COMPLETE, _describe_met(spec, done, found), reached=True)
        return Ending(CampaignState.COMPLETE, describe(spec, done, reached=False))
    last = done[-_FAILURES_TO_HOLD:]
    if len(last) == _FAILURES_TO_HOLD and all(trial.state is TrialState.FAILED for trial in last):
        why = f"held: {_FAILURES_TO_HOLD} trials in a row failed, the last: {last[-1].detail}"
        return Ending(CampaignState.HELD, why)
    return None


def ended(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that ended by themselves."""
    return [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.FAILED)]


def met(spec: CampaignSpec, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that meet every target, in order."""
    return [each for each in trials if _scores(each) and goals.reached(spec.objectives, each.properties)]


def best_number(spec: CampaignSpec, trials: Sequence[Trial]) -> int:
    """Return the number of the trial with the lowest score; 0 without one.

    A campaign that goes on beyond its targets looks for it among those that meet them, if any does.
    """
    found = met(spec, trials) if spec.until is Until.SPENT else []
    scored = [(each.score, each.number) for each in found or trials if each.score is not None]
    return min(scored)[1] if scored else 0


def standing(spec: CampaignSpec, trials: Sequence[Trial]) -> str:
    """Say of a campaign under way that it does not end with its targets; empty for one that does."""
    if spec.until is Until.REACHED:
        return ""
    found = met(spec, trials)
    so_far = f"; trial {found[0].number} was the first to meet every target" if found else ""
    return f"goes on until its budget is spent{so_far}"


def units(spec: CampaignSpec, yields: Mapping[str, str]) -> dict[str, str]:
    """Return the unit of every property that a trial may have: its recipe `yields` most of them."""
    distance = {} if spec.target_spectrum is None else {SPECTRUM_DISTANCE: "1"}
    return {**yields, **distance}


def announce(number: int, proposal: Proposal, prediction: Prediction | None, now_s: float) -> Trial:
    """Return a trial as it is journaled before it acts."""
    return Trial(
        number=number,
        state=TrialState.RUNNING,
        source=proposal.source,
        asked=dict(proposal.conditions),
        started_s=now_s,
        predicted={} if prediction is None else dict(prediction.properties),
        novelty=None if prediction is None else prediction.novelty,
    )


def conclude(
    trial: Trial, run: Run, spec: CampaignSpec, now_s: float, sample: Spectrum | None = None
) -> Trial:
    """Return a trial with what its run yielded, scored where all objectives were measured.

    `sample` is the run's absorbance spectrum, which a campaign toward a whole spectrum compares.
    """
    complete = run.state is RunState.COMPLETE
    properties = {**run.properties, **_distance(spec, sample)}
    usable = complete and all(each.property_name in properties for each in spec.objectives)
    score = goals.score(spec.objectives, properties) if usable and spec.objectives else None
    return replace(
        trial,
        state=TrialState.COMPLETE if complete else TrialState.FAILED,
        achieved=run.achieved,
        properties=properties,
        score=score if score is not None and isfinite(score) else None,
        run_id=run.run_id,
        spectrum_id=run.spectrum_id,
        emission_id=run.emission_id,
        detail="" if usable else ("no usable peak" if complete else run.detail),
        ended_s=now_s,
    )


def observe(trial: Trial) -> Observation:
    """Return what a strategy learns from a trial that has ended."""
    return Observation(trial.asked, trial.properties if _scores(trial) else None)


def describe(spec: CampaignSpec, trials: Sequence[Trial], *, reached: bool) -> str:
    """Say how a campaign ended: "reached: peak 519.4 nm (target 520 nm) in 11 trials"."""
    targets = [each for each in spec.objectives if each.kind is ObjectiveKind.TARGET]
    count = f"in {len(trials)} trials"
    scored = [(trial.score, -trial.number) for trial in trials if trial.score is not None]
    if not targets:
        return f"budget spent {count}{_best(spec, trials)}"
    if not scored:
        return f"not reached: no usable spectrum {count}"
    number = trials[-1].number if reached else -min(scored)[1]
    best = next(trial for trial in trials if trial.number == number)
    said = ", ".join(_aimed(each, best) for each in targets)
    if reached:
        return f"reached: {said} {count}"
    why = goals.explain_not_reached(spec.space, spec.objectives, [observe(trial) for trial in trials])
    return f"not reached: best {said} {count}; {why}"


def explain_chance(chance: Chance, spec: CampaignSpec) -> str:
    """Say how probable it is that one more trial reaches the targets, and what follows from that."""
    percent = f"{100.0 * chance.probability:.0f} %" if chance.probability >= _RARE else "less than 1 %"
    said = f"by a Gaussian process fitted to these trials, one more would reach it with {percent}"
    if chance.probability < _UNLIKELY:
        return f"{said} at best: not to be expected within these limits"
    units = {each.name: each.unit for each in spec.space.conditions}
    where = ", ".join(f"{name} {value:.4g} {units[name]}" for name, value in chance.conditions.items())
    return f"{said} at {where}"


def _distance(spec: CampaignSpec, sample: Spectrum | None) -> dict[str, float]:
    """Return how far a sample is from the target spectrum, by name; empty where that can't be said."""
    target = spec.target_spectrum
    if target is None or sample is None or not sample.absorbance:
        return {}
    distance = spectrum_distance(
        np.asarray(sample.wavelengths_nm),
        np.asarray(sample.absorbance),
        np.asarray(target.wavelengths_nm),
        np.asarray(target.absorbance),
        (target.low_nm, target.high_nm),
    )
    return {SPECTRUM_DISTANCE: distance} if isfinite(distance) else {}


def _best(spec: CampaignSpec, trials: Sequence[Trial]) -> str:
    """Name the trial that came nearest to what has no target; empty where there is none."""
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        return ""
    best = min(scored, key=lambda trial: trial.score or 0.0)
    figures = (
        (each, quantity(f"{best.properties[each.property_name]:.4g}", each.unit)) for each in spec.objectives
    )
    said = ", ".join(f"{_short(each.property_name)} {figure}" for each, figure in figures)
    return f": best {said} in trial {best.number}"


def _describe_met(spec: CampaignSpec, trials: Sequence[Trial], found: Sequence[Trial]) -> str:
    """Say what a campaign that went on beyond its targets came to."""
    number = best_number(spec, found)
    best = next(trial for trial in found if trial.number == number)
    said = [_aimed(each, best) for each in spec.objectives if each.kind is ObjectiveKind.TARGET]
    said += [
        f"{_short(each.property_name)} {quantity(f'{best.properties[each.property_name]:.4g}', each.unit)}"
        for each in spec.objectives
        if each.kind is not ObjectiveKind.TARGET
    ]
    share = f"{len(found)} of {len(trials)} trials met every target, trial {found[0].number} first"
    return f"reached: {', '.join(said)} in trial {number}; {share}"


def _aimed(objective: Objective, trial: Trial) -> str:
    value = _figure(trial.properties.get(objective.property_name, inf), objective)
    target = quantity(f"{objective.target:g}", objective.unit)
    return f"{_short(objective.property_name)} {value} (target {target})"


def _scores(trial: Trial) -> bool:
    return trial.state is TrialState.COMPLETE and trial.score is not None


def _figure(value: float, objective: Objective) -> str:
    """Write a value as finely as its target is asked for."""
    return quantity(f"{value:.{decimals(objective.tolerance)}f}", objective.unit)


def _short(property_name: str) -> str:
    return "peak" if property_name == "peak_wavelength" else property_name
