"""What a tick sees, and the numbers behind a rig's names: shared by interlocks, alarms and loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.domain.readings import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.domain.plan import RigPlan

GOOD = int(Quality.GOOD)
BAD = int(Quality.BAD)


def amount(value: float, unit: str) -> str:
    """Write a value with its unit; the unit 1 is not written."""
    return f"{value:g}" if unit == "1" else f"{value:g} {unit}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What conditions judge. `values` and `qualities` include the computed channels.

    `outputs` are those of the tick before, NaN at sensors; `setpoints` has the ramped setpoint of each loop,
    NaN while it does not regulate; bit i of `trips` stands for interlock i.
    """

    time_s: float
    values: tuple[float, ...]
    qualities: tuple[int, ...]
    outputs: tuple[float, ...]
    setpoints: tuple[float, ...]
    boards_lost: tuple[bool, ...]
    stop_pressed: bool
    service_alive: bool
    lease_lost: bool
    trips: int
    spectrometer_lost: bool = False

    def good(self, channel: int) -> bool:
        return self.qualities[channel] == GOOD


@dataclass(frozen=True, slots=True)
class Names:
    """Indices by name: channels, loops, boards (devices that carry channels), interlocks.

    `spectrometer` is the device that the service owns, or empty.
    """

    channels: Mapping[str, int]
    loops: Mapping[str, int]
    boards: Mapping[str, int]
    interlocks: Mapping[str, int]
    spectrometer: str = ""

    @classmethod
    def of(cls, plan: RigPlan) -> Names:
        carriers = dict.fromkeys(channel.device for channel in plan.channels if channel.device)
        boards = [device.name for device in plan.devices if device.name in carriers]
        return cls(
            channels={channel.name: index for index, channel in enumerate(plan.channels)},
            loops={loop.name: index for index, loop in enumerate(plan.loops)},
            boards={name: index for index, name in enumerate(boards)},
            interlocks={rule.name: index for index, rule in enumerate(plan.interlocks)},
            spectrometer="" if plan.spectrometer is None else plan.spectrometer.device,
        )
