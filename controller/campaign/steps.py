"""What each step of a recipe does to the reactor."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from controller.campaign import observing, priming
from controller.campaign.figures import decimals
from controller.campaign.holding import moving
from controller.campaign.observing import flows_ul_min
from controller.campaign.recipes import resolve
from controller.domain.errors import ControllerError
from controller.domain.readings import ReactorState
from controller.domain.recipe import Acquire, Action, Dwell, Flows, Flush, Measure, Prime, Set, WaitSteady
from controller.sensing.steady import Criteria, Trail, judge, observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.domain.ports import Reactor
    from controller.domain.readings import Snapshot, Spectrum
    from controller.storage.journal import Journal

_SAMPLE_S = 1.0
# Time is a sum of ticks. What is left by rounding, a stepped clock never lets pass.
_ROUNDING_S = 1e-9
_NO_FLOW_TIMEOUT_S = 3600.0
MOST_UNWRITTEN = 600
"""Samples that a step keeps in memory: ten minutes of them, which is also what a crash loses at most."""


@dataclass(slots=True)
class StepContext:
    """What the steps of one run share.

    `lease` is the token of the lease that they act under, or empty. `asked` holds the newest target of every
    channel that they set, `washed` what brought the present flows through the reactor. `ready` is the newest
    snapshot of the reactor at work: what a run comes back to after it was away. `spectra` has the newest
    "sample" and "emission" of the run.
    """

    reactor: Reactor
    journal: Journal
    parameters: Mapping[str, float]
    run_id: str
    boot_id: int
    lease: str = ""
    asked: dict[str, float] = field(default_factory=dict)
    washed: Action | None = None
    ready: Snapshot | None = None
    achieved: dict[str, float] = field(default_factory=dict)
    properties: dict[str, float] = field(default_factory=dict)
    spectra: dict[str, Spectrum] = field(default_factory=dict)
    flows: Flows | None = None
    targets: dict[str, str] = field(default_factory=dict)
    telemetry: list[tuple[float, Sequence[float]]] = field(default_factory=list)

    def describe(self, action: Action) -> str:
        """Say what is done, in a few words."""
        match action:
            case Acquire(kind=kind):
                return f"acquire {kind}"
            case Measure(channel=name):
                return f"measure {name}"
            case WaitSteady(observed=name):
                return f"wait until {name} is steady"
            case Flush(reagent=reagent):
                return f"flush with {reagent}"
            case Prime(reagent=reagent):
                return f"prime {reagent}"
        return type(action).__name__.lower()

    @property
    def actor(self) -> str:
        return f"run {self.run_id}"

    async def set(self, targets: Mapping[str, float]) -> None:
        """Ask the reactor for values, under the run's name and lease."""
        self.asked.update(targets)
        await self.reactor.set(targets, actor=self.actor, lease=self.lease)
        self.away()

    def away(self) -> str:
        """Say why the reactor can't carry the run for now, all its outputs being safe; empty: it can.

        ControllerError when it never will again: CONTROL_RESTARTED, REACTOR_STOPPED, or control is gone.
        """
        now = self.reactor.snapshot()
        if now.boot_id != self.boot_id:
            raise ControllerError("the control process restarted", reason="CONTROL_RESTARTED")
        if now.state is ReactorState.READY:
            self.ready = now
            return ""
        reason = self.reactor.state_reason()
        why = f"the reactor is {now.state.name.lower()}" + (f": {reason}" if reason else "")
        if now.state is ReactorState.STOPPED:
            raise ControllerError(why, reason="REACTOR_STOPPED")
        return why

    def check(self) -> Snapshot:
        """Return the newest snapshot; ControllerError as `away`, and REACTOR_NOT_READY."""
        if why := self.away():
            raise ControllerError(why, reason="REACTOR_NOT_READY")
        assert self.ready is not None
        return self.ready

    def note(self) -> Snapshot:
        """Keep one sample of all channels; ControllerError as `check` does."""
        now = self.check()
        self.telemetry.append((now.time_s, now.values))
        if len(self.telemetry) >= MOST_UNWRITTEN:
            self.flush()
        return now

    @property
    def spectrum_id(self) -> str:
        return self.spectra["sample"].spectrum_id if "sample" in self.spectra else ""

    @property
    def emission_id(self) -> str:
        return self.spectra["emission"].spectrum_id if "emission" in self.spectra else ""

    def flush(self) -> None:
        """Journal the samples kept so far."""
        if self.telemetry:
            self.journal.runs.add_telemetry(self.run_id, self.telemetry)
            self.telemetry.clear()


def washes(action: Action) -> bool:
    """Whether an action waits until the present flows fill the reactor."""
    match action:
        case WaitSteady(washouts=volumes) | Dwell(volumes=volumes):
            return volumes > 0.0
        case Flush():
            return True
    return False


