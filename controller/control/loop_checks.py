"""Why a command to a loop is refused, with the remedy; None where nothing speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, isfinite
from typing import Final

from controller.control.experiment import Proposal
from controller.control.loop_model import LoopModel, LoopsModel
from controller.control.loop_state import LoopStates
from controller.control.seen import GOOD
from controller.domain.commands import LoopMode, Reply, Retune

# Beyond it, a ten-thousandth of the sensor's range swings the output from end to end: a switch, not a loop.
_MOST_SPANS: Final = 1e4
_LONGEST_S: Final = 86_400.0


def refuse_target(loop: LoopModel, value: float) -> Reply | None:
    low, high, unit = loop.sensor.low, loop.sensor.high, loop.sensor.unit
    if isfinite(value) and low <= value <= high:
        return None
    detail = f"{loop.sensor.name}: {value:g} is outside {low:g} to {high:g} {unit}; ask within"
    return Reply("OUT_OF_RANGE", detail)


def refuse_output(loop: LoopModel, value: float | None) -> Reply | None:
    if value is None or (isfinite(value) and loop.low <= value <= loop.high):
        return None
    allowed = f"{loop.low:g} to {loop.high:g} {loop.output_unit}"
    return Reply("OUT_OF_RANGE", f"{loop.name}: an output of {value:g} is outside {allowed}; hold one within")


def refuse_amplitude(loop: LoopModel, value: float) -> Reply | None:
    if isfinite(value) and value > 0.0:
        return None
    detail = f"{loop.name}: an amplitude of {value:g} is not above 0: say how far the output may swing"
    return Reply("OUT_OF_RANGE", detail)


def refuse_tuning(loop: LoopModel, found: Retune | Proposal) -> Reply | None:
    most = _MOST_SPANS * (loop.high - loop.low) / (loop.sensor.high - loop.sensor.low)
    sign = copysign(1.0, loop.tuning.gain)
    if not (isfinite(found.gain) and 0.0 < sign * found.gain <= most):
        # The other sign would drive the output away from where it is needed.
        allowed = f"0 to {sign * most:g} {loop.output_unit} per {loop.sensor.unit}, not 0 itself"
        return Reply("OUT_OF_RANGE", f"{loop.name}: the gain {found.gain:g} must lie in {allowed}")
    for key, value in (("integral", found.integral_s), ("derivative", found.derivative_s)):
        if not (isfinite(value) and 0.0 <= value <= _LONGEST_S):
            detail = f"{loop.name}: the {key} time {value:g} must lie in 0 to {_LONGEST_S:g} s"
            return Reply("OUT_OF_RANGE", detail)
    return None


def refuse_scheduled(loop: LoopModel) -> Reply | None:
    if not loop.schedule:
        return None
    detail = (
        f"the tuning of {loop.name} follows its schedule: edit loops.{loop.name}.schedule in the rig file"
    )
    return Reply("SCHEDULED", detail)


def refuse_busy(model: LoopsModel, states: LoopStates, number: int) -> Reply | None:
    """Refuse to disturb an experiment in the loop, around it or within it."""
    for each in (number, *model.outward(number), *model.inward(number)):
        if states[each].autotune is not None:
            detail = f"{model.loops[each].name} is in an experiment: end that first, or switch it off"
            return Reply("AUTOTUNE_RUNNING", detail)
    return None


def refuse_blind_start(
    model: LoopsModel, states: LoopStates, number: int, values: Sequence[float], qualities: Sequence[int]
) -> Reply | None:
    """Refuse to switch on a blind loop, or one that drives a blind one; what is on already may wait."""
    numbers = (number, *model.inward(number))
    waits = [states[each].mode is LoopMode.AUTO and isfinite(states[each].target) for each in numbers]
    off = [each for each, waiting in zip(numbers, waits, strict=True) if not waiting]
    return refuse_blind(model, off, values, qualities)


def refuse_blind(
    model: LoopsModel, numbers: Sequence[int], values: Sequence[float], qualities: Sequence[int]
) -> Reply | None:
    """Refuse what needs a good reading of all these loops now."""
    for each in numbers:
        loop = model.loops[each]
        if qualities[loop.sensor_index] != GOOD or not isfinite(values[loop.sensor_index]):
            detail = f"{loop.sensor.name} has no good reading: mend the sensor, then switch {loop.name} on"
            return Reply("NO_GOOD_READING", detail)
    return None
