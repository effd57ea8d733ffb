"""The switches of a simulated rig's faults: what is broken now, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware_bridge.simulator.plant.faults import BoardMute

if TYPE_CHECKING:
    from firmware_bridge.simulator.interfaces import Drive, Sensed
    from firmware_bridge.simulator.plant.faults import Fault


@dataclass(slots=True)
class _Active:
    fault: Fault
    since_s: float
    first: Sensed | None
    """What was shown when the fault began; None: nothing had been shown yet."""


class FaultPanel:
    """Faults that are switched on, applied to every step of the rig."""

    def __init__(self) -> None:
        self._active: list[_Active] = []
        self._time_s = 0.0
        self._shown: Sensed | None = None

    @property
    def active(self) -> tuple[Fault, ...]:
        return tuple(each.fault for each in self._active)

    @property
    def board_mute(self) -> bool:
        return any(isinstance(each.fault, BoardMute) for each in self._active)

    def set(self, fault: Fault) -> None:
        """Begin a fault, from the next step on; it takes the place of one at the same place."""
        self.clear(fault)
        self._active.append(_Active(fault, self._time_s, self._shown))
        self._active.sort(key=lambda each: each.fault.RANK)

    def clear(self, fault: Fault) -> None:
        """Repair what `fault` breaks, whatever its amount; nothing happens if it is whole."""
        self._active = [each for each in self._active if each.fault.place != fault.place]

    def clear_all(self) -> None:
        self._active = []

    def drive(self, drive: Drive, dt_s: float) -> Drive:
        """Give what drives the plant during the next `dt_s`."""
        self._time_s += dt_s
        for each in self._active:
            drive = each.fault.drive(drive, self._time_s - each.since_s)
        return drive

    def sense(self, sensed: Sensed) -> Sensed:
        """Give what is shown at the end of the step that `drive` began."""
        true = sensed
        for each in self._active:
            if each.first is None:
                each.first = true
            sensed = each.fault.sense(sensed, each.first, self._time_s - each.since_s)
        self._shown = sensed
        return sensed
