"""Chemyx Fusion syringe pumps: 100, 200, 4000, 6000 and their X models.

After Chemyx' knowledge base, "Serial (RS232) Commands" and "RS232 Communication"; the docs page names what
stems from where. A pump echoes the command, answers with the value that it took, and ends with ">".
It runs a set volume and stops: here one syringe's volume, so it stops some time even if the host is dead.
A rate can't be trusted to change on the run: for a new flow the pump stops, is set, and starts again.
"""

from __future__ import annotations

import re
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
from firmware_bridge.devices.instruments.options import read_address, read_choice
from firmware_bridge.devices.instruments.syringe_setup import COUNTED, SYRINGE_OPTIONS, read_setup
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 0.3
"""At 9600 baud the longest answer, of `view parameter`, takes 0.2 s."""
_LONGEST: Final = 512
"""Bytes: `view parameter` of a pump with two channels has some 200."""
_FASTEST_MM_MIN: Final = 178.0
"""A pump tells 125.9622 mL/min as its fastest, and 0.0002 mL/min as its slowest, with a syringe of 30 mm."""
_SLOWEST_MM_MIN: Final = 3e-4
_UL_MIN_UNITS: Final = 2
"""set units 2: uL/min, and volumes in uL."""
_CLOSE: Final = 1e-4
"""How far, relative, a value that a pump took may lie from the one it was given; it rounds."""
_DIGITS: Final = 5e-4
_UNREACHED: Final = 5e-3

_PROMPT: Final = re.compile(rb"[\r\n]>")
_VALUE: Final = re.compile(r"(\w+(?: \w+)?) = (-?\d{1,9}(?:\.\d{1,9})?)")
_LIMITS: Final = re.compile(" ".join([r"(\d{1,9}(?:\.\d{1,9})?)"] * 4))
_STATUS: Final = re.compile(r"(?:.{0,32}= ?)?([0-4])")
_STOPPED, _RUNNING, _DELAYED, _STALLED = 0, 1, 3, 4


