"""The boards of a rig as channels: values in the channels' units in, outputs out. Used by control alone.

Each tick reads and writes every channel, so places, scales and limits are worked out once, for a whole rig.
"""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Final, NamedTuple

from controller.domain.readings import Inputs, Quality
from controller.equipment.health import health_of, identity_text
from firmware_bridge.devices.interfaces import (
    Axis,
    BoardConfiguration,
    BoardOutputs,
    BoardState,
    FrequencyOutput,
)
from firmware_bridge.wire.messages import TRIPS, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from controller.domain.plan import ChannelPlan, DevicePlan, RigPlan
    from controller.domain.readings import LinkHealth
    from firmware_bridge.devices.interfaces import BoardInputs, ControlBoard

# Plain numbers: `&` on an IntFlag costs a microsecond, and this runs every tick.
_GOOD, _STALE, _BAD = int(Quality.GOOD), int(Quality.STALE), int(Quality.BAD)
_TRIPS: Final = int(TRIPS)
_DEADMAN: Final = int(Status.DEADMAN)
_ESTOPPED: Final = int(Status.ESTOPPED)
_STOP_PRESSED: Final = int(Status.STOP_PRESSED)
_WORDS: Final = (
    (_STOP_PRESSED, "stop button pressed"),
    (int(Status.OVER_TEMPERATURE), "the board's own over-temperature limit"),
    (int(Status.SENSOR_FAULT), "a temperature that has a hard limit cannot be read"),
    (_ESTOPPED, "the board is stopped"),
)
_CAUSES: Final = _STOP_PRESSED | _TRIPS & ~_DEADMAN

# The largest value that an output takes, where the wire sets one.
_OUTPUTS: Final = {"pump": inf, "heater": 1.0, "lamp": 1.0, "frequency": inf, "duty": 1.0}
_SENSORS: Final = ("temperature", "pressure", "digital", "stop")
_SINGLE: Final = ("lamp", "stop")


class _Read(NamedTuple):
    """Where a channel's value comes from: channel value = (row[place] - offset) / scale."""

    channel: int
    place: int
    scale: float
    offset: float
    stale_after_s: float


class _Write(NamedTuple):
    """Where a channel's value goes to: row[place] = scale * channel value + offset, within 0 to `most`."""

    channel: int
    place: int
    scale: float
    offset: float
    most: float


class _Signals:
    """What one board has of the rig's channels, as places in a row: its outputs first, then its sensors."""

    def __init__(self, plan: RigPlan, device: DevicePlan) -> None:
        self._named = {
            channel.signal: (index, channel)
            for index, channel in enumerate(plan.channels)
            if channel.device == device.name
        }
        self.counts = _counts(self._named)
        start, starts = 0, {}
        for kind in (*_OUTPUTS, *_SENSORS):
            starts[kind] = start
            start += self.counts[kind]
        self._cuts = tuple(starts.values())[1 : len(_OUTPUTS) + 1]
        self._read: list[_Read] = []
        self._written: list[_Write] = []
        for signal, (index, channel) in self._named.items():
            kind, _, number = signal.partition(".")
            place = starts[kind] + int(number or 0)
            self._read.append(_Read(index, place, channel.scale, channel.offset, channel.stale_after_s))
            if channel.is_actuator:
                # Rounding in the conversion of units must not lift a duty above 1.
                most = min(_reach(channel), _OUTPUTS[kind])
                self._written.append(_Write(index, place, channel.scale, channel.offset, most))

    def __bool__(self) -> bool:
        return bool(self._named)

    def channel(self, signal: str) -> ChannelPlan | None:
        found = self._named.get(signal)
        return None if found is None else found[1]

    def sense(self, latest: BoardInputs, age_s: float, values: list[float], qualities: list[int]) -> None:
        """Write what the board said into the rig's values: for actuators, what it really does."""
        row = (
            *latest.pump_steps_s,
            *latest.heater_duty,
            latest.lamp_duty,
            *latest.frequency_hz,
            *latest.duty,
            *latest.temperatures_c,
            *latest.pressures_kpa,
            *latest.digitals,
            1.0 if int(latest.status) & _STOP_PRESSED else 0.0,
        )
        for index, place, scale, offset, stale_after_s in self._read:
            raw = row[place]
            if isfinite(raw):
                values[index] = (raw - offset) / scale
                qualities[index] = _GOOD if age_s <= stale_after_s else _STALE

    def outputs(self, values: Sequence[float]) -> BoardOutputs:
        """Turn channel values into the board's whole desired state; what is not a number is 0."""
        heaters, lamp, frequencies, duties, end = self._cuts
        row = [0.0] * end
        for index, place, scale, offset, most in self._written:
            value = scale * values[index] + offset
            if value > 0.0:
                row[place] = min(value, most)
        return BoardOutputs(
            tuple(row[:heaters]),
            tuple(row[heaters:lamp]),
            row[lamp],
            tuple(row[frequencies:duties]),
            tuple(row[duties:]),
        )

    def safe_outputs(self) -> BoardOutputs:
        """Give the board's state in which all channels are at their safe values."""
        channels = self._named.values()
        values = [0.0] * (1 + max((index for index, _ in channels), default=0))
        for index, channel in channels:
            values[index] = channel.safe_value or 0.0
        return self.outputs(values)


