"""Priming a line by hand: a pump runs until its reagent's account says that so much came, and is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostwald.calls import InvalidError, NotFoundError, RefusedError
from ostwald.errors import OstwaldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostwald.client import Ostwald
    from ostwald.values import Reagent

_INTERVAL_S: Final = 0.2
# A pump that starts slowly, or goes on by the beat of its bus.
_GRACE_S: Final = 60.0
_MOST_OVER: Final = 2.0
"""No pump delivers more than so many times what is asked: a larger drop is a correction by a person."""


def prime(
    opened: Ostwald, reagent: Reagent, volume_ul: float, flow_ul_min: float, tell: Callable[[float], None]
) -> float:
    """Deliver a volume and stop the pump, which is also stopped when this fails or is interrupted.

    `tell` hears what was delivered so far, in uL; so much is returned. DeviceError when it is refused, and
    OstwaldError when too little is left, nothing comes, or the reactor is not ready any more.
    """
    if reagent.left_ul is None:
        remedy = f"give it a volume in [reagents.{reagent.name}] of the rig file"
        raise OstwaldError(f"what is left of {reagent.name} is not kept", remedy=remedy)
    if reagent.left_ul < volume_ul:
        raise OstwaldError(
            f"{reagent.left_ul:g} uL is left of {reagent.name}, {volume_ul:g} uL is wanted",
            remedy=f"fill it and say so: ostwald reagent refill {reagent.name}",
        )
    taken = True
    try:
        try:
            opened.set({reagent.pump: f"{flow_ul_min!r} uL/min"})
        except (RefusedError, InvalidError, NotFoundError):
            # The pump is as it was, and may be somebody else's.
            taken = False
            raise
        return _deliver(opened, reagent, volume_ul, flow_ul_min, tell)
    finally:
        if taken:
            _stop(opened, reagent.pump)


def _deliver(
    opened: Ostwald, reagent: Reagent, volume_ul: float, flow_ul_min: float, tell: Callable[[float], None]
) -> float:
    delivered_ul, began_s, before = 0.0, None, (0.0, 0.0)
    longest_s = 2.0 * volume_ul / flow_ul_min * 60.0 + _GRACE_S
    for sample in opened.telemetry([f"reagent.{reagent.name}"], _INTERVAL_S):
        now = sample.time_s, sample.readings[0].value
        if began_s is None:
            began_s, before = sample.time_s, now
        drop_ul = before[1] - now[1]
        most_ul = _MOST_OVER * flow_ul_min * (now[0] - before[0]) / 60.0
        delivered_ul += drop_ul if 0.0 < drop_ul <= most_ul else 0.0
        before = now
        tell(delivered_ul)
        if delivered_ul >= volume_ul:
            return delivered_ul
        so_far = f"{delivered_ul:.1f} of {volume_ul:g} uL of {reagent.name} came"
        if sample.state != "ready":
            raise OstwaldError(f"the reactor is {sample.state}: {so_far}", remedy="see 'ostwald status'")
        if now[1] <= 0.0:
            raise OstwaldError(f"{reagent.name} ran out: {so_far}", remedy="fill it and say so")
        if now[0] - began_s > longest_s:
            raise OstwaldError(f"{so_far} in {longest_s:.0f} s", remedy="see to the pump and its line")
    raise OstwaldError(f"the device sent no more: {so_far if began_s is not None else 'nothing came'}")


def _stop(opened: Ostwald, pump: str) -> None:
    try:
        opened.set({pump: 0.0})
    except OstwaldError as error:
        raise OstwaldError(
            f"{pump} may still run: {error.message}", remedy="ostwald estop stops it"
        ) from error
