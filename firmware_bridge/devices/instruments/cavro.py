"""Cavro syringe drive modules, as pumps that refill themselves: XP 3000, XCalibur and the like.

After "XP 3000 Modular Digital Pump, Operator's Manual", Cavro, 725730C, chapter 3; where that is silent,
Tecan's "Cavro XLP 6000 Operating Manual", 734237-C, of the same command set. Every stroke is asked for when
the last one has ended: without its host the pump stands still after one stroke at most.
"""

from __future__ import annotations

from enum import Enum, auto
from math import isfinite, nan
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
from firmware_bridge.devices.instruments.cavro_frames import Answer, DtFrames, Frames, OemFrames
from firmware_bridge.devices.instruments.cavro_stroke import (
    FASTEST,
    HALF_STEPS,
    SLOWEST,
    flow_of,
    plan_stroke,
    speed_of,
)
from firmware_bridge.devices.instruments.options import read_address, read_choice, read_quantity
from firmware_bridge.devices.interfaces import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 0.25
"""For an answer, once the request is out: the pump answers at once, before it moves (3-22)."""
_BYTE_S: Final = 10.0 / 9600.0
_MOST_DISPENSED_UL: Final = 1e8
_FASTEST_REFILL: Final = 5000
"""Half-steps/s: the manual's shortest stroke, 1.2 s."""
_MOST_PORTS: Final = 12

# Table 3-8 and the quick reference G-3.
_ERRORS: Final[Mapping[int, str]] = {
    1: "initialization failed",
    2: "invalid command: its firmware does not know it",
    3: "invalid operand",
    4: "invalid command sequence",
    5: "fluid detection",
    6: "its EEPROM failed",
    7: "not initialized: its supply was interrupted",
    9: "plunger overload: look for a blocked line or a stuck syringe",
    10: "valve overload: the valve does not turn",
    11: "plunger move not allowed: the valve stands at bypass",
    15: "command overflow: it was busy",
}
_NOT_HOMED: Final = (1, 7, 9, 10)
"""Errors that only an initialization ends (3-43, 3-50)."""


class _Phase(Enum):
    STANDING = auto()
    HOMING = auto()
    REFILLING = auto()
    DISPENSING = auto()


