"""The boards of a rig as channels: values in the channels' units in, outputs out. Used by control alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING

from controller.control.seen import Inputs
from controller.domain.readings import LinkHealth, Quality
from firmware_bridge.devices.interfaces import Axis, BoardConfiguration, BoardOutputs, BoardState
from firmware_bridge.wire.messages import TRIPS, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from controller.domain.plan import ChannelPlan, DevicePlan, RigPlan
    from firmware_bridge.devices.interfaces import BoardInputs, ControlBoard

_WORDS = {
    Status.STOP_PRESSED: "stop button pressed",
    Status.OVER_TEMPERATURE: "the board's own over-temperature limit",
    Status.SENSOR_FAULT: "a temperature that has a hard limit cannot be read",
    Status.ESTOPPED: "the board is stopped",
}


@dataclass(frozen=True, slots=True)
class _Signal:
    """A channel's place: its index in the rig, its signal's kind and number on the board."""

    index: int
    channel: ChannelPlan
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """How many outputs of each kind a rig uses of a board."""

    axes: int
    heaters: int
    lamps: int

    def outputs(self, actuators: Sequence[_Signal], values: Sequence[float]) -> BoardOutputs:
        """Turn channel values into the board's whole desired state."""
        pumps, heaters, lamp = [0.0] * self.axes, [0.0] * self.heaters, 0.0
        for signal in actuators:
            value = max(0.0, signal.channel.scale * values[signal.index] + signal.channel.offset)
            if signal.kind == "pump":
                pumps[signal.number] = value
            elif signal.kind == "heater":
                heaters[signal.number] = min(value, 1.0)
            else:
                lamp = min(value, 1.0)
        return BoardOutputs(tuple(pumps), tuple(heaters), lamp)


class _Wired:
    """One board with its channels and what it last said."""

    def __init__(self, name: str, shape: _Shape, driver: ControlBoard, signals: Sequence[_Signal]) -> None:
        self.name = name
        self.shape = shape
        self.driver = driver
        self.sensors = [signal for signal in signals if not signal.channel.is_actuator]
        self.actuators = [signal for signal in signals if signal.channel.is_actuator]
        self.latest: BoardInputs | None = None
        self.heard_s = float("-inf")

    @property
    def status(self) -> Status:
        return Status(0) if self.latest is None else self.latest.status

    @property
    def ready(self) -> bool:
        return self.driver.state is BoardState.READY and self.latest is not None and not self.status & TRIPS


class Boards:
    """All boards of one rig. Never waits, and never raises for a device that is gone."""

    def __init__(
        self, plan: RigPlan, connect: Callable[[DevicePlan, BoardConfiguration], ControlBoard]
    ) -> None:
        self._width = len(plan.channels)
        self._wired = [
            _wire(plan, device, connect) for device in plan.devices if device.driver == "ostwald-board"
        ]

    def read(self, now_s: float, *, service_alive: bool) -> Inputs:
        """Take the freshest inputs of every board."""
        values = [nan] * self._width
        qualities = [int(Quality.BAD)] * self._width
        for board in self._wired:
            fresh = board.driver.poll(now_s)
            if fresh is not None:
                board.latest, board.heard_s = fresh, now_s
            _sense(board, now_s, values, qualities)
        status = [board.status for board in self._wired]
        return Inputs(
            values=tuple(values),
            qualities=tuple(qualities),
            boards_ready=all(board.ready for board in self._wired),
            stop_cause=_cause(status),
            stop_pressed=any(each & Status.STOP_PRESSED for each in status),
            service_alive=service_alive,
        )

    def write(self, outputs: Sequence[float], now_s: float, *, stopped: bool, clearing: bool) -> None:
        """Send every board its whole desired state; `stopped` latches it, `clearing` resets it."""
        for board in self._wired:
            if stopped and not board.status & Status.ESTOPPED:
                board.driver.estop(now_s)
            # A dead-man trip means only that we were away: control starts safe, so it may go.
            elif not stopped and (clearing or board.status & TRIPS == Status.DEADMAN):
                board.driver.clear(now_s)
            board.driver.send(board.shape.outputs(board.actuators, outputs), now_s)

    def health(self) -> tuple[LinkHealth, ...]:
        return tuple(_health(board) for board in self._wired)

    def close(self) -> None:
        for board in self._wired:
            board.driver.close()


