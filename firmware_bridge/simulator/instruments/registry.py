"""The twin of every instrument driver, by the driver's name. A module is imported when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from firmware_bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.simulator.instruments.interfaces import InstrumentTwin, TwinSettings

_HERE: Final = "firmware_bridge.simulator.instruments"
TWINS: Final[Mapping[str, tuple[str, str]]] = {
    "cavro": (f"{_HERE}.cavro", "CavroTwin"),
    "new-era": (f"{_HERE}.new_era", "NewEraTwin"),
    "sensirion-flow": (f"{_HERE}.sensirion_flow", "SensirionFlowTwin"),
    "vici": (f"{_HERE}.vici", "ViciTwin"),
    "eurotherm-3200": (f"{_HERE}.eurotherm_3200", "Eurotherm3200Twin"),
    "omega-cn7500": (f"{_HERE}.omega_cn7500", "OmegaCN7500Twin"),
    "watlow-ez-zone-pm": (f"{_HERE}.watlow_ez_zone_pm", "WatlowEzZonePmTwin"),
    "modbus-map": (f"{_HERE}.modbus_map", "ModbusMapTwin"),
    "chemyx": (f"{_HERE}.chemyx", "ChemyxTwin"),
    "harvard": (f"{_HERE}.harvard", "HarvardTwin"),
    "julabo": (f"{_HERE}.julabo", "JulaboTwin"),
    "huber": (f"{_HERE}.huber", "HuberTwin"),
    "ika": (f"{_HERE}.ika", "IkaTwin"),
    "syringe-pair": (f"{_HERE}.syringe_pair", "SyringePairTwin"),
}
"""Driver: module, and class made from `TwinSettings`."""


class TwinError(BridgeError):
    """A twin that there is not, or that cannot be so."""


def make_twin(driver: str, settings: TwinSettings) -> InstrumentTwin:
    """Make a factory-fresh twin; TwinError names the drivers that have one."""
    found = TWINS.get(driver)
    if found is None:
        raise TwinError(f"no twin of driver {driver!r}; there are: {', '.join(sorted(TWINS))}")
    module, name = found
    make: Callable[[TwinSettings], InstrumentTwin] = getattr(import_module(module), name)
    return make(settings)
