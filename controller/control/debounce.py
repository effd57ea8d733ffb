"""A contact without its bounce: an integrator with two thresholds, stepped by tick time.

Time for which a contact is seen active at both ends of a tick fills the integrator, time for which it is seen
inactive at both ends empties it; full means active, empty means inactive, and between them nothing changes.
Unlike a timer that any bounce restarts, it also notices a worn contact that chatters for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Sums of ticks miss their round total by a little.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Contact:
    """`seen` is the level at the last tick; `fill` runs from 0 to 1."""

    active: bool
    seen: bool
    fill: float


def at_rest(level: bool) -> Contact:
    """Return a contact of which nothing else is known: its first level is taken as it is."""
    return Contact(active=level, seen=level, fill=1.0 if level else 0.0)


def debounce(before: Contact, level: bool, dt_s: float, *, on_s: float, off_s: float) -> Contact:
    """Take one more look, `dt_s` after the last.

    The contact becomes active after `on_s` of activity and inactive after `off_s` without; zero: at once.
    """
    fill = before.fill
    delay_s = on_s if level else off_s
    if delay_s <= 0.0:
        fill = 1.0 if level else 0.0
    elif level is before.seen:
        share = dt_s / delay_s
        fill = min(fill + share, 1.0) if level else max(fill - share, 0.0)
    active = fill >= 1.0 - _ROUNDING or (before.active and fill > _ROUNDING)
    return Contact(active=active, seen=level, fill=fill)
