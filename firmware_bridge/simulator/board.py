"""The twin of a board, byte for byte: what its firmware would answer, drive and refuse.

Lives in simulated time: `advance` moves it, `sense` shows it the plant, `feed` is its serial port.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import TYPE_CHECKING, Final

from firmware_bridge.simulator.interfaces import BoardEvent, Drive
from firmware_bridge.simulator.output_stage import OutputStage, is_possible
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import FrameStream
from firmware_bridge.wire.layout import MessageError

if TYPE_CHECKING:
    from firmware_bridge.simulator.interfaces import Sensed
    from firmware_bridge.wire.framing import Frame
    from firmware_bridge.wire.layout import Message

LOG_LENGTH: Final = 1000
"""Events kept; a healthy board makes a handful."""

# Plain numbers: `&` and `|` on an IntFlag cost a microsecond.
_CONFIGURED: Final = int(m.Status.CONFIGURED)
_DEADMAN: Final = int(m.Status.DEADMAN)
_ESTOPPED: Final = int(m.Status.ESTOPPED)
_OVER_TEMPERATURE: Final = int(m.Status.OVER_TEMPERATURE)
_SENSOR_FAULT: Final = int(m.Status.SENSOR_FAULT)
_STOP_PRESSED: Final = int(m.Status.STOP_PRESSED)
_LIMITED: Final = int(m.Status.LIMITED)

# What the converters of the board can express: degC and kPa.
_COLDEST_C, _HOTTEST_C = -327.67, 327.67
_PRESSURE_END_KPA: Final = 6553.4

_NO_TEMPERATURES: Final = (nan,) * m.TEMPERATURES
_NO_PRESSURES: Final = (nan,) * m.PRESSURES
_ROUNDING_MS: Final = 1e-6
"""What adding up time steps may be off by."""


@dataclass(frozen=True, slots=True)
class BoardModel:
    """What one board has on it."""

    serial_number: str = "TWIN-0001"
    firmware: str = "twin 1"
    axes: int = m.PUMP_AXES
    heaters: int = m.HEATERS
    temperatures: int = m.TEMPERATURES
    pressures: int = m.PRESSURES
    lamps: int = m.LAMPS
    frequencies: int = m.FREQUENCIES
    duties: int = m.DUTIES
    digitals: int = m.DIGITALS
    boot_s: float = 0.05
    """From reset until it listens."""


class BoardTwin:
    """One simulated board. Equal seeds give equal boot ids."""

    def __init__(self, model: BoardModel | None = None, *, seed: int = 0) -> None:
        self.model = BoardModel() if model is None else model
        self._log: deque[BoardEvent] = deque(maxlen=LOG_LENGTH)
        self._boot_ids = random.Random(seed)
        self._events = 0
        self._time_s = 0.0
        self._temperatures_c = _NO_TEMPERATURES
        self._pressures_kpa = _NO_PRESSURES
        self._digital_bits = 0
        self._stop_pressed = False
        self.reboot(m.ResetCause.POWER_ON)

    def reboot(self, cause: m.ResetCause) -> None:
        """Start anew: all outputs off, nothing configured, nothing remembered."""
        self._boot_s = self._time_s
        self._boot_id = self._boot_ids.getrandbits(32)
        self._reset_cause = cause
        self._frames = FrameStream()
        self._outputs = OutputStage(self.model)
        self._configuration: m.Configure | None = None
        self._trips = 0
        self._limited = False
        self._commanded_s: float | None = None
        self._faults = m.FaultsReply(0, 0, 0, 0, 0, 0, m.TripCause.NONE, 0)
        self._note(f"boot {self._boot_id:08x} after {cause.name.lower().replace('_', ' ')}")

    @property
    def commanded(self) -> m.Outputs:
        """What the outputs are steered to now: the last OUTPUTS obeyed, or the safe values."""
        return self._outputs.goal

    @property
    def drive(self) -> Drive:
        """What the pins do now: `commanded`, with the pumps still on their ramps."""
        outputs, model = self._outputs, self.model
        goal = outputs.goal
        return Drive(
            outputs.pump_steps_s[: model.axes],
            goal.heater_duty[: model.heaters],
            goal.lamp_duty,
            goal.frequency_hz[: model.frequencies],
            goal.duty[: model.duties],
        )

    @property
    def status(self) -> m.Status:
        return m.Status(self._status())

    @property
    def log(self) -> list[BoardEvent]:
        """The newest `LOG_LENGTH` events, oldest first."""
        return list(self._log)

    def events_after(self, index: int) -> list[BoardEvent]:
        """List the events kept whose index is above `index`; -1 for all."""
        return [event for event in self._log if event.index > index]

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes from the host and return what the board answers to them."""
        if self._time_s - self._boot_s < self.model.boot_s:
            return b""
        replies = []
        for frame in self._frames.feed(chunk):
            reply = self._answer(frame)
            if reply is not None:
                replies.append(m.encode(frame.sequence, reply))
        return b"".join(replies)

    def advance(self, dt_s: float) -> Drive:
        """Let `dt_s` pass; return what the pins do to the plant meanwhile."""
        self._time_s += dt_s
        self._check_deadman()
        self._outputs.advance(dt_s)
        return self.drive

    def sense(self, sensed: Sensed) -> None:
        """Show the board its sensors, its digital inputs and its stop input."""
        model = self.model
        # The order of max and min lets NaN, a broken sensor, through. Few values need either.
        celsius = [
            t if _COLDEST_C <= t <= _HOTTEST_C else min(max(t, _COLDEST_C), _HOTTEST_C)
            for t in sensed.temperatures_c[: model.temperatures]
        ]
        kpa = [
            p if 0.0 <= p <= _PRESSURE_END_KPA else min(max(p, 0.0), _PRESSURE_END_KPA)
            for p in sensed.pressures_kpa[: model.pressures]
        ]
        self._temperatures_c = (*celsius, *_NO_TEMPERATURES[len(celsius) :])
        self._pressures_kpa = (*kpa, *_NO_PRESSURES[len(kpa) :])
        self._digital_bits = 0
        for index, is_active in enumerate(sensed.digitals[: model.digitals]):
            self._digital_bits |= is_active << index
        self._stop_pressed = sensed.stop_pressed
        if sensed.stop_pressed:
            self._trip(_ESTOPPED, m.TripCause.STOP_INPUT, "stop input pressed")
        for bit, cause, text in self._thermal_faults():
            self._trip(bit, cause, text)

    def _status(self) -> int:
        status = self._trips
        if self._configuration is not None:
            status |= _CONFIGURED
        if self._stop_pressed:
            status |= _STOP_PRESSED
        if self._limited:
            status |= _LIMITED
        return status

    def _answer(self, frame: Frame) -> Message | None:
        try:
            message = m.decode(frame, m.BOARD_REQUESTS)
        except m.UnknownTypeError:
            self._faults = replace(self._faults, unknown_type=self._faults.unknown_type + 1)
            # Never answer a reply: on a line that echoes, that would not end.
            return None if frame.number & m.REPLY_BIT else m.Refused(frame.number, m.Refusal.UNKNOWN_TYPE)
        except MessageError:
            self._faults = replace(self._faults, malformed=self._faults.malformed + 1)
            return m.Refused(frame.number, m.Refusal.MALFORMED)
        match message:
            case m.Outputs():
                self._obey(message)
                return self._inputs()
            case m.Estop():
                self._trip(_ESTOPPED, m.TripCause.HOST_STOP, "stopped by the host")
                return self._inputs()
            case m.Clear():
                return self._clear(frame.number)
            case m.Configure():
                return self._configure(message, frame.number)
            case m.Hello():
                return self._hello()
            case _:
                return self._report_faults()

    def _obey(self, outputs: m.Outputs) -> None:
        if self._configuration is None:
            return
        self._commanded_s = self._time_s
        if not self._trips:
            self._limited = self._outputs.command(outputs)

    def _inputs(self) -> m.Inputs:
        outputs = self._outputs
        return m.Inputs(
            tick_ms=self._tick_ms(),
            status=m.Status(self._status()),
            temperatures_c=self._temperatures_c,
            pressures_kpa=self._pressures_kpa,
            pump_steps_s=outputs.pump_steps_s,
            heater_duty=outputs.goal.heater_duty,
            lamp_duty=outputs.goal.lamp_duty,
            frequency_hz=outputs.goal.frequency_hz,
            duty=outputs.goal.duty,
            digital_bits=self._digital_bits,
        )

    def _hello(self) -> m.HelloReply:
        model = self.model
        return m.HelloReply(
            protocol=m.PROTOCOL_VERSION,
            boot_id=self._boot_id,
            reset_cause=self._reset_cause,
            axes=model.axes,
            heaters=model.heaters,
            temperatures=model.temperatures,
            pressures=model.pressures,
            lamps=model.lamps,
            firmware=model.firmware,
            serial_number=model.serial_number,
            frequencies=model.frequencies,
            duties=model.duties,
            digitals=model.digitals,
        )

    def _configure(self, configure: m.Configure, number: int) -> Message:
        if not is_possible(configure, self.model):
            self._note("refused a configuration that it cannot carry out")
            return m.Refused(number, m.Refusal.OUT_OF_RANGE)
        self._configuration = configure
        self._commanded_s = None
        self._limited = False
        self._outputs.configure(configure)
        digest = m.digest(configure)
        self._note(f"configured {digest:08x}: dead-man {configure.deadman_ms} ms, outputs safe")
        return m.Configured(digest)

    def _clear(self, number: int) -> Message:
        if self._stop_pressed or self._thermal_faults():
            self._note("refused to clear: a cause stands")
            return m.Refused(number, m.Refusal.CAUSE_STANDS)
        if self._trips:
            self._note("cleared")
        self._trips = 0
        # Silence from now on does not count before the next OUTPUTS: there is nothing to take back.
        self._commanded_s = None
        return self._inputs()

    def _report_faults(self) -> m.FaultsReply:
        damage = self._frames.damage
        return replace(
            self._faults, bad_crc=damage.checksum, bad_cobs=damage.stuffing, overruns=damage.overlong
        )

    def _check_deadman(self) -> None:
        configuration = self._configuration
        if configuration is None or self._commanded_s is None:
            return
        if (self._time_s - self._commanded_s) * 1000.0 > configuration.deadman_ms + _ROUNDING_MS:
            self._commanded_s = None
            self._faults = replace(self._faults, deadman_trips=self._faults.deadman_trips + 1)
            self._trip(_DEADMAN, m.TripCause.DEADMAN, f"dead-man: no frame for {configuration.deadman_ms} ms")

    def _thermal_faults(self) -> list[tuple[int, m.TripCause, str]]:
        """Judge every temperature that has a limit: what stands against it now."""
        if self._configuration is None:
            return []
        faults = []
        for index, limit_c in enumerate(self._configuration.limit_c):
            temperature_c = self._temperatures_c[index]
            if temperature_c > limit_c:
                text = (
                    f"over-temperature: sensor {index} at {temperature_c:.2f} degC, limit {limit_c:.2f} degC"
                )
                faults.append((_OVER_TEMPERATURE, m.TripCause.OVER_TEMPERATURE, text))
            elif isnan(temperature_c) and not isnan(limit_c):
                text = f"sensor fault: sensor {index} has a limit and cannot be read"
                faults.append((_SENSOR_FAULT, m.TripCause.SENSOR_FAULT, text))
        return faults

    def _trip(self, bit: int, cause: m.TripCause, text: str) -> None:
        if self._trips & bit:
            return
        self._trips |= bit
        self._limited = False
        self._outputs.make_safe()
        self._faults = replace(self._faults, last_trip=cause, last_trip_ms=self._tick_ms())
        self._note(f"{text}, outputs safe")

    def _tick_ms(self) -> int:
        return int((self._time_s - self._boot_s) * 1000.0) & 0xFFFF_FFFF

    def _note(self, text: str) -> None:
        self._log.append(BoardEvent(self._events, self._time_s, text))
        self._events += 1
