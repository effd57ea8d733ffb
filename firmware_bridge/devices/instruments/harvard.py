"""Harvard Apparatus Pump 11 Elite and PHD Ultra, KD Scientific Legato: one family with one command set.

After the chapter "Pump Chain Commands" of the manuals of KDS Legato 100 and 130 (publications 5617-006 and
5617-008, Rev D), PHD ULTRA (5419-002 Rev A), Pump 33 DDS (5419-013 Rev 1.0) and KDS Allegro (5613-004 Rev A);
the docs page names what stems from which. In polling mode an answer ends with XON, and nothing comes unasked.
These pumps have no watchdog and no checksum: a rate is read back before the pump runs at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
from firmware_bridge.devices.instruments.syringe_setup import COUNTED, SYRINGE_OPTIONS, read_setup
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_XON: Final = b"\x11"
_LONGEST: Final = 512
"""Bytes: `version` and `metrics` are the longest answers, of some twenty short lines."""
_TIMEOUT_S: Final = 0.25
"""The slowest answer seen by others takes 50 ms (Legato manual: rates change "as fast as 50 ms")."""
_FASTEST_MM_MIN: Final = 159.0
"""Of a Pump 11 Elite: `metrics` says 26 us a microstep, 15360 of them a turn of a 24 threads/inch screw."""
_SLOWEST_MM_MIN: Final = 0.153e-3
"""The same at 27 s a microstep."""

_PROMPT: Final = re.compile(r"(?:(\d\d):?)?(:|>|<|\*|T\*)")
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?) ([munp])l/(hr|min|sec)")
_LIMITS: Final = re.compile(rf"{_RATE.pattern} to {_RATE.pattern}")
_VOLUME: Final = re.compile(r"(\d+(?:\.\d+)?) ([munp])l")
_STATUS: Final = re.compile(r"(\d{1,18}) \d{1,18} \d{1,18} [iIwW][iIwW.][S.]\S{2,3}")
_VERSION: Final = re.compile(r"(.*\S) v?(\d+(?:\.\d+)+)")
_SERIAL_NUMBER: Final = re.compile(r"serial number:\s*(\S{1,32})", re.IGNORECASE)
_FAMILY: Final = ("ELITE", "PHD ULTRA", "LEGATO")
_UL: Final[Mapping[str, float]] = {"m": 1000.0, "u": 1.0, "n": 1e-3, "p": 1e-6}
_PER_MIN: Final[Mapping[str, float]] = {"hr": 1.0 / 60.0, "min": 1.0, "sec": 60.0}
_FL_S_UL_MIN: Final = 60e-9
_UNREACHED: Final = 1e-3
"""How far, relative, a pump's own limit may stay behind the one its signal promises."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """`prompt`: ":" idle, ">" infusing, "<" withdrawing, "*" stalled, "T*" target reached."""

    lines: tuple[str, ...]
    prompt: str

    @property
    def error(self) -> str:
        """What the pump finds wrong, in one line; empty when nothing is."""
        if self.lines and self.lines[0].split(":")[0].endswith(" error"):
            return " ".join(" ".join(self.lines).split())
        return ""


