"""What nobody may change while a run or a campaign has the reactor to itself: its results would mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from controller.rpc.services import Services

_REASONS: Final = {"run": "REACTOR_HELD_BY_RUN", "campaign": "REACTOR_HELD_BY_CAMPAIGN"}


def refuse_while_held(services: Services) -> None:
    """Raise ControllerError REACTOR_HELD_BY_RUN or REACTOR_HELD_BY_CAMPAIGN unless the reactor is free."""
    if holder := services.held_by():
        kind, _, number = holder.partition(" ")
        raise ControllerError(
            f"{holder} holds the reactor",
            reason=_REASONS[kind],
            kind=Kind.REFUSED,
            remedy=f"wait for it, or 'ostwald {kind} abort {number}'",
        )
