"""The twin of two syringe pumps with check valves on one line: what one pushes goes to the plant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.harvard import HarvardTwin
from firmware_bridge.simulator.instruments.interfaces import Action, TwinSettings
from firmware_bridge.simulator.instruments.new_era import NewEraTwin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware_bridge.simulator.instruments.interfaces import Surroundings

_PUMPS: Final[Mapping[str, type[HarvardTwin | NewEraTwin]]] = {"harvard": HarvardTwin, "new-era": NewEraTwin}


class SyringePairTwin:
    """Both pumps behind one port. `pumps` are they, to block one of them."""

    def __init__(self, settings: TwinSettings) -> None:
        make = _PUMPS[settings.options.get("pump", "harvard")]
        self.pumps = tuple(
            make(TwinSettings(address, settings.options, settings.serial_number, settings.seed))
            for address in settings.address.split("+")
        )

    def feed(self, chunk: bytes) -> bytes:
        return b"".join(pump.feed(chunk) for pump in self.pumps)

    def advance(self, dt_s: float) -> None:
        for pump in self.pumps:
            pump.advance(dt_s)

    def sense(self, surroundings: Surroundings) -> None:
        for pump in self.pumps:
            pump.sense(surroundings)

    @property
    def action(self) -> Action:
        """What both deliver: the check valves let nothing back, and what is drawn comes from the bottle."""
        return Action(flow_ul_s=sum(max(pump.action.flow_ul_s, 0.0) for pump in self.pumps))

    @property
    def log(self) -> list[str]:
        return [line for pump in self.pumps for line in pump.log]

    def power_cycle(self) -> None:
        for pump in self.pumps:
            pump.power_cycle()

    def stall(self) -> None:
        """Block the first."""
        self.pumps[0].stall()
