"""New Era NE-1000 family of syringe pumps: NE-300, NE-500, NE-1000, NE-1010 and the like; WPI's Aladdin too.

After "NE-1000 Multi-Phaser User Manual", New Era Pump Systems, publication #1200-01 of 08/01/14; sections are
named where they are used. In safe mode (10.2.3) every packet carries a CRC, and the pump stops itself when it
hears nothing for the time-out: its dead-man's switch, and the default here.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass
from math import isfinite
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
from firmware_bridge.devices.instruments.options import read_address, read_quantity
from firmware_bridge.devices.instruments.syringe_setup import COUNTED, SYRINGE_OPTIONS, read_setup
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

_STX, _ETX, _CR = 0x02, 0x03, b"\r"
_TIMEOUT_S: Final = 0.25
"""A command of 12 characters and its answer take 20 ms at 19200 baud; the pump answers at once."""
_CHARACTER_S: Final = 10.0 / 9600.0
_FILLER: Final = bytes(255)
"""Ends the longest packet that noise may have begun in a pump. A pause would do too (10.2.3), but holds up
the line; and in basic mode control characters don't count."""
_FASTEST_MM_MIN: Final = 51.005
"""Of an NE-1000's plunger (appendix, "Specifications"): 5.1005 cm/min."""
_SLOWEST_MM_MIN: Final = 0.04205 / 60.0
"""The same appendix: 0.004205 cm/h."""
_MOST: Final = 9999.0
"""What four digits hold (10.2.1, <float>)."""

_UL_MIN: Final[Mapping[str, float]] = {"UM": 1.0, "MM": 1000.0, "UH": 1.0 / 60.0, "MH": 1000.0 / 60.0}
_UL: Final[Mapping[str, float]] = {"UL": 1.0, "ML": 1000.0}
_REPLY: Final = re.compile(r"(\d\d)(?:([IWSPTUX])|A\?([RSTEO]))(.*)", re.DOTALL)
_RATE: Final = re.compile(r"(\d*\.?\d*)(UM|MM|UH|MH)")
_VOLUMES: Final = re.compile(r"I(\d*\.?\d*)W(\d*\.?\d*)(UL|ML)")
_VERSION: Final = re.compile(r"((?:NE|AL)[0-9A-Z-]*?)V(\d\S*)")

# 10.3, command errors.
_ERRORS: Final[Mapping[str, str]] = {
    "?": "it does not know the command",
    "?NA": "not applicable now",
    "?OOR": "out of the pump's range",
    "?COM": "it received a damaged packet",
    "?IGN": "ignored, as a new phase began at the same moment",
}
# 10.2.4, alarms. All of them stop the pump: nothing that was written before holds.
_ALARMS: Final[Mapping[str, str]] = {
    "R": "the pump was reset: its supply was interrupted",
    "S": "the motor stalled: look for a blocked line or an empty syringe",
    "T": "the pump stopped itself: it heard nothing for its watchdog's time",
    "E": "an error in the pump's program",
    "O": "the pump's program left its range",
}


@dataclass(frozen=True, slots=True)
class _Reply:
    """`prompt`: I infusing, W withdrawing, S stopped, P paused, T and U waiting, X purging; empty: alarm."""

    prompt: str
    alarm: str
    data: str


