"""Ratio control: the pumps of a flow group follow its total and its fractions together.

What is asked of the total or of a fraction becomes a flow of every pump at once. On the way there all pumps
keep to one straight line, so that a ratio which does not change holds at every tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isfinite, nan
from typing import TYPE_CHECKING, Final

from controller.control.seen import GOOD
from controller.domain.commands import DONE, Reply
from controller.domain.readings import Quality

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from controller.domain.plan import ChannelPlan, FlowGroupPlan, RigPlan

Fractions = tuple[tuple[float, ...], ...]
"""Of each group the shares last asked of its members, in order: they sum to 1; NaN before any was asked."""

_BAD: Final = int(Quality.BAD)
# How far the digits that people and programs write may leave a sum of fractions from 1.
_SUM_TOLERANCE: Final = 1e-6
# How far, of a limit, rounding alone can carry a flow past it.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FlowGroup:
    """One group: `total`, `fractions` and `pumps` are indices of channels, in the order of its members.

    `rates_per_s` are the pumps' own limits and `ramp_per_s` that of the total, in their unit; 0: none.
    """

    total: int
    fractions: tuple[int, ...]
    pumps: tuple[int, ...]
    rates_per_s: tuple[float, ...]
    ramp_per_s: float
    total_channel: ChannelPlan
    pump_channels: tuple[ChannelPlan, ...]
    fraction_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowsModel:
    groups: tuple[FlowGroup, ...]


def compile_flows(plan: RigPlan) -> FlowsModel:
    """Resolve the groups of a checked plan."""
    index = {channel.name: position for position, channel in enumerate(plan.channels)}
    return FlowsModel(tuple(_compile(each, plan.channels, index) for each in plan.flows))


def initial(model: FlowsModel) -> Fractions:
    """Return what is remembered at boot: no fraction was ever asked."""
    return tuple((nan,) * len(group.pumps) for group in model.groups)


def measure(model: FlowsModel, values: list[float], qualities: list[int]) -> None:
    """Fill in totals and fractions from the pumps' readings, as good as the worst of them.

    While nothing flows, a fraction is not defined: it reads NaN, BAD, and the total 0.
    """
    for group in model.groups:
        total, worst = 0.0, GOOD
        for pump in group.pumps:
            total += values[pump]
            worst = max(worst, qualities[pump])
        values[group.total], qualities[group.total] = total, worst
        flows = total > 0.0
        for fraction, pump in zip(group.fractions, group.pumps, strict=True):
            values[fraction] = values[pump] / total if flows else nan
            qualities[fraction] = worst if flows else _BAD


def aim(
    model: FlowsModel,
    fractions: Fractions,
    targets: list[float],
    flowing: Mapping[int, float],
    written: Collection[int],
) -> tuple[Fractions, Reply]:
    """Turn what one request asks of the groups into flows of their pumps, in `targets`: all of it or nothing.

    `flowing` has what is asked of totals and fractions, each within its channel's range, by index of channel;
    `written` the indices of actuators that the request names itself, whose values are in `targets` already.
    A total alone keeps the fractions of its group; some fractions leave the rest to the others, in their old
    proportion; all of them must sum to 1. Pumps that are written set the fractions, if anything flows then.

    Refuses FRACTIONS_UNKNOWN, FRACTIONS_SUM, OUT_OF_RANGE (a pump or the total would leave its range) and
    CONFLICTING_TARGETS (a group and one of its pumps at once).
    """
    remembered = list(fractions)
    aimed: list[tuple[FlowGroup, tuple[float, ...]]] = []
    for number, group in enumerate(model.groups):
        found = _aimed(group, fractions[number], targets, flowing, written)
        if isinstance(found, Reply):
            return fractions, found
        if found is not None:
            remembered[number], flows = found
            aimed.append((group, flows))
    for group, flows in aimed:
        for pump, flow in zip(group.pumps, flows, strict=True):
            targets[pump] = flow
    return tuple(remembered), DONE


def move(model: FlowsModel, outputs: list[float], wanted: Sequence[float], dt_s: float) -> None:
    """Move the pumps of every group toward `wanted` in a straight line, all of them arriving at once.

    The pump that needs longest, or the ramp of the total, sets the pace; without limits they jump.
    """
    for group in model.groups:
        # Almost always all are there: by identity, since what has arrived is the very object.
        for pump in group.pumps:
            if outputs[pump] is not wanted[pump]:
                break
        else:
            continue
        needed_s = _needed_s(group, outputs, wanted)
        if needed_s <= dt_s:
            for pump in group.pumps:
                outputs[pump] = wanted[pump]
            continue
        part, rest = dt_s / needed_s, (needed_s - dt_s) / needed_s
        for pump in group.pumps:
            start, end = outputs[pump], wanted[pump]
            # A sum of products keeps the ratio of flows near zero too; it may miss an end by a last digit.
            reached = start * rest + end * part
            outputs[pump] = min(max(reached, start), end) if start < end else min(max(reached, end), start)


def setpoints(model: FlowsModel, fractions: Fractions, flows: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield what to show at each total and fraction, as index of channel and value.

    `flows` has one place per channel: the targets, to show what is asked. Their shares are shown while they
    flow, else the remembered fractions, which the next total takes. To ask for all that is shown is granted.
    """
    for group, remembered in zip(model.groups, fractions, strict=True):
        total = fsum([flows[pump] for pump in group.pumps])
        # A sum of rounded flows may end a digit above what was asked.
        yield group.total, min(total, group.total_channel.high)
        for fraction, pump, share in zip(group.fractions, group.pumps, remembered, strict=True):
            yield fraction, flows[pump] / total if total > 0.0 else share