class _Wired:
    """One board with its channels and what it last said."""

    def __init__(self, name: str, signals: _Signals, driver: ControlBoard) -> None:
        self.name = name
        self.signals = signals
        self.driver = driver
        self.latest: BoardInputs | None = None
        self.status = 0
        self.heard_s = -inf
        self._worked = False
        self._heard = False

    @property
    def ready(self) -> bool:
        return self._heard and not self.status & _TRIPS

    @property
    def lost(self) -> bool:
        """Whether it worked and does not now: silent, booted anew, or its dead-man's switch went off.

        Back is a board that has been heard since: what it said before it went tells nothing of now.
        """
        # A dead-man trip beside a graver one goes with that, by Reset, which it must not hinder.
        return self._worked and (not self._heard or self.status & _TRIPS == _DEADMAN)

    def read(self, now_s: float, values: list[float], qualities: list[int]) -> None:
        fresh = self.driver.poll(now_s)
        if fresh is not None:
            self.latest, self.heard_s, self.status = fresh, now_s, int(fresh.status)
        self._heard = self.driver.state is BoardState.READY and (self._heard or fresh is not None)
        self._worked = self._worked or self.ready
        if self.latest is not None:
            self.signals.sense(self.latest, now_s - self.heard_s, values, qualities)


class Boards:
    """All boards of one rig. Never waits, and never raises for a device that is gone."""

    def __init__(
        self, plan: RigPlan, connect: Callable[[DevicePlan, BoardConfiguration], ControlBoard]
    ) -> None:
        self._width = len(plan.channels)
        self._wired = [
            _wire(plan, device, connect) for device in plan.devices if device.driver == "ostwald-board"
        ]
        self._carriers = [board for board in self._wired if board.signals]

    @property
    def count(self) -> int:
        """How many boards carry channels: the places of `Inputs.boards_lost`."""
        return len(self._carriers)

    def read(self, now_s: float, *, service_alive: bool) -> Inputs:
        """Take the freshest inputs of every board."""
        values = [nan] * self._width
        qualities = [_BAD] * self._width
        status = 0
        for board in self._wired:
            board.read(now_s, values, qualities)
            status |= board.status
        return Inputs(
            values=tuple(values),
            qualities=tuple(qualities),
            boards_ready=all(board.ready for board in self._wired),
            stop_cause=_cause(status),
            stop_pressed=bool(status & _STOP_PRESSED),
            service_alive=service_alive,
            boards_lost=tuple([board.lost for board in self._carriers]),
        )

    def write(self, outputs: Sequence[float], now_s: float, *, stopped: bool, clearing: bool) -> None:
        """Send every board its whole desired state; `stopped` latches it, `clearing` resets it."""
        for board in self._wired:
            if stopped and not board.status & _ESTOPPED:
                board.driver.estop(now_s)
            # A dead-man trip means only that we were away: control starts safe, so it may go.
            elif not stopped and (clearing or board.status & _TRIPS == _DEADMAN):
                board.driver.clear(now_s)
            board.driver.send(board.signals.outputs(outputs), now_s)

    def health(self) -> tuple[LinkHealth, ...]:
        return tuple(_health(board) for board in self._wired)

    def close(self) -> None:
        for board in self._wired:
            board.driver.close()


def _wire(
    plan: RigPlan, device: DevicePlan, connect: Callable[[DevicePlan, BoardConfiguration], ControlBoard]
) -> _Wired:
    signals = _Signals(plan, device)
    return _Wired(device.name, signals, connect(device, _configure(device, signals)))


def _counts(signals: Iterable[str]) -> Mapping[str, int]:
    """Count signals of each kind up to the last that is used; lamp and stop always have one place."""
    counts = {kind: int(kind in _SINGLE) for kind in (*_OUTPUTS, *_SENSORS)}
    for signal in signals:
        kind, _, number = signal.partition(".")
        counts[kind] = max(counts[kind], int(number or 0) + 1)
    return counts


def _configure(device: DevicePlan, signals: _Signals) -> BoardConfiguration:
    """Write down for the board what it must hold by itself: safe values and limits."""
    safe, counts = signals.safe_outputs(), signals.counts
    acceleration = int(device.acceleration_steps_s2)
    limits_c = device.temperature_limits_c[: counts["temperature"]]
    return BoardConfiguration(
        deadman_s=device.deadman_ms / 1000.0,
        axes=tuple(
            Axis(_highest(signals, f"pump.{number}", spare=1.0), acceleration, rate)
            for number, rate in enumerate(safe.pump_steps_s)
        ),
        safe_heater_duty=safe.heater_duty,
        limit_c=(*limits_c, *[None] * (counts["temperature"] - len(limits_c))),
        pressures=counts["pressure"],
        lamps=int(signals.channel("lamp") is not None),
        serial_number=device.serial_number or None,
        safe_lamp_duty=safe.lamp_duty,
        frequencies=tuple(
            FrequencyOutput(_highest(signals, f"frequency.{number}", spare=0.0), hertz)
            for number, hertz in enumerate(safe.frequency_hz)
        ),
        safe_duty=safe.duty,
        digitals=counts["digital"],
    )


def _highest(signals: _Signals, signal: str, *, spare: float) -> float:
    """Give the largest device value that an output is asked for; `spare` for one that no channel uses."""
    channel = signals.channel(signal)
    return spare if channel is None else _reach(channel)


def _reach(channel: ChannelPlan) -> float:
    return channel.scale * channel.high + channel.offset


def _cause(status: int) -> str:
    """Name the gravest reason for which a board holds its outputs; empty when none does."""
    if not status & _CAUSES:
        return ""
    return next(text for flag, text in _WORDS if status & flag)


def _health(board: _Wired) -> LinkHealth:
    driver, known = board.driver, board.driver.identity
    told = "" if known is None else identity_text("Ostwald board", known.serial_number, known.firmware)
    return health_of(board.name, driver.state.value, driver.statistics, problem=driver.problem, identity=told)
