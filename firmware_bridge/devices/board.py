"""The driver of an Ostwald board, for the control tick: no call waits, no failing line raises."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.interfaces import (
    BoardConfiguration,
    BoardInputs,
    BoardOutputs,
    BoardState,
    DeviceError,
    LinkStatistics,
)
from firmware_bridge.devices.session import BoardSession, Timing
from firmware_bridge.link.interfaces import Link, LinkError
from firmware_bridge.link.reconnect import Backoff
from firmware_bridge.wire import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_PUMPS: Final = (0.0,) * m.PUMP_AXES
_NO_HEATERS: Final = (0.0,) * m.HEATERS
_NO_FREQUENCIES: Final = (0.0,) * m.FREQUENCIES
_NO_DUTIES: Final = (0.0,) * m.DUTIES
# Every bit field spelled out once: a look-up costs the tick a third of taking the bits apart.
_DIGITALS: Final = tuple(
    tuple(bool(bits >> index & 1) for index in range(m.DIGITALS)) for bits in range(1 << m.DIGITALS)
)
_DIGITAL_MASK: Final = len(_DIGITALS) - 1


class Board:
    """One board behind a line that `open_link` opens, and opens again when it was lost."""

    def __init__(self, open_link: Callable[[], Link], configuration: BoardConfiguration) -> None:
        self._open_link = open_link
        self._axes = len(configuration.axes)
        self._heaters = len(configuration.safe_heater_duty)
        self._temperatures = len(configuration.limit_c)
        self._pressures = configuration.pressures
        self._frequencies = len(configuration.frequencies)
        self._duties = len(configuration.safe_duty)
        self._digitals = configuration.digitals
        deadman_s = configuration.deadman_s
        self._session = BoardSession(
            to_message(configuration),
            # A stop is repeated well within the dead-man time; a board silent for so long is safe by itself.
            Timing(repeat_s=deadman_s / 10.0, reply_s=deadman_s / 2.0, silence_s=deadman_s),
            lambda reply: find_mismatch(reply, configuration),
        )
        self._link: Link | None = None
        self._connected_before = False
        self._closed = False
        self._reconnect = Backoff()

    @property
    def state(self) -> BoardState:
        return self._session.state

    @property
    def problem(self) -> str | None:
        return self._session.problem

    @property
    def identity(self) -> m.HelloReply | None:
        return self._session.identity

    @property
    def faults(self) -> m.FaultsReply | None:
        return self._session.faults

    @property
    def statistics(self) -> LinkStatistics:
        """A copy; the counts go on."""
        return replace(self._session.statistics)

    def poll(self, now_s: float) -> BoardInputs | None:
        link = self._link or self._connect(now_s)
        if link is None:
            return None
        try:
            chunk = link.read()
        except LinkError as error:
            self._disconnect(error, now_s)
            return None
        inputs = self._session.receive(chunk, now_s)
        self._write_due(now_s)
        return None if inputs is None else self._from_message(inputs, now_s)

    def send(self, outputs: BoardOutputs, now_s: float) -> None:
        message = m.Outputs(
            outputs.pump_steps_s + _NO_PUMPS[self._axes :],
            outputs.heater_duty + _NO_HEATERS[self._heaters :],
            outputs.lamp_duty,
            outputs.frequency_hz + _NO_FREQUENCIES[self._frequencies :],
            outputs.duty + _NO_DUTIES[self._duties :],
        )
        self._write(self._session.outputs(message, now_s), now_s)

    def estop(self, now_s: float) -> None:
        self._session.stop()
        self._write_due(now_s)

    def clear(self, now_s: float) -> None:
        self._session.clear()
        self._write_due(now_s)

    def request_faults(self, now_s: float) -> None:
        self._session.request_faults()
        self._write_due(now_s)

    def close(self) -> None:
        """Let go of the line for good; the board's dead-man's switch does the rest."""
        self._closed = True
        if self._link is not None:
            self._link.close()
            self._link = None
            self._session.link_down("closed")

    def _connect(self, now_s: float) -> Link | None:
        if self._closed or not self._reconnect.due(now_s):
            return None
        self._reconnect.attempted(now_s)
        try:
            self._link = self._open_link()
        except LinkError as error:
            self._session.link_down(str(error))
            return None
        self._session.statistics.reconnects += self._connected_before
        self._connected_before = True
        self._session.link_up()
        return self._link

    def _disconnect(self, error: LinkError, now_s: float) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._session.state is BoardState.READY:  # it worked until now, so the first retry may come soon
            self._reconnect.reset()
        self._reconnect.attempted(now_s)
        self._session.link_down(str(error))

    def _write_due(self, now_s: float) -> None:
        if self._link is not None:
            self._write(self._session.due(now_s), now_s)

    def _write(self, data: bytes, now_s: float) -> None:
        if not data or self._link is None:
            return
        try:
            if not self._link.write(data):
                self._session.statistics.held += 1
        except LinkError as error:
            self._disconnect(error, now_s)

    def _from_message(self, inputs: m.Inputs, now_s: float) -> BoardInputs:
        return BoardInputs(
            received_s=now_s,
            board_s=inputs.tick_ms / 1000.0,
            status=inputs.status,
            temperatures_c=inputs.temperatures_c[: self._temperatures],
            pressures_kpa=inputs.pressures_kpa[: self._pressures],
            pump_steps_s=inputs.pump_steps_s[: self._axes],
            heater_duty=inputs.heater_duty[: self._heaters],
            lamp_duty=inputs.lamp_duty,
            frequency_hz=inputs.frequency_hz[: self._frequencies],
            duty=inputs.duty[: self._duties],
            digitals=_DIGITALS[inputs.digital_bits & _DIGITAL_MASK][: self._digitals],
        )


def to_message(configuration: BoardConfiguration) -> m.Configure:
    """Fill a configuration up to the largest board; DeviceError when it asks for more than that."""
    deadman_ms = round(configuration.deadman_s * 1000.0)
    if deadman_ms not in m.DEADMAN_MS:
        raise DeviceError(
            f"deadman_s {configuration.deadman_s:g}: a board takes "
            f"{m.DEADMAN_MS[0] / 1000} to {m.DEADMAN_MS[-1] / 1000} s"
        )
    for (what, used), most in zip(_used(configuration), _LARGEST, strict=True):
        if used > most:
            raise DeviceError(f"{used} {what}: the largest board has {most}")
    axes, limits_c, frequencies = configuration.axes, configuration.limit_c, configuration.frequencies
    spare_axes, spare_frequencies = m.PUMP_AXES - len(axes), m.FREQUENCIES - len(frequencies)
    return m.Configure(
        deadman_ms=deadman_ms,
        safe_pump_steps_s=tuple(axis.safe_steps_s for axis in axes) + (0.0,) * spare_axes,
        safe_heater_duty=configuration.safe_heater_duty + _NO_HEATERS[len(configuration.safe_heater_duty) :],
        safe_lamp_duty=configuration.safe_lamp_duty,
        limit_c=tuple(nan if limit_c is None else limit_c for limit_c in limits_c)
        + (nan,) * (m.TEMPERATURES - len(limits_c)),
        limit_steps_s=tuple(axis.limit_steps_s for axis in axes) + (0.0,) * spare_axes,
        limit_steps_s2=tuple(axis.limit_steps_s2 for axis in axes) + (0,) * spare_axes,
        safe_frequency_hz=tuple(each.safe_hz for each in frequencies) + (0.0,) * spare_frequencies,
        limit_hz=tuple(each.limit_hz for each in frequencies) + (0.0,) * spare_frequencies,
        safe_duty=configuration.safe_duty + _NO_DUTIES[len(configuration.safe_duty) :],
    )


_LARGEST: Final = (
    m.PUMP_AXES,
    m.HEATERS,
    m.TEMPERATURES,
    m.PRESSURES,
    m.LAMPS,
    m.FREQUENCIES,
    m.DUTIES,
    m.DIGITALS,
)


def _used(configuration: BoardConfiguration) -> tuple[tuple[str, int], ...]:
    """Count what a rig uses of its board, in the order of `_LARGEST`."""
    return (
        ("pump axes", len(configuration.axes)),
        ("heaters", len(configuration.safe_heater_duty)),
        ("temperatures", len(configuration.limit_c)),
        ("pressures", configuration.pressures),
        ("lamps", configuration.lamps),
        ("frequency outputs", len(configuration.frequencies)),
        ("duty outputs", len(configuration.safe_duty)),
        ("digital inputs", configuration.digitals),
    )


def find_mismatch(reply: m.HelloReply, configuration: BoardConfiguration) -> str | None:
    """Say in one line why this board cannot serve this configuration; None when it can."""
    wanted = configuration.serial_number
    if wanted is not None and reply.serial_number != wanted:
        return f"this is board {reply.serial_number!r}, the rig names {wanted!r}: check the cables"
    present = (
        reply.axes,
        reply.heaters,
        reply.temperatures,
        reply.pressures,
        reply.lamps,
        reply.frequencies,
        reply.duties,
        reply.digitals,
    )
    for (what, used), there in zip(_used(configuration), present, strict=True):
        if used > there:
            return f"the rig uses {used} {what}, board {reply.serial_number!r} has {there}"
    return None
