"""Sensirion liquid flow sensors on their SCC1 cable (USB or RS-485): SLF3x, SLI, LG16 and the like.

After Sensirion's public SCC1 driver (github.com/Sensirion/python-uart-scc1), its example for the RS485 sensor
cable, and the data sheets of SLF3S-1300F and SLI. The cable measures by itself, every 100 ms; what it has
last seen is fetched.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.instruments.base import (
    Ask,
    Identity,
    InstrumentSettings,
    Purpose,
    RestartedError,
    Script,
    SignalFacts,
)
from firmware_bridge.devices.instruments.options import read_address, read_choice, read_quantity
from firmware_bridge.devices.instruments.shdlc import BROADCAST, Reply, find_end, pack, unpack
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 0.25
_INTERVAL_MS: Final = 100
_NEXT_S, _TRIES = 0.05, 5
"""A measurement that is not there yet is asked for again, over more than two of its intervals."""
_MOST_UL_MIN: Final = 1e7

_SENSOR_TYPE, _START, _STOP, _LAST, _RESOLUTION, _HEATER = 0x24, 0x33, 0x34, 0x35, 0x41, 0x42
_PRODUCT, _UNIT, _SCALE, _DEVICE, _ERROR_STATE = 0x50, 0x52, 0x53, 0xD0, 0xD2
_NAME, _SERIAL_NUMBER = b"\x01", b"\x03"
_COMMANDS: Final[Mapping[str, int]] = {"water": 0x3608, "IPA": 0x3615}
_AIR, _HIGH_FLOW = 0x01, 0x02
"""Signalling flags of SLF3x (its data sheet, "Signaling flags")."""
_COUNTS_PER_C: Final = 200.0
_UNKNOWN_COMMAND, _NOT_STARTED, _EMPTY = 0x02, 0x24, 0x25

_ERRORS: Final[Mapping[int, str]] = {
    0x01: "wrong data length",
    0x02: "unknown command",
    0x03: "no access right",
    0x04: "parameter out of range",
    0x05: "it received a wrong checksum",
    0x20: "the sensor is busy",
    0x21: "the sensor does not answer the cable: check its plug",
    0x22: "a damaged word between sensor and cable (CRC-8): check the plug",
    0x23: "the sensor did not measure in time",
    0x24: "no measurement is running: its supply was interrupted",
    0x25: "no measurement yet",
    0x26: "the sensor does not know this measurement: check sensor and liquid",
}
# As the SCC1 driver names them: third digit what, second per which time, first with which prefix.
_PREFIXES: Final[Mapping[int, int]] = {3: -9, 4: -6, 5: -3, 6: -2, 7: -1, 8: 0, 9: 1, 10: 2, 11: 3}
_MINUTES: Final[Mapping[int, float]] = {3: 1.0 / 60.0, 4: 1.0, 5: 60.0, 6: 1440.0}
_LITRE: Final = 8


@dataclass(frozen=True, slots=True)
class _Sensor:
    """One kind. `chip`: the sensor type of the cable. `product`: upper 24 bits of its number; 0: not told."""

    chip: int
    limit_ul_min: float
    product: int = 0
    counts_per_ul_min: float = 0.0
    """From the data sheet, for sensors that can't tell it; 0: they can."""


_SF04, _SF06 = 0, 3
# Limits: where the output saturates (SLI data sheet, table 1), else the full scale of the data sheet.
_SENSORS: Final[Mapping[str, _Sensor]] = {
    "SLF3S-0600F": _Sensor(_SF06, 3250.0, 0x070303, 10.0),
    "SLF3S-1300F": _Sensor(_SF06, 65_000.0, 0x070302, 0.5),
    "SLF3C-1300F": _Sensor(_SF06, 65_000.0, 0x070304, 0.5),
    "SLF3S-4000B": _Sensor(_SF06, 1_000_000.0, 0x070305, 0.032),
    "SLI-0430": _Sensor(_SF04, 120.0),
    "SLI-1000": _Sensor(_SF04, 1100.0),
    "SLI-2000": _Sensor(_SF04, 5500.0),
    "SF04": _Sensor(_SF04, 0.0),
    "SF06": _Sensor(_SF06, 0.0),
}


