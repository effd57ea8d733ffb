"""Judges of conditions: what interlocks and alarms watch for, compiled against a rig, judged once a tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from controller.control import judges
from controller.control.heaters import HeaterJudge, HeaterMemory
from controller.control.judges import Channel, FlagJudge
from controller.control.windows import RateJudge, RateMemory, StuckJudge, StuckMemory
from controller.domain import conditions

if TYPE_CHECKING:
    from controller.control.seen import Names, Seen
    from controller.domain.plan import LoopPlan, RigPlan

Memory = None | RateMemory | StuckMemory | HeaterMemory
"""What a judge carries from tick to tick: frozen and bounded, so a replay can store it."""


class Judge(Protocol):
    """Judges one condition. Pure: equal memory and sight give an equal verdict."""

    @property
    def cannot(self) -> str:
        """Why it may not be possible to judge: "no good reading"; empty: it always is."""

    def initial(self) -> Memory: ...

    def judge(
        self, memory: Memory, seen: Seen, dt_s: float, /, *, standing: bool
    ) -> tuple[Memory, bool | None]:
        """Return the next memory and whether the condition stands; None: it can't be judged.

        `standing` is the last verdict that was not None. Unchanged memories come back as the same object.
        """

    def describe(self) -> str:
        """Say the condition: "reactor.temperature above 85 degC"."""

    def explain(self, memory: Memory, seen: Seen, /) -> str:
        """Say what is seen of it: "reactor.temperature is 86.2 degC"."""

    def remedy(self, seen: Seen, /) -> str:
        """Say what a person does to make it go."""


def compile_condition(condition: conditions.Condition, names: Names, plan: RigPlan) -> Judge:
    """Resolve a checked condition: every name in it is one of the plan's."""
    match condition:
        case (
            conditions.Limits()
            | conditions.RateOfChange()
            | conditions.Stale()
            | conditions.Stuck()
            | conditions.DigitalInput()
        ):
            return _on_channel(condition, _channel(condition.channel, names, plan))
        case conditions.HeaterImplausible():
            return _heater(condition, names, plan)
        case conditions.PressureResidual():
            return _pressure(condition, names, plan)
        case conditions.Deviation(loop, limit):
            number = names.loops[loop]
            return judges.DeviationJudge(_channel(plan.loops[number].sensor, names, plan), number, limit)
        case _:
            return _flag(condition, names)


def _on_channel(
    condition: conditions.Limits
    | conditions.RateOfChange
    | conditions.Stale
    | conditions.Stuck
    | conditions.DigitalInput,
    channel: Channel,
) -> Judge:
    match condition:
        case conditions.Limits(_, low, high, deadband):
            return judges.LimitsJudge(channel, low, high, deadband)
        case conditions.RateOfChange(_, limit_per_s, window_s):
            return RateJudge(channel, limit_per_s, window_s)
        case conditions.Stale():
            return judges.StaleJudge(channel)
        case conditions.Stuck(_, span, window_s):
            return StuckJudge(channel, span, window_s)
        case conditions.DigitalInput(_, on):
            return judges.InputJudge(channel, on)


def _flag(
    condition: conditions.LeaseLost
    | conditions.ServiceLost
    | conditions.BoardLost
    | conditions.StopPressed
    | conditions.Tripped,
    names: Names,
) -> Judge:
    match condition:
        case conditions.LeaseLost():
            return FlagJudge(
                lambda seen: seen.lease_lost, "a lease ran out", "no lost lease is missed", "acquire a lease"
            )
        case conditions.ServiceLost():
            text, over = "the service is not connected", "the service is connected"
            return FlagJudge(
                lambda seen: not seen.service_alive, text, over, "start the service, or see its log"
            )
        case conditions.BoardLost(device):
            return _lost(device, names)
        case conditions.StopPressed():
            text, over = "a stop button is pressed", "no stop button is pressed"
            return FlagJudge(lambda seen: seen.stop_pressed, text, over, "release the stop button")
        case conditions.Tripped(interlock):
            bit = 1 << names.interlocks[interlock]
            text, over = f"interlock {interlock} has tripped", f"interlock {interlock} has not tripped"
            return FlagJudge(lambda seen: seen.trips & bit != 0, text, over, "remove its cause and reset")


def _lost(device: str, names: Names) -> Judge:
    text, over, mend = f"device {device} is lost", f"device {device} answers", "check its cable and supply"
    if device == names.spectrometer:
        return FlagJudge(lambda seen: seen.spectrometer_lost, text, over, mend)
    board = names.boards[device]
    return FlagJudge(lambda seen: seen.boards_lost[board], text, over, mend)


def _channel(name: str, names: Names, plan: RigPlan) -> Channel:
    index = names.channels[name]
    return Channel(name, plan.channels[index].unit, index)


def _pressure(rule: conditions.PressureResidual, names: Names, plan: RigPlan) -> Judge:
    pumps = tuple(names.channels[pump] for pump in rule.pumps)
    return judges.PressureJudge(
        pressure=_channel(rule.pressure, names, plan),
        pumps=pumps,
        flow_unit=plan.channels[pumps[0]].unit,
        resistance=rule.resistance,
        offset=rule.offset,
        tolerance=rule.tolerance,
        least_flow=rule.least_flow,
    )


def _heater(rule: conditions.HeaterImplausible, names: Names, plan: RigPlan) -> Judge:
    loop = plan.loops[names.loops[rule.loop]]
    heater = _channel(_actuator(loop, plan), names, plan)
    channel = plan.channels[heater.index]
    return HeaterJudge(
        rule=rule,
        loop=names.loops[rule.loop],
        sensor=_channel(loop.sensor, names, plan),
        heater=heater,
        # Where the device's own value is zero.
        off_at=-channel.offset / channel.scale,
    )


def _actuator(loop: LoopPlan, plan: RigPlan) -> str:
    """Follow a cascade down to what it drives."""
    inner = plan.loop_on(loop.actuator)
    return loop.actuator if inner is None else _actuator(inner, plan)