class Harvard:
    """One pump. `flow` is positive out of the syringe; what is below the slowest rate is a stop."""

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {
        **SYRINGE_OPTIONS,
        "direction": 'write "infuse" for a pump that can\'t withdraw',
        "force": 'how hard it pushes, of its full force: "50 %"; as set at the pump, if it is not said',
        "colon": 'write "yes" for a pump that wants its address as "12:"',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        self._address = read_address(settings.address, 0, 99, 0)
        colon = ":" if read_choice(options, "colon", ("no", "yes")) == "yes" else ""
        self._prefix = f"{self._address:02}{colon}" if settings.address else ""
        self._withdraws = read_choice(options, "direction", ("both", "infuse")) == "both"
        self._force = round(read_quantity(options, "force", "0 %", {"%": 1.0}, 0.0, 100.0))
        self._setup = read_setup(options, slowest_mm_min=_SLOWEST_MM_MIN, fastest_mm_min=_FASTEST_MM_MIN)
        self._signals = self._setup.make_signals(withdraws=self._withdraws)
        self._account = self._setup.make_account()
        self._used = settings.used
        self._safe_ul_min = settings.safe.get("flow", 0.0)
        self._running = False

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """Turn polling mode on, without which no answer has an end; then ask what it is."""
        yield from self._tell("poll on")
        reply = yield from self._tell("ver")
        found = _VERSION.fullmatch(_first(reply, "ver"))
        if found is None or not any(each in found[1].upper() for each in _FAMILY):
            raise DeviceError(f"{_first(reply, 'ver')[:64]!r} is no pump of this family: check the driver")
        reply = yield from self._tell("version")
        serials = [match[1] for match in map(_SERIAL_NUMBER.search, reply.lines) if match]
        return Identity(found[1], serials[0] if serials else "", found[2])

    def configure(self) -> Script[None]:
        syringe = self._setup.syringe
        yield from self._halt()
        # Rates must not wear out its memory; older firmware does not know the command.
        yield from self._tell("nvram off", optional=True)
        yield from self._tell(f"diameter {syringe.diameter_mm:.4f}")
        yield from self._tell(f"svolume {syringe.volume_ul / 1000.0:.4f} ml")
        yield from self._tell("ctvolume")
        yield from self._tell("cttime", optional=True)
        if self._force:
            yield from self._tell(f"force {self._force}")
        yield from self._check_limits()
        yield from self._read_volumes()  # what the counters show before it runs is not ours
        if self._safe_ul_min:
            yield from self._pump(self._safe_ul_min)

    def read(self) -> Script[Mapping[str, float]]:
        reply = yield from self._tell("status")
        found = _STATUS.fullmatch(_first(reply, "status"))
        if found is None:
            raise DeviceError(f"status: {_first(reply, 'status')[:64]!r} is no status")
        sign = {">": 1.0, "<": -1.0}.get(reply.prompt, 0.0)
        flow_ul_min = self._setup.calibration.delivered_ul_min(sign * int(found[1]) * _FL_S_UL_MIN)
        if flow_ul_min < 0.0 or not COUNTED.isdisjoint(self._used):
            yield from self._read_volumes()
        if flow_ul_min < 0.0 and self._account.is_full:
            yield from self._halt()
        values = {
            "flow": flow_ul_min,
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
        counters = [("ivolume", self._account.infused)]
        if self._withdraws:
            counters.append(("wvolume", self._account.withdrawn))
        for command, counter in counters:
            reply = yield from self._tell(command)
            found = _VOLUME.fullmatch(_first(reply, command))
            if found is None:
                raise DeviceError(f"{command}: {reply.lines[0][:64]!r} is no volume")
            counter.show(self._setup.calibration.volume_ul(float(found[1]) * _UL[found[2]]))
        self._account.settle()

    def _pump(self, flow_ul_min: float) -> Script[None]:
        rate_ul_min = abs(self._setup.calibration.set_ul_min(flow_ul_min))
        if abs(flow_ul_min) < self._setup.slowest_ul_min or rate_ul_min == 0.0:
            yield from self._halt()
            return
        if flow_ul_min < 0.0:
            yield from self._read_volumes()
            self._setup.check_room(self._account)
        kind, prompt = ("i", ">") if flow_ul_min > 0.0 else ("w", "<")
        reply = yield from self._set_rate(f"{kind}rate", rate_ul_min)
        if reply.prompt == prompt:
            return
        if reply.prompt in (">", "<"):
            yield from self._halt()
        reply = yield from self._tell(f"{kind}run", optional=True)
        self._running = reply.prompt == prompt
        if reply.prompt != prompt:
            raise DeviceError(reply.error or f"it does not pump ({reply.prompt}): see its display")

    def _set_rate(self, command: str, rate_ul_min: float) -> Script[_Reply]:
        yield from self._tell(f"{command} {_write_rate(rate_ul_min)}")
        reply = yield from self._tell(command)
        found = _RATE.fullmatch(_first(reply, command))
        if found is None or abs(_rate_ul_min(*found.groups()) - rate_ul_min) > 1e-3 * rate_ul_min:
            raise DeviceError(f"{command}: asked for {rate_ul_min:g} uL/min, it took {reply.lines[0][:64]!r}")
        return reply

    def _halt(self) -> Script[None]:
        self._running = False
        reply = yield from self._tell("stop", optional=True)
        if reply.prompt in (">", "<"):
            raise DeviceError(f"stop: it goes on: {reply.error or 'see its display'}")

    def _check_limits(self) -> Script[None]:
        """Hold what the signal promises against what the pump says of itself, with this syringe."""
        reply = yield from self._tell("irate lim")
        found = _LIMITS.fullmatch(_first(reply, "irate lim"))
        if found is None:
            raise DeviceError(f"irate lim: {reply.lines[0][:64]!r} is no range")
        most_ul_min = _rate_ul_min(*found.groups()[3:])
        promised_ul_min = self._setup.calibration.set_ul_min(self._setup.fastest_ul_min)
        if most_ul_min < promised_ul_min * (1.0 - _UNREACHED):
            mm_min = most_ul_min / self._setup.syringe.area_mm2
            raise DeviceError(
                f"this pump reaches {most_ul_min:g} uL/min with this syringe, not {promised_ul_min:g}: "
                f'write fastest = "{mm_min:.1f} mm/min"'
            )

    def _tell(self, command: str, *, optional: bool = False) -> Script[_Reply]:
        """Send one command; DeviceError with the pump's own words when it refuses, unless it may.

        RestartedError when a pump that ran has stalled: whatever it was told before, it stands still now.
        """
        answer = yield Ask(f"{self._prefix}{command}\r".encode(), self._ends, _TIMEOUT_S)
        reply = self._parse(answer)
        if reply.prompt == "*" and self._running:
            self._running = False
            raise RestartedError("the motor stalled: look for a blocked line or an empty syringe")
        if reply.error and not optional:
            raise DeviceError(f"{command}: {reply.error[:128]}")
        return reply

    def _ends(self, received: bytes) -> int:
        length = received.find(_XON) + 1
        if length:
            self._parse(received[:length])
        elif len(received) > _LONGEST:
            raise ValueError(f"more than {_LONGEST} bytes without XON")
        return length

    def _parse(self, answer: bytes) -> _Reply:
        """Take an answer apart: `LF text CR` for each line, then `LF prompt XON`. ValueError for another."""
        try:
            first, *lines, last = answer.removesuffix(_XON).decode("ascii").split("\n")
        except ValueError as error:
            raise ValueError(f"{answer[:64]!r} is no answer of a pump in polling mode") from error
        found = _PROMPT.fullmatch(last.strip())
        if found is None or not self._is_mine(found[1]) or first.strip():
            raise ValueError(f"{answer[:64]!r} is no answer of pump {self._address:02}")
        return _Reply(tuple(self._strip(line) for line in lines if line.strip()), found[2])

    def _is_mine(self, address: str | None) -> bool:
        """Pump 0 need not say who it is; every other does."""
        return self._address == 0 if address is None else int(address) == self._address

    def _strip(self, line: str) -> str:
        text = line.removesuffix("\r")
        return text.removeprefix(f"{self._address:02}:").strip()


def _first(reply: _Reply, command: str) -> str:
    if not reply.lines:
        raise DeviceError(f"{command}: answered with nothing but {reply.prompt!r}")
    return reply.lines[0]


def _write_rate(rate_ul_min: float) -> str:
    """Write a rate with four decimals in the unit that leaves most digits."""
    for unit in ("m", "u"):
        if rate_ul_min >= _UL[unit]:
            return f"{rate_ul_min / _UL[unit]:.4f} {unit}l/min"
    return f"{rate_ul_min / _UL['n']:.4f} nl/min"


def _rate_ul_min(number: str, prefix: str, time: str) -> float:
    return float(number) * _UL[prefix] * _PER_MIN[time]