def _wire(
    plan: RigPlan, device: DevicePlan, connect: Callable[[DevicePlan, BoardConfiguration], ControlBoard]
) -> _Wired:
    signals = []
    for index, channel in enumerate(plan.channels):
        if channel.device == device.name:
            kind, _, number = channel.signal.partition(".")
            signals.append(_Signal(index, channel, kind, int(number or 0)))
    shape = _Shape(_count(signals, "pump"), _count(signals, "heater"), _count(signals, "lamp"))
    return _Wired(device.name, shape, connect(device, _configure(device, shape, signals)), signals)


def _count(signals: Sequence[_Signal], kind: str) -> int:
    return 1 + max((signal.number for signal in signals if signal.kind == kind), default=-1)


def _configure(device: DevicePlan, shape: _Shape, signals: Sequence[_Signal]) -> BoardConfiguration:
    """Write down for the board what it must hold by itself: safe values and limits."""
    actuators = [signal for signal in signals if signal.channel.is_actuator]
    safe_values = [0.0] * (1 + max((signal.index for signal in signals), default=0))
    limits = [1.0] * shape.axes
    for signal in actuators:
        safe_values[signal.index] = signal.channel.safe_value or 0.0
        if signal.kind == "pump":
            limits[signal.number] = signal.channel.scale * signal.channel.high + signal.channel.offset
    safe = shape.outputs(actuators, safe_values)
    acceleration = int(device.acceleration_steps_s2)
    hot: list[float | None] = [None] * _count(signals, "temperature")
    for number, limit_c in enumerate(device.temperature_limits_c[: len(hot)]):
        hot[number] = limit_c
    return BoardConfiguration(
        deadman_s=device.deadman_ms / 1000.0,
        axes=tuple(
            Axis(limit, acceleration, rate) for limit, rate in zip(limits, safe.pump_steps_s, strict=True)
        ),
        safe_heater_duty=safe.heater_duty,
        limit_c=tuple(hot),
        pressures=_count(signals, "pressure"),
        lamps=shape.lamps,
        safe_lamp_duty=safe.lamp_duty,
    )


def _sense(board: _Wired, now_s: float, values: list[float], qualities: list[int]) -> None:
    latest = board.latest
    if latest is None:
        return
    age_s = now_s - board.heard_s
    for signal in (*board.sensors, *board.actuators):
        channel = signal.channel
        raw = _raw(signal, latest)
        if not isfinite(raw):
            continue
        values[signal.index] = (raw - channel.offset) / channel.scale
        qualities[signal.index] = int(Quality.GOOD if age_s <= channel.stale_after_s else Quality.STALE)


def _raw(signal: _Signal, latest: BoardInputs) -> float:
    """Look up a signal: for actuators, what the board really does."""
    match signal.kind:
        case "pump":
            return latest.pump_steps_s[signal.number]
        case "heater":
            return latest.heater_duty[signal.number]
        case "temperature":
            return latest.temperatures_c[signal.number]
        case "pressure":
            return latest.pressures_kpa[signal.number]
        case "stop":
            return 1.0 if latest.status & Status.STOP_PRESSED else 0.0
    return latest.lamp_duty


def _cause(statuses: Sequence[Status]) -> str:
    return next((text for flag, text in _WORDS.items() for status in statuses if status & flag), "")


def _health(board: _Wired) -> LinkHealth:
    counted = board.driver.statistics
    return LinkHealth(
        name=board.name,
        state=board.driver.state.value,
        frames_sent=counted.frames_sent,
        frames_received=counted.frames_received,
        frames_damaged=counted.damaged,
        retries=counted.retries,
    )
