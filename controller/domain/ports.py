"""What campaigns and RPCs need of the reactor and of time; `equipment` and `runtime` provide it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from controller.domain.alarms import AlarmStatus
    from controller.domain.commands import Command
    from controller.domain.leases import LeaseStatus
    from controller.domain.plan import RigPlan
    from controller.domain.readings import LinkHealth, Snapshot, Spectrum
    from controller.domain.status import ControlStatus
    from controller.domain.surrogates import Prediction


class Clock(Protocol):
    """The reactor's time: real, scaled, or stepped.

    In lockstep, time stands still until every participant sleeps; then it runs to the earliest of their ends.
    Who acts on the reactor participates; who only watches does not.
    """

    def now_s(self) -> float:
        """Seconds since control booted."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Return when `duration_s` have passed on the reactor's clock."""
        ...

    def participate(self) -> AbstractAsyncContextManager[None]:
        """Hold simulated time while the body computes rather than sleeps."""
        ...


class Reactor(Protocol):
    """The rig, seen from the service."""

    @property
    def plan(self) -> RigPlan: ...

    @property
    def clock(self) -> Clock: ...

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot; ControllerError UNAVAILABLE when control is gone."""
        ...

    def links(self) -> tuple[LinkHealth, ...]: ...

    def state_reason(self) -> str:
        """Say why the reactor is not ready; empty when it is."""
        ...

    def status(self) -> ControlStatus:
        """Return the newest that control said of itself: loops, alarms, lease, reagents, warnings."""
        ...

    def alarms(self) -> tuple[AlarmStatus, ...]: ...

    def lease(self) -> LeaseStatus: ...

    async def request(self, command: Command, *, actor: str, lease: str = "") -> None:
        """Ask control for anything that `domain.commands` names; return once it is done.

        `actor` is for the log; `lease` is the token of the lease under which it is asked. What control
        refuses raises ControllerError with its reason.
        """
        ...

    async def set(self, targets: Mapping[str, float], *, actor: str, lease: str = "") -> None:
        """Ask for values in the channels' own units, all of them or none.

        A sensor with a loop takes the loop's target, a flow group's total and fractions theirs. Raises
        ControllerError: CHANNEL_UNKNOWN, NOT_WRITABLE, OUT_OF_RANGE, FORCED_SAFE, FRACTIONS_UNKNOWN,
        FRACTIONS_SUM, LEASE_HELD, REACTOR_NOT_READY.
        """
        ...

    async def make_safe(self, *, actor: str) -> None:
        """Ask every actuator for its safe value and stop every loop, without latching; needs no lease."""
        ...

    async def emergency_stop(self, reason: str, *, actor: str) -> None:
        """Make everything safe, and latch it; needs no lease."""
        ...

    async def reset(self, *, actor: str, lease: str = "") -> None:
        """Release what is latched; ControllerError CAUSE_STANDS while its cause does, LEASE_HELD."""
        ...

    async def acquire(
        self,
        kind: str,
        *,
        integration_s: float | None = None,
        scans: int | None = None,
        actor: str,
        lease: str = "",
    ) -> Spectrum:
        """Expose "sample", "dark", "reference" or "emission"; takes that long on the reactor's clock.

        "dark" switches the lamp off for its exposure. Later samples refer to the newest dark and reference.
        "emission" switches the lamp off and a diode on; ControllerError NO_EMISSION where the rig has none.
        """
        ...


class Surrogate(Protocol):
    """The promoted model of one name, as a campaign asks it."""

    @property
    def inputs(self) -> Sequence[str]: ...

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        """Predict each row of conditions, in the manifest's units."""
        ...


class Surrogates(Protocol):
    """Where campaigns find promoted models."""

    def active(self, name: str) -> Surrogate:
        """Return the active version; ControllerError MODEL_UNKNOWN or MODEL_NOT_ACTIVE."""
        ...
