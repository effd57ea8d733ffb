"""What a run sees of its product: spectra, and channels of in-line sensors."""

from __future__ import annotations

from math import fsum, isfinite, nan
from typing import TYPE_CHECKING, Final

import numpy as np

from controller.domain.errors import ControllerError
from controller.domain.readings import EMISSION_UNITS, QUANTUM_YIELD, SAMPLE_UNITS, Quality
from controller.sensing.features import absorbed_share, relative_yield

if TYPE_CHECKING:
    from controller.campaign.steps import StepContext
    from controller.domain.plan import RigPlan
    from controller.domain.readings import Snapshot
    from controller.domain.recipe import Acquire, Measure, WaitSteady

_SHOWN: Final = {"sample": SAMPLE_UNITS, "emission": EMISSION_UNITS}
_SPECTRUM_S: Final = 3.0
_SPECTRA: Final = 5
"""In a window, about, where that is no more often than so: light does something to what it shows."""
_SAMPLE_S: Final = 1.0
_SAMPLES: Final = 10
"""In a window of a channel, at least."""
# Time is a sum of ticks. What is left by rounding, a stepped clock never lets pass.
_ROUNDING_S: Final = 1e-9


async def look(action: WaitSteady, context: StepContext) -> tuple[float, float]:
    """Return when it was looked, and what was seen: NaN without a peak, or without a good reading."""
    if action.of_channel:
        now = context.note()
        return now.time_s, _reading(now, action.observed, context.reactor.plan)[0]
    kind = "emission" if action.observed in EMISSION_UNITS else "sample"
    spectrum = await context.reactor.acquire(kind, actor=context.actor, lease=context.lease)
    context.note()
    return spectrum.time_s, spectrum.properties().get(action.observed, nan)


def pause_s(action: WaitSteady) -> float:
    """Return how long to wait between two looks."""
    if action.of_channel:
        return min(_SAMPLE_S, action.window_s / _SAMPLES)
    return max(_SPECTRUM_S, action.window_s / _SPECTRA)


async def acquire(action: Acquire, context: StepContext) -> None:
    """Take a spectrum, journal it, and keep what it shows instead of what an earlier one of its kind did."""
    before = context.note()
    spectrum = await context.reactor.acquire(
        action.kind, scans=action.scans or None, actor=context.actor, lease=context.lease
    )
    after = context.note()
    context.journal.spectra.add(spectrum)
    shown = _SHOWN.get(action.kind)
    if shown is None:
        return
    context.spectra[action.kind] = spectrum
    gone = {*shown, QUANTUM_YIELD}
    kept = {name: value for name, value in context.properties.items() if name not in gone}
    found = spectrum.properties() | {QUANTUM_YIELD: _quantum_yield(context)}
    context.properties = kept | {name: value for name, value in found.items() if isfinite(value)}
    context.achieved = _achieved(before, after, context)


async def measure(action: Measure, context: StepContext) -> None:
    """Average a channel over the window; ControllerError READING_BAD where a reading is not good."""
    clock, before = context.reactor.clock, context.check()
    until_s, readings = clock.now_s() + action.window_s, list[float]()
    pause_s = min(_SAMPLE_S, action.window_s / _SAMPLES)
    while True:
        now = context.note()
        value, quality = _reading(now, action.channel, context.reactor.plan)
        if not isfinite(value):
            raise ControllerError(
                f"{action.channel} has no good reading: it is {quality.name.lower()}",
                reason="READING_BAD",
                remedy="see to the sensor and its wiring",
            )
        readings.append(value)
        left_s = until_s - clock.now_s()
        if left_s <= _ROUNDING_S:
            break
        await clock.sleep(min(left_s, pause_s))
    context.properties[action.property_name] = fsum(readings) / len(readings)
    context.achieved = _achieved(before, now, context)


def flows_ul_min(now: Snapshot, plan: RigPlan) -> dict[str, float]:
    """Return each reagent's flow in uL/min as its pump reports it."""
    names = [channel.name for channel in plan.channels]
    values = {reagent.name: now.values[names.index(reagent.pump)] for reagent in plan.reagents}
    return {reagent: value if isfinite(value) else 0.0 for reagent, value in values.items()}


def _reading(now: Snapshot, channel: str, plan: RigPlan) -> tuple[float, Quality]:
    """Return a channel's value, NaN where its quality is not good, and that quality."""
    index = next(index for index, each in enumerate(plan.channels) if each.name == channel)
    quality = Quality(now.qualities[index])
    return now.values[index] if quality is Quality.GOOD else nan, quality


def _quantum_yield(context: StepContext) -> float:
    """Return it from the run's absorbance and emission; NaN where one is missing or the rig has no factor."""
    spectrometer = context.reactor.plan.spectrometer
    plan = None if spectrometer is None else spectrometer.emission
    sample, emission = context.spectra.get("sample"), context.spectra.get("emission")
    if plan is None or sample is None or emission is None or not sample.absorbance:
        return nan
    absorbed = absorbed_share(
        np.asarray(sample.wavelengths_nm), np.asarray(sample.absorbance), plan.excitation_nm
    )
    nm, counts_s = np.asarray(emission.wavelengths_nm), np.asarray(emission.emission)
    found = plan.yield_factor * relative_yield(nm, counts_s, (plan.low_nm, plan.high_nm), absorbed)
    return found if plan.yield_factor else nan


def _achieved(before: Snapshot, after: Snapshot, context: StepContext) -> dict[str, float]:
    """Say what the parameters really were between two moments: from flows and readings, not setpoints."""
    plan = context.reactor.plan
    first, second = flows_ul_min(before, plan), flows_ul_min(after, plan)
    flows = {name: 0.5 * (first[name] + second[name]) for name in first}
    achieved = dict(context.parameters)
    total = sum(flows.values())
    if context.flows is not None and total > 0.0:
        if isinstance(context.flows.total, str):
            achieved[context.flows.total] = total
        for name, value in context.flows.fractions.items():
            if isinstance(value, str):
                achieved[value] = 100.0 * flows[name] / total
    names = [channel.name for channel in plan.channels]
    for parameter, channel in context.targets.items():
        index = names.index(channel)
        value = 0.5 * (before.values[index] + after.values[index])
        if isfinite(value):
            achieved[parameter] = value
    return achieved