def changes_flows(action: Action, context: StepContext) -> bool:
    """Whether an action asks for flows other than those that were washed in."""
    match action:
        case Flows() | Prime():
            return True
        case Set(targets=targets):
            return not moving(context.reactor.plan).isdisjoint(targets)
    return False


async def perform(action: Action, context: StepContext) -> None:
    """Carry out one step; ControllerError when it can't be."""
    context.check()
    if changes_flows(action, context):
        context.washed = None
    await _act(action, context)
    if washes(action):
        context.washed = action
    context.flush()


async def _act(action: Action, context: StepContext) -> None:
    match action:
        case Set():
            await _set(action, context)
        case Flows():
            await _flow(action, context)
        case WaitSteady():
            await _wait_steady(action, context)
        case Dwell():
            await _dwell(action, context)
        case Acquire():
            await observing.acquire(action, context)
        case Measure():
            await observing.measure(action, context)
        case Flush():
            await _flush(action, context)
        case Prime():
            await priming.prime(action, context)


async def _set(action: Set, context: StepContext) -> None:
    await context.set({name: resolve(value, context.parameters) for name, value in action.targets.items()})
    for name, value in action.targets.items():
        if isinstance(value, str):
            context.targets[value] = name


async def _flow(action: Flows, context: StepContext) -> None:
    total = resolve(action.total, context.parameters)
    shares = {name: resolve(value, context.parameters) for name, value in action.fractions.items()}
    rest = 100.0 - sum(shares.values())
    if rest < 0.0:
        raise ControllerError(
            f"the fractions add up to {100.0 - rest:.1f} %, so nothing is left for {action.balance}",
            reason="FRACTIONS_TOO_LARGE",
            remedy="lower one of them, or constrain their sum",
        )
    shares[action.balance] = rest
    pumps = _pumps(context)
    await context.set({pumps[name]: total * share / 100.0 for name, share in shares.items()})
    context.flows = action


async def _flush(action: Flush, context: StepContext) -> None:
    pumps = _pumps(context)
    targets = dict.fromkeys(pumps.values(), 0.0)
    targets[pumps[action.reagent]] = resolve(action.total, context.parameters)
    await context.set(targets)
    await _wash(action.volumes, context)


async def _dwell(action: Dwell, context: StepContext) -> None:
    if action.volumes:
        await _wash(action.volumes, context)
    until_s = context.reactor.clock.now_s() + action.time_s
    while (left_s := until_s - context.reactor.clock.now_s()) > _ROUNDING_S:
        await context.reactor.clock.sleep(min(left_s, _SAMPLE_S))
        context.note()


async def _wash(volumes: float, context: StepContext) -> None:
    """Wait until the pumps have really moved that many reactor volumes."""
    wanted_ul = volumes * context.reactor.plan.reactor.washout_volume_ul
    moved_ul, waited_s = 0.0, 0.0
    while moved_ul < wanted_ul:
        flow_ul_min = sum(flows_ul_min(context.reactor.snapshot(), context.reactor.plan).values())
        left_s = (wanted_ul - moved_ul) / max(flow_ul_min, 1e-6) * 60.0
        pause_s = min(max(left_s, 0.1), _SAMPLE_S)
        await context.reactor.clock.sleep(pause_s)
        moved_ul += flow_ul_min * pause_s / 60.0
        waited_s += pause_s
        context.note()
        if waited_s > _NO_FLOW_TIMEOUT_S:
            raise ControllerError(f"nothing flows: {moved_ul:.0f} of {wanted_ul:.0f} uL", reason="NO_FLOW")


async def _wait_steady(action: WaitSteady, context: StepContext) -> None:
    await _wash(action.washouts, context)
    criteria, trail, seen = Criteria(action.tolerance, action.window_s), Trail(), False
    started_s = context.reactor.clock.now_s()
    while True:
        time_s, value = await observing.look(action, context)
        trail, seen = observe(trail, criteria, time_s, value), seen or isfinite(value)
        if judge(trail, criteria).steady:
            return
        waited_s = time_s - started_s
        # Nothing to see for two windows on end is an answer too: the sample says the same.
        if not seen and waited_s > 2.0 * action.window_s:
            return
        if waited_s > action.timeout_s:
            last = f"{value:.{decimals(action.tolerance)}f}"
            raise ControllerError(
                f"{action.observed} was not steady within {action.timeout_s:g} s: last {last}",
                reason="NOT_STEADY",
                remedy="allow more time or a wider tolerance in wait_steady",
            )
        await context.reactor.clock.sleep(observing.pause_s(action))


def _pumps(context: StepContext) -> dict[str, str]:
    return {reagent.name: reagent.pump for reagent in context.reactor.plan.reagents}
