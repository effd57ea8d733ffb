"""Interlocks, once a tick: what has stood for how long, what has tripped, and which was first.

Nothing shelves a trip. A latched one goes by `reset` alone, which is the caller's to refuse while
`standing_causes` names any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from controller.control.conditions import Judge, Memory, compile_condition
from controller.control.judges import FlagJudge
from controller.control.seen import Names
from controller.domain.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from controller.control.seen import Seen
    from controller.domain.plan import InterlockPlan, RigPlan

# Sums of tick times: 5 x 0.1 s must not fall short of 0.5 s.
_ROUNDING_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class InterlockState:
    """One place per interlock in the tuples, one bit in the numbers.

    `standing_s` is how long each condition has been seen to stand without a break, 0 in the tick of its
    first sight; `standing`: it stands, or can't be judged; `judged`: it stood when it last could be.
    `tripped` holds until reset or, of one that does not latch, until its condition goes. `first_out` is the
    interlock that tripped first since none was tripped, or -1; of two in one tick, the one declared first.
    """

    standing_s: tuple[float, ...]
    memories: tuple[Memory, ...]
    standing: int = 0
    judged: int = 0
    tripped: int = 0
    first_out: int = -1


@dataclass(frozen=True, slots=True)
class InterlocksModel:
    """`forces` are actuators, per interlock.

    Bits: `latching`; `partial`: forces some outputs, not all; `blind`: can be judged without a reading.
    """

    plans: tuple[InterlockPlan, ...]
    judges: tuple[Judge, ...]
    forces: tuple[tuple[int, ...], ...]
    latching: int
    partial: int
    blind: int


def compile_interlocks(plan: RigPlan, names: Names) -> InterlocksModel:
    """Resolve the interlocks of a checked plan."""
    rules = plan.interlocks
    judges = tuple(compile_condition(rule.condition, names, plan) for rule in rules)
    return InterlocksModel(
        plans=rules,
        judges=judges,
        forces=tuple(tuple(names.channels[name] for name in rule.forces) for rule in rules),
        latching=_mask(rule.latching for rule in rules),
        partial=_mask(bool(rule.forces) for rule in rules),
        blind=_mask(isinstance(judge, FlagJudge) for judge in judges),
    )


def initial(model: InterlocksModel) -> InterlockState:
    """Return the state in which nothing has been seen."""
    return InterlockState((0.0,) * len(model.judges), tuple(judge.initial() for judge in model.judges))


def step(
    state: InterlockState, model: InterlocksModel, seen: Seen, dt_s: float, *, readings: bool = True
) -> tuple[InterlockState, tuple[Event, ...]]:
    """Judge one tick. The state comes back as the same object when nothing changes.

    Without readings, while a board that was heard is away, only what needs none is judged; the rest stays
    tripped or not, and begins its delay anew.
    """
    memories, standing, judged = _judge(state, model, seen, dt_s, -1 if readings else model.blind)
    if not standing | state.standing | state.tripped | judged ^ state.judged:
        if memories is state.memories:
            return state, ()
        return InterlockState(state.standing_s, memories), ()
    standing_s = _time(state.standing_s, standing & state.standing, dt_s)
    due = _due(model, standing_s, standing & ~state.tripped)
    released = state.tripped & ~standing & ~model.latching
    tripped = state.tripped & ~released | due
    first_out = state.first_out
    if not state.tripped & ~released:
        first_out = _lowest(due)
    after = InterlockState(standing_s, memories, standing, judged, tripped, first_out)
    return after, _events(after, model, seen, due, released)


def trips_reactor(model: InterlocksModel, state: InterlockState) -> bool:
    """Whether an interlock that forces every output has tripped."""
    return state.tripped & ~model.partial != 0


def reason(model: InterlocksModel, state: InterlockState) -> str:
    """Say which interlock trips the reactor, the first out if it is one of them; empty when none does."""
    whole = state.tripped & ~model.partial
    if not whole:
        return ""
    index = state.first_out if whole >> state.first_out & 1 else _lowest(whole)
    plan = model.plans[index]
    return f"interlock {plan.name}: {_describe(plan, model.judges[index])}"


def forced(model: InterlocksModel, state: InterlockState) -> tuple[int, ...]:
    """Return the actuators that interlocks over some outputs hold at their safe values."""
    if not state.tripped & model.partial:
        return ()
    return tuple(sorted({actuator for index in _bits(state.tripped) for actuator in model.forces[index]}))


def standing_causes(state: InterlockState, model: InterlocksModel, seen: Seen) -> tuple[str, ...]:
    """Say what a reset waits for, each with its value and remedy; empty: it may be granted.

    An interlock over some outputs that does not latch holds them by itself, and hinders none.
    """
    hindering = state.standing & (model.latching | ~model.partial)
    return tuple(
        f"{model.plans[index].name}: {judge.explain(state.memories[index], seen)}; {judge.remedy(seen)}"
        for index in _bits(hindering)
        for judge in (model.judges[index],)
    )


def reset(state: InterlockState, model: InterlocksModel) -> InterlockState:
    """Clear what has latched and the first out; what tripped starts to look afresh.

    A condition that still stands, of an interlock that does not latch, stays tripped.
    """
    held = state.tripped & state.standing & ~model.latching
    cleared = state.tripped & ~held
    memories = tuple(
        model.judges[index].initial() if cleared >> index & 1 else memory
        for index, memory in enumerate(state.memories)
    )
    standing_s = tuple(
        0.0 if cleared >> index & 1 else each_s for index, each_s in enumerate(state.standing_s)
    )
    return InterlockState(
        standing_s, memories, state.standing & ~cleared, state.judged & ~cleared, held, _lowest(held)
    )


def describe(plan: InterlockPlan, rig: RigPlan) -> str:
    """Say the rule: "reactor.temperature above 85 degC, or no good reading, for 0.5 s"."""
    return _describe(plan, compile_condition(plan.condition, Names.of(rig), rig))


def _judge(
    state: InterlockState, model: InterlocksModel, seen: Seen, dt_s: float, which: int
) -> tuple[tuple[Memory, ...], int, int]:
    """Return the memories, the same tuple if none changed, and the bits of what stands and was judged to."""
    changed: list[Memory] | None = None
    standing, judged = state.tripped & ~which, state.judged
    bit = 1
    for index, judge in enumerate(model.judges):
        if not which & bit:
            bit <<= 1
            continue
        before = state.memories[index]
        after, verdict = judge.judge(before, seen, dt_s, standing=judged & bit != 0)
        if after is not before:
            changed = list(state.memories) if changed is None else changed
            changed[index] = after
        if verdict is None:
            standing |= bit
        elif verdict:
            standing |= bit
            judged |= bit
        else:
            judged &= ~bit
        bit <<= 1
    return (state.memories if changed is None else tuple(changed)), standing, judged


def _time(standing_s: tuple[float, ...], since_before: int, dt_s: float) -> tuple[float, ...]:
    """Add the tick to what stood at its begin and stands at its end."""
    return tuple(
        [before_s + dt_s if since_before >> index & 1 else 0.0 for index, before_s in enumerate(standing_s)]
    )


def _due(model: InterlocksModel, standing_s: tuple[float, ...], waiting: int) -> int:
    """Return the bits of those that have stood for their delay."""
    due = 0
    for index in _bits(waiting):
        if standing_s[index] + _ROUNDING_S >= model.plans[index].delay_s:
            due |= 1 << index
    return due


def _events(
    state: InterlockState, model: InterlocksModel, seen: Seen, due: int, released: int
) -> tuple[Event, ...]:
    events = []
    for index in _bits(due | released):
        plan, judge = model.plans[index], model.judges[index]
        value = judge.explain(state.memories[index], seen)
        if due >> index & 1:
            first = ", first out" if index == state.first_out else ""
            text = f"tripped{first}: {value}; the rule is {_describe(plan, judge)}"
        else:
            text = f"released: {value}"
        events.append(Event(EventKind.TRIP, plan.name, text))
    return tuple(events)


def _describe(plan: InterlockPlan, judge: Judge) -> str:
    parts = [judge.describe()]
    if judge.cannot:
        parts.append(f"or {judge.cannot}")
    if plan.delay_s > 0.0:
        parts.append(f"for {plan.delay_s:g} s")
    text = ", ".join(parts)
    if plan.forces:
        text += f"; makes {', '.join(plan.forces)} safe"
    return text if plan.latching else f"{text}; releases by itself"


def _mask(flags: Iterable[bool]) -> int:
    bits = 0
    for place, flag in enumerate(flags):
        bits |= flag << place
    return bits


def _lowest(bits: int) -> int:
    """Return the place of the lowest bit that is set, or -1."""
    return (bits & -bits).bit_length() - 1


def _bits(bits: int) -> Iterator[int]:
    """Yield the places of the bits that are set, lowest first."""
    while bits:
        yield _lowest(bits)
        bits &= bits - 1