def _compile(plan: FlowGroupPlan, channels: Sequence[ChannelPlan], index: Mapping[str, int]) -> FlowGroup:
    pumps = tuple(index[member.pump] for member in plan.members)
    return FlowGroup(
        total=index[plan.total],
        fractions=tuple(index[member.fraction] for member in plan.members),
        pumps=pumps,
        rates_per_s=tuple(channels[pump].rate_limit_per_s for pump in pumps),
        ramp_per_s=plan.ramp_per_s,
        total_channel=channels[index[plan.total]],
        pump_channels=tuple(channels[pump] for pump in pumps),
        fraction_names=tuple(member.fraction for member in plan.members),
    )


def _aimed(
    group: FlowGroup,
    remembered: tuple[float, ...],
    targets: Sequence[float],
    flowing: Mapping[int, float],
    written: Collection[int],
) -> tuple[tuple[float, ...], tuple[float, ...]] | Reply | None:
    """Return the shares and flows of a group's pumps, a refusal, or None when nothing is asked of it."""
    is_asked = group.total in flowing or any(each in flowing for each in group.fractions)
    is_written = any(pump in written for pump in group.pumps)
    flows = tuple([targets[pump] for pump in group.pumps])
    total = flowing.get(group.total, fsum(flows))
    if is_asked and is_written:
        return _conflict(group)
    if is_written:
        shares = tuple([flow / total for flow in flows]) if total > 0.0 else remembered
        return _beyond(group, flows, total) or (shares, flows)
    if not is_asked:
        return None
    asked = _shares(group, remembered, flowing, total)
    if isinstance(asked, Reply):
        return asked
    flows = tuple([share * total if total > 0.0 else 0.0 for share in asked])
    highs = [channel.high for channel in group.pump_channels]
    return _beyond(group, flows, total) or (asked, tuple(map(min, flows, highs)))


def _conflict(group: FlowGroup) -> Reply:
    pumps = ", ".join(channel.name for channel in group.pump_channels)
    total = group.total_channel.name
    return Reply(
        "CONFLICTING_TARGETS", f"set {total} and its fractions, or its pumps {pumps}, not both at once"
    )


def _shares(
    group: FlowGroup, remembered: tuple[float, ...], flowing: Mapping[int, float], total: float
) -> tuple[float, ...] | Reply:
    """Complete the shares that are asked of a group, in the order of its members."""
    asked = {place: flowing[each] for place, each in enumerate(group.fractions) if each in flowing}
    if not asked:
        # Nothing flows at any ratio, so that a group can be stopped before it was ever started.
        is_enough = isfinite(remembered[0]) or total == 0.0
        return remembered if is_enough else _unknown(group, range(len(remembered)))
    others = [place for place in range(len(remembered)) if place not in asked]
    left = 1.0 - fsum(asked.values())
    if left < -_SUM_TOLERANCE or (not others and left > _SUM_TOLERANCE):
        remedy = "leave them 1 at most" if others else "let them sum to 1"
        names = " + ".join(group.fraction_names[place] for place in asked)
        return Reply("FRACTIONS_SUM", f"{names} is {1.0 - left:.7g}: {remedy}")
    shares = [0.0] * len(remembered)
    for place, share in asked.items():
        shares[place] = share
    if left > _SUM_TOLERANCE:
        before = fsum([remembered[place] for place in others])
        if len(others) > 1 and not before > 0.0:
            return _unknown(group, others)
        for place in others:
            shares[place] = left * remembered[place] / before if len(others) > 1 else left
    whole = fsum(shares)
    return tuple([share / whole for share in shares])


def _unknown(group: FlowGroup, places: Collection[int]) -> Reply:
    names = ", ".join(group.fraction_names[place] for place in places)
    return Reply("FRACTIONS_UNKNOWN", f"the ratio of {names} is not known: set them in the same request")


def _beyond(group: FlowGroup, flows: Sequence[float], total: float) -> Reply | None:
    """Refuse a total or a pump's flow outside its channel's range."""
    if not _within(group.total_channel, total):
        return _out_of_range(group.total_channel, total, "ask less of its pumps")
    for channel, flow in zip(group.pump_channels, flows, strict=True):
        if not _within(channel, flow):
            remedy = f"set another fraction, or another {group.total_channel.name} than {total:.6g}"
            return _out_of_range(channel, flow, remedy)
    return None


def _within(channel: ChannelPlan, flow: float) -> bool:
    slack = _ROUNDING * channel.high
    return channel.low - slack <= flow <= channel.high + slack


def _out_of_range(channel: ChannelPlan, flow: float, remedy: str) -> Reply:
    limits = f"{channel.low:g} to {channel.high:g} {channel.unit}"
    return Reply("OUT_OF_RANGE", f"{channel.name}: {flow:.6g} is outside {limits}; {remedy}")


def _needed_s(group: FlowGroup, outputs: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the least time in which no pump and not the total moves faster than it may; 0 without limits."""
    needed_s = change = 0.0
    for pump, rate_per_s in zip(group.pumps, group.rates_per_s, strict=True):
        delta = wanted[pump] - outputs[pump]
        change += delta
        if rate_per_s > 0.0:
            needed_s = max(needed_s, abs(delta) / rate_per_s)
    if group.ramp_per_s > 0.0:
        needed_s = max(needed_s, abs(change) / group.ramp_per_s)
    return needed_s
