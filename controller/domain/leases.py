"""The lease as anybody may see it: the exclusive, expiring right of one client to actuate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """Who holds it, empty: nobody, and for how long still, on the reactor's clock.

    `lost` says that the last one ran out without being released, until the next is acquired or a Reset.
    """

    holder: str = ""
    left_s: float = 0.0
    lost: bool = False