class NewEra:
    """One pump. `flow` is positive out of the syringe; what is below the slowest rate is a stop."""

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {
        **SYRINGE_OPTIONS,
        "watchdog": 'it stops itself after so long without a word: "5 s"; "off": basic mode, no watchdog',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        self._address = read_address(settings.address, 0, 99, 0)
        self._watchdog_s = 0
        if options.get("watchdog") != "off":
            # 10.4, SAF: whole seconds in one byte.
            self._watchdog_s = round(read_quantity(options, "watchdog", "5 s", {"s": 1.0}, 1.0, 255.0))
        self._setup = read_setup(options, slowest_mm_min=_SLOWEST_MM_MIN, fastest_mm_min=_FASTEST_MM_MIN)
        # Units can't be changed while pumping (10.4, RAT), so one must do for all rates.
        self._unit = "UM" if self._setup.fastest_ul_min <= _MOST else "MH"
        self._signals = self._setup.make_signals()
        self._account = self._setup.make_account()
        self._used = settings.used
        self._safe_ul_min = settings.safe.get("flow", 0.0)
        self._safe_mode = False
        self._prompt = ""
        """What the pump did when it answered last."""

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """VER (10.4), in the mode the pump was last found in, then in the other: it keeps its mode."""
        try:
            reply = yield from self._acknowledge("VER")
        except NoAnswerError:
            self._safe_mode = not self._safe_mode
            reply = yield from self._acknowledge("VER", before=_FILLER if self._safe_mode else b"")
        found = _VERSION.fullmatch(reply.data)
        if found is None:
            raise DeviceError(f"{reply.data!r} is no New Era pump: check driver and address")
        return Identity(model=found[1], firmware=found[2])

    def configure(self) -> Script[None]:
        yield from self._acknowledge("SAF" + str(self._watchdog_s))
        self._safe_mode = self._watchdog_s > 0
        reply = yield from self._acknowledge("STP", allow=("?NA",))
        if reply.prompt != "S":  # the first STP of a program under way only pauses it
            yield from self._tell("STP", allow=("?NA",))
        # Don't go on by itself after a power cut; one phase, at a rate, without an end.
        for command in (
            "PF0",
            f"DIA{_four_digits(self._setup.syringe.diameter_mm)}",
            "PHN1",
            "FUNRAT",
            "VOL0",
        ):
            yield from self._tell(command)
        idle_ul_min = max(self._setup.slowest_ul_min * 10.0, _UL_MIN[self._unit])
        yield from self._tell(f"RAT{self._number(idle_ul_min)}{self._unit}")
        yield from self._read_volumes()  # what the counters show before it runs is not ours
        if self._safe_ul_min:
            yield from self._pump(self._safe_ul_min)

    def read(self) -> Script[Mapping[str, float]]:
        reply = yield from self._tell("RAT")
        rate = _RATE.fullmatch(reply.data)
        if rate is None:
            raise DeviceError(f"RAT: {reply.data!r} is no rate")
        ul_min = _number(rate[1], "RAT") * _UL_MIN[rate[2]]
        flow_ul_min = {"I": ul_min, "W": -ul_min}.get(reply.prompt, 0.0)
        if flow_ul_min < 0.0 or not COUNTED.isdisjoint(self._used):
            yield from self._read_volumes()
        if flow_ul_min < 0.0 and self._account.is_full:
            yield from self._halt()
        values = {
            "flow": self._setup.calibration.delivered_ul_min(flow_ul_min),
            "volume": self._account.left_ul,
            "infused": self._account.infused.total_ul,
            "withdrawn": self._account.withdrawn.total_ul,
        }
        return {name: values[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if "flow" in wanted:
            yield from self._pump(wanted["flow"])

    def stop(self) -> Script[None]:
        yield from self._pump(self._safe_ul_min)

    def _read_volumes(self) -> Script[None]:
        reply = yield from self._tell("DIS")
        volumes = _VOLUMES.fullmatch(reply.data)
        if volumes is None:
            raise DeviceError(f"DIS: {reply.data!r} is no volume")
        scale = self._setup.calibration.volume_ul(_UL[volumes[3]])
        self._account.infused.show(_number(volumes[1], "DIS") * scale)
        self._account.withdrawn.show(_number(volumes[2], "DIS") * scale)
        self._account.settle()

    def _pump(self, flow_ul_min: float) -> Script[None]:
        """Run at a flow. The pump tells in each answer what it does, so nothing need be remembered.

        One that is known to run the other way is halted first: it would do so at the new rate for a moment.
        """
        rate = self._number(abs(self._setup.calibration.set_ul_min(flow_ul_min)))
        if abs(flow_ul_min) < self._setup.slowest_ul_min or not float(rate):
            yield from self._halt()
            return
        if flow_ul_min < 0.0:
            yield from self._read_volumes()
            self._setup.check_room(self._account)
        direction, prompt = ("INF", "I") if flow_ul_min > 0.0 else ("WDR", "W")
        if self._prompt == ("W" if prompt == "I" else "I"):
            yield from self._halt()
        reply = yield from self._tell(f"RAT{rate}")
        if reply.prompt == prompt:
            return
        reply = yield from self._tell(f"DIR{direction}")
        if reply.prompt != prompt:
            reply = yield from self._tell("RUN")
        if reply.prompt != prompt:
            raise DeviceError(f"it does not pump ({reply.prompt}): see its display")

    def _halt(self) -> Script[None]:
        yield from self._tell("STP", allow=("?NA",))

    def _number(self, ul_min: float) -> str:
        return _four_digits(ul_min / _UL_MIN[self._unit])

    def _acknowledge(
        self, command: str, *, allow: tuple[str, ...] = (), before: bytes = b""
    ) -> Script[_Reply]:
        """Tell it; an alarm that stands is told once in place of the answer, and gone then (10.3)."""
        reply = yield from self._exchange(command, allow, before)
        if reply.alarm:
            reply = yield from self._exchange(command, allow)
        return self._without_alarm(reply)

    def _tell(self, command: str, *, allow: tuple[str, ...] = ()) -> Script[_Reply]:
        """Tell it; RestartedError for an alarm: whatever it was told before, it stands still now."""
        reply = yield from self._exchange(command, allow)
        return self._without_alarm(reply)

    def _exchange(self, command: str, allow: tuple[str, ...], before: bytes = b"") -> Script[_Reply]:
        text = f"{self._address:02}{command}".encode()
        request = before + (_packet(text) if self._safe_mode else text + _CR)
        answer = yield Ask(request, self._ends, timeout_s=_TIMEOUT_S + len(before) * _CHARACTER_S)
        reply = _parse(_unwrap(answer))
        self._prompt = reply.prompt
        if reply.data in _ERRORS and reply.data not in allow:
            raise DeviceError(f"{command}: {_ERRORS[reply.data]} ({reply.data})")
        return reply

    def _without_alarm(self, reply: _Reply) -> _Reply:
        if reply.alarm:
            raise RestartedError(_ALARMS[reply.alarm])
        return reply

    def _ends(self, received: bytes) -> int:
        """Find the end of a packet of either mode: SAF is answered in the one or the other."""
        if received[0] != _STX:
            raise ValueError(f"begins with {received[:1]!r}, not with STX")
        if len(received) < 2:
            return 0
        if received[1] < ord("0"):  # a length; in basic mode the address stands here
            length = 1 + received[1]
            if len(received) < length:
                return 0
        else:
            length = received.find(_ETX) + 1
            if not length:
                return 0
        found = _REPLY.match(_unwrap(received[:length]))
        if found is None or int(found[1]) != self._address:
            raise ValueError(f"{received[:length]!r} is no answer of pump {self._address:02}")
        return length


def _packet(text: bytes) -> bytes:
    """Wrap a command for safe mode (10.2.3): STX, length, text, CRC-16 CCITT, ETX."""
    length = len(text) + 4
    return bytes((_STX, length)) + text + crc_hqx(text, 0).to_bytes(2, "big") + bytes((_ETX,))


def _unwrap(packet: bytes) -> str:
    """Take the text out of a packet of either mode; ValueError for a damaged one."""
    if packet[-1] != _ETX:
        raise ValueError(f"ends with {packet[-1:]!r}, not with ETX")
    text = packet[1:-1]
    if packet[1] < ord("0"):
        text = packet[2:-3]
        if crc_hqx(text, 0).to_bytes(2, "big") != packet[-3:-1]:
            raise ValueError("wrong CRC")
    return text.decode("ascii")


def _parse(text: str) -> _Reply:
    found = _REPLY.fullmatch(text)
    if found is None:
        raise DeviceError(f"{text!r} is no answer")
    return _Reply(found[2] or "", found[3] or "", found[4])


def _four_digits(value: float) -> str:
    """Write a number with at most four digits, three of them behind the point (10.2.1)."""
    for decimals in (3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) <= 5:
            return text
    return f"{value:.0f}"


def _number(text: str, command: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise DeviceError(f"{command}: {text!r} is no number")
    return value
