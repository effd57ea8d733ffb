"""Twins of instruments on their lines, fitted into a plant: what their pumps, heaters and lamps do to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.instruments.interfaces import Surroundings
from firmware_bridge.simulator.instruments.registry import TwinError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from firmware_bridge.simulator.endpoint import DevicePort
    from firmware_bridge.simulator.instruments.interfaces import InstrumentTwin
    from firmware_bridge.simulator.interfaces import Drive, Sensed

_PLACE: Final = re.compile(r"(pump|zone|stream)\.(\d)|lamp")
PLACES: Final = "pump.N delivers into stream N, stream.N sees its flow, zone.N heats and sees zone N, or lamp"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the plant an instrument is fitted; `kind` empty: beside it."""

    kind: str = ""
    index: int = 0


def read_place(text: str) -> Place:
    """Read "pump.2"; TwinError says what there is."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise TwinError(f"no place {text!r} in the plant: {PLACES}")
    return Place(found[1], int(found[2])) if found[1] else Place(text)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One simulated instrument and where it is fitted."""

    name: str
    twin: InstrumentTwin
    place: Place = Place()


class SharedPort:
    """One serial port with several instruments behind it: each hears everything."""

    def __init__(self, twins: Sequence[InstrumentTwin]) -> None:
        self._twins = tuple(twins)

    def feed(self, chunk: bytes) -> bytes:
        return b"".join(twin.feed(chunk) for twin in self._twins)


class InstrumentBench:
    """All simulated instruments of a rig. `lines` names each port, and says what is behind it."""

    def __init__(self, lines: Mapping[str, Sequence[Fitted]], steps_per_ul: float) -> None:
        self._fitted = tuple(each for fitted in lines.values() for each in fitted)
        self._steps_per_ul = steps_per_ul
        self.ports: Mapping[str, DevicePort] = {
            name: SharedPort([each.twin for each in fitted]) for name, fitted in lines.items()
        }

    @property
    def twins(self) -> Mapping[str, InstrumentTwin]:
        """Each by its device's name."""
        return {each.name: each.twin for each in self._fitted}

    def advance(self, dt_s: float, drive: Drive) -> Drive:
        """Let `dt_s` pass for all of them; add what they do to what else drives the plant."""
        pumps, heaters, lamp_duty = list(drive.pump_steps_s), list(drive.heater_duty), drive.lamp_duty
        for each in self._fitted:
            each.twin.advance(dt_s)
            action, index = each.twin.action, each.place.index
            match each.place.kind:
                case "pump" if index < len(pumps):
                    # What is drawn in comes out of a bottle, through a valve.
                    pumps[index] += max(action.flow_ul_s, 0.0) * self._steps_per_ul
                case "zone" if index < len(heaters):
                    # The chilled base plate cools whatever is asked.
                    heaters[index] = min(max(heaters[index] + action.heat, 0.0), 1.0)
                case "lamp":
                    lamp_duty = min(max(lamp_duty + action.light, 0.0), 1.0)
        return replace(drive, pump_steps_s=tuple(pumps), heater_duty=tuple(heaters), lamp_duty=lamp_duty)

    def sense(self, sensed: Sensed, drive: Drive) -> None:
        """Show each what it sees of the plant where it is fitted."""
        for each in self._fitted:
            kind, index = each.place.kind, each.place.index
            flow_ul_s = _at(drive.pump_steps_s, index) / self._steps_per_ul
            each.twin.sense(
                Surroundings(
                    temperature_c=_at(sensed.temperatures_c, index) if kind == "zone" else nan,
                    pressure_kpa=_at(sensed.pressures_kpa, 0),
                    flow_ul_s=flow_ul_s if kind in ("pump", "stream") else nan,
                )
            )


def _at(values: Iterable[float], index: int) -> float:
    row = tuple(values)
    return row[index] if index < len(row) else nan