class Cavro:
    """One pump with its valve. Nothing moves before a flow is wanted: then it homes, refills, dispenses.

    `flow` reads what is delivered: 0 while it homes or refills; in a stroke its mean.
    """

    PURPOSE: ClassVar[Purpose] = Purpose.PUMP
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "syringe": 'its volume over the full stroke: "1 mL"',
        "protocol": '"OEM" (checksum) or "DT", as its jumper JP1-2 is set',
        "increments": '"3000" a stroke, or "24000" where the firmware can position finely',
        "valve": '"3-port", or "distribution" with numbered ports',
        "output": 'where a 3-port valve delivers: "right" or "left"',
        "inlet": "the distribution valve's port to draw from",
        "outlet": "the distribution valve's port to deliver to",
        "refill": 'how long it takes to draw a full stroke: "10 s"',
        "home": 'where it expels what is in the syringe when it initializes: "outlet" or "inlet"',
        "force": 'at initialization: "full", "half" or "third"; by default as the syringe bears it',
    }
    refresh_s = 0.0

    def __init__(self, settings: InstrumentSettings) -> None:
        options = settings.options
        address = read_address(settings.address, 1, 15, 1)
        protocol = read_choice(options, "protocol", ("OEM", "DT"))
        self._frames: Frames = OemFrames(address) if protocol == "OEM" else DtFrames(address)
        if "syringe" not in options:
            raise DeviceError('syringe is missing: write the volume of its full stroke, like "1 mL"')
        self._syringe_ul = read_quantity(
            options, "syringe", "1 mL", {"uL": 1.0, "mL": 1000.0}, 10.0, 50_000.0
        )
        self._increments = int(read_choice(options, "increments", ("3000", "24000")))
        refill_s = read_quantity(
            options, "refill", "10 s", {"s": 1.0}, HALF_STEPS / _FASTEST_REFILL, HALF_STEPS / SLOWEST
        )
        self._refill_speed = max(round(HALF_STEPS / refill_s), SLOWEST)
        self._home, self._inlet, self._outlet = _valve_commands(options, self._syringe_ul)
        self._signals = {
            "flow": SignalFacts("uL/min", 0.0, flow_of(FASTEST, self._syringe_ul), actuator=True),
            "dispensed": SignalFacts("uL", 0.0, _MOST_DISPENSED_UL),
            "left": SignalFacts("uL", 0.0, self._syringe_ul),
        }
        self._used = settings.used
        self._safe_ul_min = settings.safe.get("flow", 0.0)
        self._speed = 0.0
        self._phase = _Phase.STANDING
        self._must_home = False
        self._is_set_up = False
        self._seen: int | None = None
        self._dispensed_ul = 0.0

    @property
    def signals(self) -> Mapping[str, SignalFacts]:
        return self._signals

    def identify(self) -> Script[Identity]:
        """& (3-41): what it answers is its firmware's name; of its model and number it says nothing."""
        answer = yield from self._tell("&")
        if not answer.data.strip():
            raise DeviceError("it does not tell its firmware: no Cavro pump")
        return Identity(model="Cavro syringe pump", firmware=answer.data.strip())

    def configure(self) -> Script[None]:
        self._stand()
        self._is_set_up = False
        yield from self._tell("T")
        answer = yield from self._tell("Q", allow=tuple(_ERRORS))
        self._must_home |= answer.error in _NOT_HOMED
        if self._safe_ul_min:
            yield from self._pump(self._safe_ul_min)

    def read(self) -> Script[Mapping[str, float]]:
        is_ready = yield from self._query()
        delivers = self._phase is _Phase.DISPENSING and not is_ready
        position = yield from self._where()
        if is_ready:
            yield from self._go_on(position)
        values = {
            "flow": flow_of(self._speed, self._syringe_ul) if delivers else 0.0,
            "dispensed": self._dispensed_ul,
        }
        values["left"] = nan if self._must_home else position / self._increments * self._syringe_ul
        return {name: values[name] for name in self._used}

    def write(self, wanted: Mapping[str, float]) -> Script[None]:
        if "flow" in wanted:
            yield from self._pump(wanted["flow"])

    def stop(self) -> Script[None]:
        yield from self._pump(self._safe_ul_min)

    def _pump(self, flow_ul_min: float) -> Script[None]:
        """Deliver a flow from now on; a refill or an initialization under way is finished first."""
        most_ul_min = self._signals["flow"].high
        if not (isfinite(flow_ul_min) and 0.0 <= flow_ul_min <= most_ul_min * (1.0 + 1e-9)):
            raise DeviceError(f"flow {flow_ul_min:g} uL/min: this syringe can do 0 to {most_ul_min:g} uL/min")
        speed = speed_of(flow_ul_min, self._syringe_ul)
        if not speed:
            self._stand()
            yield from self._tell("T")
            return
        self._speed = speed
        if self._phase in (_Phase.HOMING, _Phase.REFILLING):
            return
        if self._phase is _Phase.DISPENSING:
            yield from self._tell("T")
        if (yield from self._query()):
            yield from self._go_on((yield from self._where()))

    def _stand(self) -> None:
        """Want nothing more. First of all: who asks for a stop may be cut short by the next one."""
        self._speed = 0.0
        self._phase = _Phase.STANDING

    def _go_on(self, position: int) -> Script[None]:
        """Have a pump that stands ready do what comes next."""
        if self._phase is _Phase.HOMING:
            self._must_home = False
        self._phase = _Phase.STANDING
        if not self._speed:
            return
        if self._must_home:
            self._phase = _Phase.HOMING
            self._seen = None
            yield from self._execute(self._home)
            return
        if not self._is_set_up:
            yield from self._set_up()
        # Less than a hundredth of a stroke is not worth one.
        if position * 100 > self._increments:
            self._phase = _Phase.DISPENSING
            plan = plan_stroke(position, self._speed, self._increments)
            yield from self._execute(self._outlet + "".join(f"V{speed}A{to}" for speed, to in plan))
        else:
            self._phase = _Phase.REFILLING
            yield from self._execute(f"{self._inlet}V{self._refill_speed}A{self._increments}")

    def _set_up(self) -> Script[None]:
        """Positioning, then start, top and cutoff speed: in this order (3-22)."""
        if self._increments != 3000:
            yield from self._execute("N1")
        yield from self._execute(f"v{FASTEST}V{FASTEST}c{FASTEST}")
        self._is_set_up = True

    def _query(self) -> Script[bool]:
        """Q: whether it is ready for a command; RestartedError when it has to be initialized first."""
        answer = yield from self._tell("Q", allow=_NOT_HOMED)
        if answer.error and not self._must_home:
            self._must_home = True
            raise RestartedError(_text(answer.error))
        if answer.error and self._phase is _Phase.HOMING and answer.is_ready:
            raise RestartedError(f"initialization failed: {_text(answer.error)}")
        return answer.is_ready

    def _where(self) -> Script[int]:
        """?: the plunger's position in increments, 0 is empty. What went out since is counted."""
        answer = yield from self._tell("?", allow=_NOT_HOMED)
        if not (answer.data.isascii() and answer.data.isdecimal()) or len(answer.data) > 5:
            raise DeviceError(f"?: {answer.data!r} is no position")
        position = int(answer.data)
        if position > self._increments:
            raise DeviceError(f"?: {position} is beyond {self._increments} increments: check the option")
        moves_out = self._phase in (_Phase.DISPENSING, _Phase.STANDING)
        if moves_out and self._seen is not None and position < self._seen:
            self._dispensed_ul += (self._seen - position) / self._increments * self._syringe_ul
        self._seen = None if self._must_home else position
        return position

    def _execute(self, program: str) -> Script[None]:
        """Have a program string run. Sent once: whether it was taken, the next Q shows."""
        answer = yield from self._exchange(program + "R", repeats=0)
        if answer.error in _NOT_HOMED:
            self._must_home = True
            raise RestartedError(_text(answer.error))
        self._check(program, answer)

    def _tell(self, command: str, *, allow: tuple[int, ...] = ()) -> Script[Answer]:
        """Give a command that may be given twice: reports and T."""
        answer = yield from self._exchange(command, repeats=1)
        if command != "T":  # it stands, whatever happened before
            self._check(command, answer, allow)
        return answer

    def _exchange(self, command: str, *, repeats: int) -> Script[Answer]:
        data = self._frames.pack(command)
        timeout_s = _TIMEOUT_S + len(data) * _BYTE_S
        answer = yield Ask(data, self._frames.ends, timeout_s=timeout_s, repeats=repeats)
        return self._frames.unpack(answer)

    def _check(self, command: str, answer: Answer, allow: tuple[int, ...] = ()) -> None:
        if answer.error and answer.error not in allow:
            raise DeviceError(f"{command}: {_text(answer.error)}")