class Chemyx:
    """One pump, or one channel of a pump with two. `flow` is positive out of the syringe."""

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {
        **SYRINGE_OPTIONS,
        "direction": 'write "infuse" for a pump that can\'t withdraw',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        channel = read_address(settings.address, 1, 2, 0)
        # A pump with two channels wants the channel first, and the mode (0: basic) last.
        self._prefix, self._mode = (f"{channel} ", " 0") if channel else ("", "")
        self._view = f"view parameter {channel}" if channel else "view parameter"
        self._section = f"Pump {channel}:"
        withdraws = read_choice(options, "direction", ("both", "infuse")) == "both"
        self._setup = read_setup(options, slowest_mm_min=_SLOWEST_MM_MIN, fastest_mm_min=_FASTEST_MM_MIN)
        self._signals = self._setup.make_signals(withdraws=withdraws)
        self._account = self._setup.make_account()
        self._used = settings.used
        self._safe_ul_min = settings.safe.get("flow", 0.0)
        self._run_most_ul = self._setup.syringe.volume_ul
        # What was started last, in uL/min; 0: nothing was, or it was stopped.
        self._started_ul_min = self._moved_ul = 0.0

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """Ask for its limits: a Fusion has no command that tells what it is."""
        yield from self._read_limits()
        return Identity("Chemyx Fusion")

    def configure(self) -> Script[None]:
        syringe = self._setup.syringe
        yield from self._halt()
        yield from self._set("units", _UL_MIN_UNITS)
        yield from self._set("diameter", syringe.diameter_mm)
        yield from self._set("delay", 0.0)
        most_ul_min, most_ul = yield from self._read_limits()
        promised_ul_min = self._setup.calibration.set_ul_min(self._setup.fastest_ul_min)
        if most_ul_min < promised_ul_min * (1.0 - _UNREACHED):
            mm_min = most_ul_min / syringe.area_mm2
            raise DeviceError(
                f"this pump reaches {most_ul_min:g} uL/min with this syringe, not {promised_ul_min:g}: "
                f'write fastest = "{mm_min:.1f} mm/min"'
            )
        self._run_most_ul = min(syringe.volume_ul, most_ul)
        if self._safe_ul_min:
            yield from self._pump(self._safe_ul_min)

    def read(self) -> Script[Mapping[str, float]]:
        status = yield from self._read_status()
        shown = yield from self._read_parameters()
        rate_ul_min = shown["rate"] if shown["volume"] > 0.0 else -shown["rate"]
        flow_ul_min = self._setup.calibration.delivered_ul_min(rate_ul_min)
        yield from self._check_stall(status)
        if status != _RUNNING or flow_ul_min < 0.0 or not COUNTED.isdisjoint(self._used):
            yield from self._count()
        if status == _RUNNING and flow_ul_min < 0.0 and self._account.is_full:
            yield from self._halt()
        values = {
            "flow": flow_ul_min if status == _RUNNING else 0.0,
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

    def _pump(self, flow_ul_min: float) -> Script[None]:
        rate_ul_min = self._setup.calibration.set_ul_min(flow_ul_min)
        if abs(flow_ul_min) < self._setup.slowest_ul_min or rate_ul_min == 0.0:
            yield from self._halt()
            return
        status = yield from self._read_status()
        yield from self._check_stall(status)
        if status == _RUNNING and rate_ul_min == self._started_ul_min:
            return
        yield from self._halt()
        if rate_ul_min < 0.0:
            self._setup.check_room(self._account)
        # The sign of the volume is the direction.
        yield from self._set("volume", self._run_most_ul if rate_ul_min > 0.0 else -self._run_most_ul)
        yield from self._set("rate", abs(rate_ul_min))
        counter = self._account.infused if rate_ul_min > 0.0 else self._account.withdrawn
        counter.restart()
        self._moved_ul = 0.0
        self._started_ul_min = rate_ul_min
        yield from self._tell(f"start{self._mode}")
        status = yield from self._read_status()
        yield from self._check_stall(status)
        if status not in (_RUNNING, _DELAYED):
            raise DeviceError(f"start: it does not run (status {status}): see its display")

    def _halt(self) -> Script[None]:
        yield from self._tell(f"stop{self._mode}")
        status = yield from self._read_status()
        if status not in (_STOPPED, _STALLED):
            raise DeviceError(f"stop: it goes on (status {status}): see its display")
        yield from self._count()
        self._started_ul_min = 0.0

    def _count(self) -> Script[None]:
        """Take over what the run that was started last has moved: the pump counts each run from 0.

        RestartedError for a count that fell: the supply was cut. Who stops the pump at its panel leaves it.
        """
        if self._started_ul_min == 0.0:
            return
        lines = yield from self._tell("dispensed volume")
        moved_ul = abs(_value(lines, "dispensed volume"))
        counter = self._account.infused if self._started_ul_min > 0.0 else self._account.withdrawn
        counter.show(self._setup.calibration.volume_ul(moved_ul))
        self._account.settle()
        before_ul, self._moved_ul = self._moved_ul, moved_ul
        if moved_ul < before_ul:
            self._started_ul_min = 0.0
            raise RestartedError("the pump lost its run: its supply was cut")

    def _read_status(self) -> Script[int]:
        lines = yield from self._tell("pump status")
        found = _STATUS.fullmatch(lines[-1])
        if found is None:
            raise DeviceError(f"pump status: {lines[-1][:64]!r} is no status")
        return int(found[1])

    def _check_stall(self, status: int) -> Script[None]:
        """RestartedError when a pump that ran has stalled: whatever it was told before, it stands still."""
        if status == _STALLED and self._started_ul_min:
            yield from self._count()
            self._started_ul_min = 0.0
            raise RestartedError("the motor stalled: look for a blocked line or an empty syringe")

    def _read_parameters(self) -> Script[dict[str, float]]:
        """Read what is set now; RestartedError when somebody set it at the pump in between."""
        lines = yield from self._tell(self._view, channel=False)
        if self._section in lines:
            lines = lines[lines.index(self._section) + 1 :]
        shown: dict[str, float] = {}
        for line in lines:
            found = _VALUE.fullmatch(line)
            if found is not None:
                shown.setdefault(found[1], float(found[2]))
        missing = {"unit", "dia", "rate", "volume"} - shown.keys()
        if missing:
            raise DeviceError(f"{self._view}: no {min(missing)} in the answer")
        diameter_mm = self._setup.syringe.diameter_mm
        if shown["unit"] != _UL_MIN_UNITS or abs(shown["dia"] - diameter_mm) > _DIGITS:
            raise RestartedError("units or diameter were changed at the pump")
        return shown

    def _read_limits(self) -> Script[tuple[float, float]]:
        """Read the highest rate and the largest volume that the pump takes, in its units of now."""
        lines = yield from self._tell(f"read limit parameter{self._mode}")
        found = _LIMITS.fullmatch(lines[-1])
        if found is None:
            raise DeviceError(f"read limit parameter: {lines[-1][:64]!r} is no Chemyx Fusion's answer")
        return float(found[1]), float(found[3])

    def _set(self, name: str, value: float) -> Script[None]:
        """Set one value; DeviceError when the pump took another, as it does for one out of its range."""
        written = f"{value:d}" if isinstance(value, int) else f"{value:.4f}"
        lines = yield from self._tell(f"set {name} {written}")
        took = _value(lines, name)
        if abs(took - value) > max(_CLOSE * abs(value), _DIGITS):
            raise DeviceError(f"set {name} {written}: out of the pump's range, it took {took:g}")

    def _tell(self, command: str, *, channel: bool = True) -> Script[list[str]]:
        """Send one command; return the lines of its answer, one at least, without the echo."""
        text = f"{self._prefix}{command}" if channel else command
        answer = yield Ask(f"{text}\r".encode(), _ends, _TIMEOUT_S)
        lines = _split(answer)
        if lines and lines[0] == text:
            del lines[0]
        if not lines:
            raise DeviceError(f"{command}: no answer but the echo, as for a value out of range")
        if lines[-1] == "Invalid Command!":
            raise DeviceError(f"{command}: it does not know the command: check the model and the address")
        return lines


def _ends(received: bytes) -> int:
    found = _PROMPT.search(received)
    if found is None:
        if len(received) > _LONGEST:
            raise ValueError(f"more than {_LONGEST} bytes without a prompt")
        return 0
    _split(received[: found.end()])
    return found.end()


def _split(answer: bytes) -> list[str]:
    """Take the lines out of an answer; ValueError for what is no text."""
    return [line for line in map(str.strip, re.split(r"[\r\n]+", answer[:-1].decode("ascii"))) if line]


def _value(lines: list[str], name: str) -> float:
    for line in lines:
        found = _VALUE.fullmatch(line)
        if found is not None and found[1] == name:
            return float(found[2])
    raise DeviceError(f"{name}: no value in {lines[-1][:64]!r}")
