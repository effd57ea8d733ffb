"""What every syringe pump's driver takes from its options, and the signals that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.instruments.base import SignalFacts
from firmware_bridge.devices.instruments.calibration import Calibration, read_calibration
from firmware_bridge.devices.instruments.options import read_quantity
from firmware_bridge.devices.instruments.syringes import Syringe, read_syringe
from firmware_bridge.devices.instruments.volumes import VolumeAccount
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

SYRINGE_OPTIONS: Final[Mapping[str, str]] = {
    "syringe": 'which one is in it: "BD Plastic 10 mL", or "14.43 mm, 10 mL"',
    "diameter": 'its inner diameter, "14.43 mm", where it has no name; with `volume`',
    "volume": 'its volume, "10 mL", where it has no name; with `diameter`',
    "filled": 'how much is in it when the daemon starts: "8 mL"; the whole syringe, if it is not said',
    "calibration": 'what it delivers by weight, as a factor of what it is set to: "0.98731, 0.052 uL/min"',
    "fastest": 'how fast its pusher goes at most: "159 mm/min"',
}
COUNTED: Final = frozenset({"volume", "infused", "withdrawn"})
"""The signals that need the pump's own count of what it moved."""
COUNTED_MOST_UL: Final = 1e7
"""10 L: more than a pump's own counters show before somebody clears them."""


@dataclass(frozen=True, slots=True)
class SyringeSetup:
    """A syringe in a pump. Flows are what is delivered; `set` rates what the pump is told."""

    syringe: Syringe
    filled_ul: float
    calibration: Calibration
    slowest_ul_min: float
    fastest_ul_min: float

    def make_account(self) -> VolumeAccount:
        return VolumeAccount(self.syringe.volume_ul, self.filled_ul)

    def check_room(self, account: VolumeAccount) -> None:
        """DeviceError for a syringe that is full: to draw on would pull the plunger out of the barrel."""
        if account.is_full:
            raise DeviceError(
                f"the syringe is full by its account ({self.syringe.volume_ul:g} uL), nothing can be drawn "
                "in: if there is room in it, write how much is in it as `filled`"
            )

    def make_signals(self, *, withdraws: bool = True) -> Mapping[str, SignalFacts]:
        """Tell the signals that every syringe pump has; without `withdraws` it only infuses."""
        fastest_ul_min = self.fastest_ul_min
        counted = SignalFacts("uL", 0.0, COUNTED_MOST_UL)
        return {
            "flow": SignalFacts(
                "uL/min", -fastest_ul_min if withdraws else 0.0, fastest_ul_min, actuator=True
            ),
            "volume": SignalFacts("uL", 0.0, self.syringe.volume_ul),
            "infused": counted,
            "withdrawn": counted,
        }


def read_setup(options: Mapping[str, str], *, slowest_mm_min: float, fastest_mm_min: float) -> SyringeSetup:
    """Read SYRINGE_OPTIONS; DeviceError names one. The pump's own pusher speed holds without `fastest`."""
    syringe = read_syringe(options)
    filled_ul = syringe.volume_ul
    if "filled" in options:
        filled_ul = read_quantity(
            options, "filled", "8 mL", {"mL": 1000.0, "uL": 1.0}, 0.0, syringe.volume_ul
        )
    calibration = read_calibration(options["calibration"]) if "calibration" in options else Calibration()
    fastest = read_quantity(options, "fastest", f"{fastest_mm_min} mm/min", {"mm/min": 1.0}, 0.01, 1000.0)
    area_mm2 = syringe.area_mm2
    fastest_ul_min = calibration.delivered_ul_min(fastest * area_mm2)
    slowest_ul_min = calibration.delivered_ul_min(slowest_mm_min * area_mm2)
    if slowest_ul_min >= fastest_ul_min:
        raise DeviceError(f"fastest {fastest:g} mm/min leaves no flow between it and the slowest")
    return SyringeSetup(syringe, filled_ul, calibration, slowest_ul_min, fastest_ul_min)
