"""The simulated rig of a plan: its synthesis, and what stands behind each of its `twin:` links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.registry import DRIVERS, InstrumentDriver
from firmware_bridge.simulator.boards import build_board
from firmware_bridge.simulator.instruments.bench import Fitted, InstrumentBench, Place, read_place
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.registry import TwinError, make_twin
from firmware_bridge.simulator.rig import SimulatedRig
from firmware_bridge.simulator.syntheses import build

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.domain.plan import DevicePlan, RigPlan, TwinPlan
    from firmware_bridge.simulator.endpoint import DevicePort

TWIN: Final = "twin:"
"""How the URL of a link begins whose far end is simulated; the name of a port follows."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated rig and its serial ports."""

    rig: SimulatedRig
    ports: Mapping[str, DevicePort]


def simulate(twin: TwinPlan, plan: RigPlan | None = None) -> Simulation:
    """Make the rig of a plan; without one, board and spectrometer alone. BridgeError says what can't be."""
    plant = build(twin.synthesis, twin.seed)
    lines = {} if plan is None else _lines(plan, twin)
    bench = InstrumentBench(lines, plant.facts.steps_per_ul) if lines else None
    rig = SimulatedRig(plant, board=build_board(twin.board, twin.seed), bench=bench)
    ports = {"board": rig.board_port, "spectrometer": rig.spectrometer_port}
    if bench is not None:
        ports |= bench.ports
    for link in () if plan is None else plan.links:
        name = link.url.removeprefix(TWIN)
        if link.url.startswith(TWIN) and name not in ports:
            raise TwinError(f"link {link.name}: the twin has no port {name!r}; there are {', '.join(ports)}")
    return Simulation(rig, ports)


def _lines(plan: RigPlan, twin: TwinPlan) -> dict[str, list[Fitted]]:
    """Fit the twin of every instrument on a `twin:` link, by the name of its port."""
    ports = {link.name: link.url.removeprefix(TWIN) for link in plan.links if link.url.startswith(TWIN)}
    lines: dict[str, list[Fitted]] = {}
    for number, device in enumerate(plan.devices):
        if device.link in ports and isinstance(DRIVERS.get(device.driver), InstrumentDriver):
            fitted = _fit(device, twin, number)
            lines.setdefault(ports[device.link], []).append(fitted)
    return lines


def _fit(device: DevicePlan, twin: TwinPlan, number: int) -> Fitted:
    serial_number = device.serial_number or f"TWIN-{number + 1:04}"
    settings = TwinSettings(device.address, device.options, serial_number, twin.seed + number)
    place = twin.piping.get(device.name)
    return Fitted(
        device.name, make_twin(device.driver, settings), Place() if place is None else read_place(place)
    )