class SensirionFlow:
    """One sensor on its cable. It acts on nothing; a flow that it can't tell is NaN."""

    PURPOSE: ClassVar[Purpose] = Purpose.SENSOR
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "sensor": f"which one: {', '.join(_SENSORS)}; the last two are any with that chip, by their range",
        "liquid": '"water" or "IPA": which calibration of an SF06 sensor to use',
        "range": 'where its output ends, for "SF04" and "SF06": "7 uL/min"',
        "scale": 'from its data sheet, where it can\'t tell: "13 counts/(uL/min)"',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        self._address = read_address(settings.address, 0, BROADCAST - 1, 0)
        if "sensor" not in options:
            raise DeviceError(f"sensor is missing: choose one of {', '.join(_SENSORS)}")
        self._name = read_choice(options, "sensor", tuple(_SENSORS))
        self._sensor = _SENSORS[self._name]
        self._liquid = read_choice(options, "liquid", tuple(_COMMANDS))
        if self._sensor.chip == _SF04 and self._liquid != "water":
            raise DeviceError(f"liquid {self._liquid!r}: {self._name} has one calibration, for water")
        limit_ul_min = _read_limit(options, self._name)
        self._signals = {"flow": SignalFacts("uL/min", -limit_ul_min, limit_ul_min)}
        if self._sensor.chip == _SF06:
            self._signals["temperature"] = SignalFacts("degC", 0.0, 100.0)
            self._signals["air"] = SignalFacts("1", 0.0, 1.0)
        self._used = settings.used
        self._counts_per_ul_min = self._sensor.counts_per_ul_min
        self._has_scale = "scale" in options
        if self._has_scale:
            units = {"counts/(uL/min)": 1.0}
            default = "1 counts/(uL/min)"
            self._counts_per_ul_min = read_quantity(options, "scale", default, units, 1e-4, 1e4)

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """Device information (D0) of the cable: its name, and the serial number that a rig may ask for."""
        name = yield from self._ask(_DEVICE, _NAME)
        number = yield from self._ask(_DEVICE, _SERIAL_NUMBER)
        return Identity(model=_text(name.data) or "Sensirion cable", serial_number=_text(number.data))

    def configure(self) -> Script[None]:
        yield from self._ask(_ERROR_STATE, b"\x01", allow=(_UNKNOWN_COMMAND,))
        chip = yield from self._ask(_SENSOR_TYPE)
        if chip.data != bytes((self._sensor.chip,)):
            yield from self._ask(_SENSOR_TYPE, bytes((self._sensor.chip,)))
        # One that runs from before may be of another liquid; one that does not run can't be ended.
        yield from self._ask(_STOP, allow=(_NOT_STARTED,))
        start = struct.pack(">H", _INTERVAL_MS)
        if self._sensor.chip == _SF06:
            yield from self._check_product()
            start += struct.pack(">H", _COMMANDS[self._liquid])
        else:
            yield from self._ask(_HEATER, b"\x01")
            yield from self._ask(_RESOLUTION, b"\x10")
        if not self._has_scale:
            yield from self._learn_scale()
        yield from self._ask(_START, start)

    def read(self) -> Script[Mapping[str, float]]:
        data = yield from self._measure()
        if self._sensor.chip == _SF04:
            (counts,) = struct.unpack(">h", data)
            values = {"flow": self._flow(counts, 0)}
        else:
            counts, warmth, flags = struct.unpack(">hhH", data)
            facts = self._signals["temperature"]
            temperature_c = warmth / _COUNTS_PER_C
            values = {
                "flow": self._flow(counts, flags),
                "temperature": temperature_c if facts.low <= temperature_c <= facts.high else nan,
                "air": float(flags & _AIR),
            }
        return {name: values[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if wanted:
            raise DeviceError(f"a flow sensor can't set {', '.join(wanted)}")
        yield from ()

    def stop(self) -> Script[None]:
        yield from ()

    def _flow(self, counts: int, flags: int) -> float:
        """Return uL/min; NaN for a saturated output, or one beyond the sensor's range."""
        flow_ul_min = counts / self._counts_per_ul_min
        saturated = flags & _HIGH_FLOW or counts in (-0x8000, 0x7FFF)
        return nan if saturated or abs(flow_ul_min) > self._signals["flow"].high else flow_ul_min

    def _measure(self) -> Script[bytes]:
        """Fetch the last measurement; it may not be there yet."""
        arguments = bytes((_SF06,)) if self._sensor.chip == _SF06 else b""
        length = 6 if self._sensor.chip == _SF06 else 2
        for attempt in range(_TRIES):
            reply = yield from self._ask(
                _LAST, arguments, allow=(_EMPTY,), quiet_s=_NEXT_S if attempt else 0.0
            )
            if len(reply.data) == length:
                return reply.data
            if reply.data:
                raise DeviceError(f"a measurement of {len(reply.data)} bytes: check the option sensor")
        raise DeviceError("no measurement comes: switch the sensor off and on")

    def _check_product(self) -> Script[None]:
        """Product number and serial number of an SF06 sensor (50), in hex; DeviceError for another sensor."""
        reply = yield from self._ask(_PRODUCT)
        text = _text(reply.data)
        try:
            product = int(text[:8], 16)
        except ValueError:
            raise DeviceError(f"{text!r} is no product number") from None
        # With or without the last two digits, a revision.
        product = product >> 8 if product > 0xFFFFFF else product
        if self._sensor.product and product != self._sensor.product:
            names = [name for name, sensor in _SENSORS.items() if sensor.product == product]
            found = names[0] if names else f"product {product:#x}"
            raise DeviceError(f"the sensor is {found}, the rig names {self._name}")

    def _learn_scale(self) -> Script[None]:
        """Scale factor and unit: counts per unit. SF06 tells both at once, if at all."""
        if self._sensor.chip == _SF06:
            argument = struct.pack(">H", _COMMANDS[self._liquid])
            reply = yield from self._ask(_SCALE, argument, allow=(_UNKNOWN_COMMAND,))
            if len(reply.data) == 6:
                scale, unit, _ = struct.unpack(">HHH", reply.data)
                self._counts_per_ul_min = _counts_per_ul_min(scale, unit)
            elif not self._counts_per_ul_min:
                raise DeviceError("the sensor does not tell its scale: write the option scale")
            return
        reply = yield from self._ask(_SCALE)
        unit_reply = yield from self._ask(_UNIT)
        if len(reply.data) != 2 or len(unit_reply.data) != 2:
            raise DeviceError("the sensor does not tell its scale: write the option scale")
        scale, unit = struct.unpack(">HH", reply.data + unit_reply.data)
        self._counts_per_ul_min = _counts_per_ul_min(scale, unit)

    def _ask(
        self,
        command: int,
        data: bytes = b"",
        *,
        allow: tuple[int, ...] = (),
        quiet_s: float = 0.0,
    ) -> Script[Reply]:
        """Ask; DeviceError for a refusal that is not in `allow`."""

        def ends(received: bytes) -> int:
            end = find_end(received)
            if end:
                reply = unpack(received[:end])
                if (reply.address, reply.command) != (self._address, command):
                    raise ValueError(f"device {reply.address} answers command {reply.command:#04x}")
            return end

        frame = pack(self._address, command, data)
        reply = unpack((yield Ask(frame, ends, timeout_s=_TIMEOUT_S, quiet_s=quiet_s)))
        if reply.error and reply.error not in allow:
            text = f"{_ERRORS.get(reply.error, 'an error that nobody knows')} ({reply.error:#04x})"
            raise (RestartedError if reply.error == _NOT_STARTED else DeviceError)(text)
        if reply.is_faulty and command == _LAST:
            raise DeviceError("the cable reports an error of its own: see its error state")
        return reply


def _read_limit(options: Mapping[str, str], name: str) -> float:
    """Return where the output ends, in uL/min."""
    limit_ul_min = _SENSORS[name].limit_ul_min
    if limit_ul_min:
        if "range" in options:
            raise DeviceError(f"range: {name} has its own, {limit_ul_min:g} uL/min")
        return limit_ul_min
    if "range" not in options:
        raise DeviceError(f'range is missing: write where the output of this {name} ends, like "7 uL/min"')
    units = {"uL/min": 1.0, "mL/min": 1000.0}
    return read_quantity(options, "range", "7 uL/min", units, 0.01, _MOST_UL_MIN)


def _counts_per_ul_min(scale: int, unit: int) -> float:
    """Turn counts per a sensor's unit into counts per uL/min."""
    prefix, minutes = _PREFIXES.get(unit & 0xF), _MINUTES.get(unit >> 4 & 0xF)
    if not scale or prefix is None or minutes is None or unit >> 8 != _LITRE:
        raise DeviceError(f"scale {scale} of unit {unit:#06x} is no flow of a liquid")
    return scale * minutes / (10.0**prefix * 1e6)


def _text(data: bytes) -> str:
    """Read a string that ends with a zero."""
    text = data.split(b"\0", 1)[0].decode("latin-1")
    if not text.isprintable():
        raise DeviceError(f"{text!r} is no name")
    return text
