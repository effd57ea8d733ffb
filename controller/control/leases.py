"""Who may actuate, as arithmetic: one lease runs down with the tick, and commands are judged by it.

Control knows a lease by the digest of its token alone: neither its state nor a recording gives a right away.
A lease that runs out frees the reactor and stops nothing: what acted under it is for the service to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.domain.commands import (
    DONE,
    EndAutotune,
    HoldLease,
    Reply,
    Reset,
    Retune,
    SetLoopMode,
    SetTargets,
    StartAutotune,
)
from controller.domain.events import Event, EventKind
from controller.domain.leases import LeaseStatus

if TYPE_CHECKING:
    from controller.domain.commands import Command, ReleaseLease

# Shorter than a client on a slow network takes to renew it.
SHORTEST_S = 1.0
_ACTUATING = (SetTargets, SetLoopMode, Retune, StartAutotune, EndAutotune, Reset)
_SUBJECT = "lease"


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The lease there is; `digest` is its token's."""

    holder: str = ""
    digest: str = ""
    left_s: float = 0.0
    lost: bool = False

    @property
    def held(self) -> bool:
        return bool(self.digest)


FREE = LeaseState()


def status(state: LeaseState) -> LeaseStatus:
    return LeaseStatus(state.holder, state.left_s, state.lost)


def step(state: LeaseState, dt_s: float) -> tuple[LeaseState, tuple[Event, ...]]:
    """Let `dt_s` of the lease pass; at its end nobody holds it, and it counts as lost."""
    if not state.held:
        return state, ()
    left_s = state.left_s - dt_s
    if left_s > 0.0:
        return replace(state, left_s=left_s), ()
    text = f"the lease of {state.holder} ran out"
    return replace(FREE, lost=True), (Event(EventKind.LEASE, _SUBJECT, text),)


def take(
    state: LeaseState, command: HoldLease | ReleaseLease, actor: str, longest_s: float
) -> tuple[LeaseState, Reply, tuple[Event, ...]]:
    """Acquire, renew or release; refused with LEASE_HELD, LEASE_UNKNOWN or OUT_OF_RANGE.

    HoldLease acquires a lease that is free and renews its own; without a holder it only renews.
    """
    if not isinstance(command, HoldLease):
        return _release(state, command, actor)
    if not SHORTEST_S <= command.ttl_s <= longest_s:
        detail = f"a lease of {command.ttl_s:g} s can't be had: {SHORTEST_S:g} to {longest_s:g} s"
        return state, Reply("OUT_OF_RANGE", detail), ()
    if state.held and _owns(state, command.token):
        return replace(state, left_s=command.ttl_s), DONE, ()
    if not (command.holder and command.token):
        return state, _unknown(state), ()
    if state.held:
        return state, _held(state), ()
    taken = LeaseState(command.holder, command.token, command.ttl_s)
    text = f"{command.holder} holds the lease for {command.ttl_s:g} s"
    return taken, DONE, (Event(EventKind.LEASE, _SUBJECT, text, actor),)


def permits(state: LeaseState, command: Command, token: str) -> Reply | None:
    """Return None where the command may be carried out, else the refusal.

    Going safe is never refused, by MakeSafe or EmergencyStop; nor is what moves no output.
    """
    if not state.held or not isinstance(command, _ACTUATING) or _owns(state, token):
        return None
    return _held(state)


def cleared(state: LeaseState) -> LeaseState:
    """Forget that a lease was lost: what a Reset does."""
    return replace(state, lost=False)


def _release(
    state: LeaseState, command: ReleaseLease, actor: str
) -> tuple[LeaseState, Reply, tuple[Event, ...]]:
    if not state.held or not _owns(state, command.token):
        return state, _unknown(state), ()
    text = f"{state.holder} released the lease"
    return replace(FREE, lost=state.lost), DONE, (Event(EventKind.LEASE, _SUBJECT, text, actor),)


def _owns(state: LeaseState, token: str) -> bool:
    return state.digest == token


def _held(state: LeaseState) -> Reply:
    return Reply("LEASE_HELD", f"{state.holder} holds the lease for another {state.left_s:.0f} s")


def _unknown(state: LeaseState) -> Reply:
    if state.held:
        return Reply("LEASE_UNKNOWN", f"that lease ran out or was released; {state.holder} holds it now")
    return Reply("LEASE_UNKNOWN", "that lease ran out or was released; acquire a new one")
