"""Two equal syringe pumps on one line as one pump that never runs empty: while one gives, the other refills.

Drives the drivers of both; `turns` decides. Each syringe needs two check valves (or a valve that its pump
drives): pushing delivers into the reactor, drawing fills it from the bottle.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import (
    Identity,
    Instrument,
    InstrumentSettings,
    Purpose,
    Script,
    SignalFacts,
)
from firmware_bridge.devices.instruments.harvard import Harvard
from firmware_bridge.devices.instruments.new_era import NewEra
from firmware_bridge.devices.instruments.options import read_choice, read_quantity
from firmware_bridge.devices.instruments.syringes import read_syringe
from firmware_bridge.devices.instruments.turns import Pair, PairFacts, Turn, take_turns
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LATE_S: Final = 1.0
"""Between two decisions lie the time between two reads and, on a busy line, some exchanges."""
_PUMPS: Final[Mapping[str, type[Instrument]]] = {"harvard": Harvard, "new-era": NewEra}
_OWN: Final[Mapping[str, str]] = {
    "pump": 'the driver of both pumps: "harvard" or "new-era"; they change their flow as they run',
    "refill": 'how fast a syringe is drawn full: "4 mL/min"; too fast boils or cavitates the liquid',
    "overlap": 'how long one hands over to the other: "4 s"',
}
_ML_MIN: Final[Mapping[str, float]] = {"mL/min": 1000.0, "uL/min": 1.0}


class SyringePair:
    """Two pumps as one. `flow` goes out only; `volume` is what both hold, `address` is theirs: "01+02"."""

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {
        **{key: text for pump in _PUMPS.values() for key, text in pump.OPTIONS.items() if key != "direction"},
        **_OWN,
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        addresses = settings.address.split("+")
        if len(addresses) != 2 or addresses[0] == addresses[1]:
            raise DeviceError(f'address {settings.address!r}: write those of both pumps, like "01+02"')
        name = read_choice(options, "pump", tuple(_PUMPS))
        make = _PUMPS[name]
        inner = {key: text for key, text in options.items() if key not in _OWN}
        for key in inner.keys() - make.OPTIONS.keys():
            raise DeviceError(f"{key}: a {name} pump has no such option")
        self._pumps = tuple(
            make(InstrumentSettings(address, inner, ("flow", "volume"), {"flow": 0.0}))
            for address in addresses
        )
        capacity_ul = read_syringe(options).volume_ul
        fastest_ul_min = self._pumps[0].signals["flow"].high
        refill_ul_min = read_quantity(options, "refill", "4 mL/min", _ML_MIN, 1e-3, fastest_ul_min)
        overlap_s = read_quantity(options, "overlap", "4 s", {"s": 1.0}, 1.0, 60.0)
        # Room below for a hand-over that a larger flow makes longer, above for a refill that is stopped late.
        bottom_ul = 0.01 * capacity_ul + refill_ul_min / 60.0 * (overlap_s / 2.0 + _LATE_S)
        top_ul = 0.99 * capacity_ul - refill_ul_min / 60.0 * _LATE_S
        if top_ul - bottom_ul < capacity_ul / 4.0:
            raise DeviceError(
                "refill: too fast for syringes of this size; draw slower, or shorten the overlap"
            )
        self._facts = PairFacts(bottom_ul, top_ul, refill_ul_min, overlap_s, fastest_ul_min, _LATE_S)
        self._signals = {
            "flow": SignalFacts("uL/min", 0.0, self._facts.most_ul_min, actuator=True),
            "volume": SignalFacts("uL", 0.0, 2.0 * capacity_ul),
        }
        self._used = settings.used
        self._safe_ul_min = self._wanted_ul_min = settings.safe.get("flow", 0.0)
        self._turn = Turn()
        self._left_ul: Pair = (nan, nan)
        # What each pump was told last; NaN: nothing that is known to hold.
        self._told_ul_min = [nan, nan]

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        first, second = self._pumps
        found = ((yield from first.identify()), (yield from second.identify()))
        serials = "+".join(each.serial_number for each in found if each.serial_number)
        return Identity(" and ".join(each.model for each in found), serials, found[0].firmware)

    def configure(self) -> Script[None]:
        self._told_ul_min = [nan, nan]
        self._wanted_ul_min = self._safe_ul_min
        for pump in self._pumps:
            yield from pump.configure()
        if self._safe_ul_min:
            yield from self._read()
            yield from self._follow()

    def read(self) -> Script[Mapping[str, float]]:
        """Read both, and let them take turns: this is what keeps the flow up between two writes."""
        flow_ul_min = yield from self._read()
        yield from self._follow()
        values = {"flow": flow_ul_min, "volume": sum(self._left_ul)}
        return {name: values[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if "flow" not in wanted:
            return
        most_ul_min = self._facts.most_ul_min
        if not 0.0 <= wanted["flow"] <= most_ul_min * (1.0 + 1e-9):
            raise DeviceError(f"flow: two syringes give 0 to {most_ul_min:g} uL/min without a gap")
        self._wanted_ul_min = wanted["flow"]
        yield from self._read()
        yield from self._follow()

    def stop(self) -> Script[None]:
        self._wanted_ul_min = self._safe_ul_min
        for place, pump in enumerate(self._pumps):
            self._told_ul_min[place] = nan
            yield from pump.stop()
            self._told_ul_min[place] = 0.0
        if self._safe_ul_min:
            yield from self._read()
            yield from self._follow()

    def _read(self) -> Script[float]:
        """Read what both hold; return what they deliver together."""
        left_ul: list[float] = []
        flow_ul_min = 0.0
        for pump in self._pumps:
            values = yield from pump.read()
            left_ul.append(values["volume"])
            flow_ul_min += max(values["flow"], 0.0)
        self._left_ul = (left_ul[0], left_ul[1])
        return flow_ul_min

    def _follow(self) -> Script[None]:
        """Bring both pumps to what is decided now; first the one that is to give more."""
        self._turn, flows = take_turns(self._turn, self._left_ul, self._wanted_ul_min, self._facts)
        for place in sorted((0, 1), key=lambda each: -flows[each]):
            if flows[place] != self._told_ul_min[place]:
                self._told_ul_min[place] = nan
                yield from self._pumps[place].write({"flow": flows[place]})
                self._told_ul_min[place] = flows[place]
