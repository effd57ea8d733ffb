"""Channels of a rig file: units resolved, ranges and safe values checked against what the device can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.config import signals
from controller.config.documents import unknown
from controller.config.signals import Signal
from controller.config.units import check_unit, convert, per
from controller.domain.errors import ControllerError
from controller.domain.plan import ChannelPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.config.documents import Document
    from controller.config.lines import Path
    from controller.config.schema import ChannelTable
    from controller.domain.drivers import DeviceSignal

_ROUNDING = 1e-9


def channel_plan(
    document: Document, name: str, table: ChannelTable, offered: Mapping[str, DeviceSignal] | None = None
) -> ChannelPlan | None:
    """Resolve one channel; None when a fault, which is kept, leaves nothing to go on with.

    `offered` are the signals of its device; None: those of the largest board.
    """
    path: Path = ("channels", name)
    signal = signals.find(table.signal) if offered is None else _offered(offered.get(table.signal))
    if signal is None:
        known = signals.names() if offered is None else offered
        document.fault((*path, "signal"), unknown("signal", table.signal, known))
        return None
    ends = _range(document, path, table)
    scaling = _scaling(document, path, table, signal)
    safe, rate_limit = _actuation(document, path, table, signal)
    if ends is None or scaling is None:
        return None
    low, high = ends
    scale, offset = scaling
    if signal.actuator:
        _check_reach(document, path, signal, (scale * low + offset, scale * high + offset))
    if safe is not None and not low <= safe <= high:
        written = f"{low:g} to {high:g} {table.unit}"
        document.fault((*path, "safe"), f"{table.safe} lies outside the range {written}")
    return ChannelPlan(
        name=name,
        device=table.device,
        signal=table.signal,
        unit=table.unit,
        low=low,
        high=high,
        # A missing safe value is a fault by now; the range's low end keeps the channel an actuator.
        safe_value=(low if safe is None else safe) if signal.actuator else None,
        rate_limit_per_s=rate_limit,
        scale=scale,
        offset=offset,
        stale_after_s=table.stale_after,
    )


def _offered(signal: DeviceSignal | None) -> Signal | None:
    if signal is None:
        return None
    return Signal(0, signal.unit, signal.actuator, most=signal.high, least=signal.low)


def _range(document: Document, path: Path, table: ChannelTable) -> tuple[float, float] | None:
    try:
        check_unit(table.unit)
    except ControllerError as error:
        document.fault((*path, "unit"), str(error))
        return None
    low, high = (document.quantity((*path, "range"), text, table.unit) for text in table.range)
    if low is None or high is None:
        return None
    if low >= high:
        document.fault((*path, "range"), f"{table.range[0]} is not below {table.range[1]}")
        return None
    return low, high


def _scaling(
    document: Document, path: Path, table: ChannelTable, signal: Signal
) -> tuple[float, float] | None:
    """Return scale and offset: device value = scale * channel value + offset."""
    if signal.steps and table.steps_per_ul is None:
        document.fault((*path, "steps_per_ul"), "is missing: a pump needs its steps per uL")
    if not signal.steps and table.steps_per_ul is not None:
        document.fault((*path, "steps_per_ul"), f"{table.signal} is no pump: remove it")
    if table.calibration is not None:
        return _calibration(document, path, table.calibration, signal, table)
    try:
        offset = convert(0.0, table.unit, signal.unit)
        scale = convert(1.0, table.unit, signal.unit) - offset
    except ControllerError as error:
        document.fault((*path, "unit"), f"{table.signal}: {error}")
        return None
    steps = table.steps_per_ul if signal.steps and table.steps_per_ul is not None else 1.0
    return scale * steps, offset * steps


def _calibration(
    document: Document, path: Path, points: Sequence[Sequence[str]], signal: Signal, table: ChannelTable
) -> tuple[float, float] | None:
    """Return scale and offset of the straight line through both points."""
    place = (*path, "calibration")
    if not signal.analog:
        document.fault(place, f"{table.signal} has a unit of its own: remove it, or use an analog input")
        return None
    low, high = (document.quantity(place, point[0], signal.unit) for point in points)
    first, last = (document.quantity(place, point[1], table.unit) for point in points)
    if low is None or high is None or first is None or last is None:
        return None
    if low == high or first == last:
        document.fault(place, "both points are the same: give two that differ on either side")
        return None
    scale = (high - low) / (last - first)
    return scale, low - scale * first


def _actuation(
    document: Document, path: Path, table: ChannelTable, signal: Signal
) -> tuple[float | None, float]:
    """Return safe value and rate limit per second; both belong to actuators alone."""
    if not signal.actuator:
        for key, value in (("safe", table.safe), ("rate_limit", table.rate_limit)):
            if value is not None:
                document.fault((*path, key), f"{table.signal} is a sensor: remove it")
        return None, 0.0
    safe = rate_limit = None
    if table.safe is None:
        document.fault((*path, "safe"), "is missing: an actuator needs a safe value")
    else:
        safe = document.quantity((*path, "safe"), table.safe, table.unit)
    if table.rate_limit is not None:
        rate_limit = document.quantity((*path, "rate_limit"), table.rate_limit, per(table.unit, "s"))
        if rate_limit is not None and rate_limit <= 0.0:
            document.fault((*path, "rate_limit"), f"{table.rate_limit} is not above zero")
    return safe, rate_limit or 0.0


def _check_reach(document: Document, path: Path, signal: Signal, device: tuple[float, float]) -> None:
    """Refuse a range that the device can't follow: it would clip in silence."""
    slack = _ROUNDING * (signal.most - signal.least)
    if min(device) < signal.least - slack:
        least = f"{signal.least:g} {signal.unit}" if signal.least else "zero"
        document.fault((*path, "range"), f"begins below {least}, which the device can't do")
    if max(device) > signal.most + slack:
        document.fault((*path, "range"), f"ends above {signal.reach}, which the device can't do")