def _text(error: int) -> str:
    return f"{_ERRORS.get(error, 'an error that the manual does not know')} ({error})"


def _valve_commands(options: Mapping[str, str], syringe_ul: float) -> tuple[str, str, str]:
    """Return what initializes, what turns the valve to the inlet, and what to the outlet."""
    # Z<n>: small syringes bear less force.
    fitting = "full" if syringe_ul >= 1000.0 else "half" if syringe_ul >= 250.0 else "third"
    force = read_choice({"force": fitting, **options}, "force", ("full", "half", "third"))
    digit = ("full", "half", "third").index(force)
    if read_choice(options, "valve", ("3-port", "distribution")) == "3-port":
        return _three_port(options, digit)
    if "output" in options:
        raise DeviceError("output: a distribution valve has an outlet with a number")
    inlet = read_address(options.get("inlet", ""), 1, _MOST_PORTS, 1)
    outlet = read_address(options.get("outlet", ""), 1, _MOST_PORTS, 2)
    if inlet == outlet:
        raise DeviceError(f"inlet and outlet are both port {inlet}")
    # Z<force>,<input>,<output>: it expels by the second port.
    home = read_choice({"home": "inlet", **options}, "home", ("outlet", "inlet"))
    ports = f"{inlet},{outlet}" if home == "outlet" else f"{outlet},{inlet}"
    return f"Z{digit},{ports}", f"I{inlet}", f"O{outlet}"


def _three_port(options: Mapping[str, str], digit: int) -> tuple[str, str, str]:
    for key in ("inlet", "outlet"):
        if key in options:
            raise DeviceError(f'{key}: a 3-port valve has none; write valve = "distribution"')
    delivers_right = read_choice(options, "output", ("right", "left")) == "right"
    # Z makes the right side the output, Y the left one: the syringe is emptied by it, and O turns to it.
    if read_choice(options, "home", ("outlet", "inlet")) == "outlet":
        return f"{'Z' if delivers_right else 'Y'}{digit}", "I", "O"
    return f"{'Y' if delivers_right else 'Z'}{digit}", "O", "I"
