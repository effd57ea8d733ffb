"""The lab instruments of a rig as channels: values in the channels' units in, outputs out."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from controller.domain.readings import Quality
from controller.equipment.health import health_of, identity_text
from firmware_bridge.devices.instrument_session import InstrumentSession
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import BoardState
from firmware_bridge.devices.line import Line
from firmware_bridge.devices.registry import DRIVERS, InstrumentDriver, find_instrument_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from controller.domain.plan import ChannelPlan, DevicePlan, LinkPlan, RigPlan
    from controller.domain.readings import LinkHealth
    from firmware_bridge.devices.instruments.base import SignalFacts
    from firmware_bridge.link.interfaces import Link

# Plain numbers: this runs every tick.
_GOOD, _STALE = int(Quality.GOOD), int(Quality.STALE)


class _Channel(NamedTuple):
    """Device value = scale * channel value + offset; `low` and `high` are the device's, for an actuator."""

    place: int
    signal: str
    scale: float
    offset: float
    stale_after_s: float
    low: float
    high: float


class _Fitted:
    """One instrument with its channels."""

    def __init__(self, plan: RigPlan, device: DevicePlan, *, shared: bool) -> None:
        self.name = device.name
        mine = [(index, each) for index, each in enumerate(plan.channels) if each.device == device.name]
        self._safe = {each.signal: _to_device(each, each.safe_value) for _, each in mine if each.is_actuator}
        settings = InstrumentSettings(
            address=device.address,
            options=device.options,
            used=tuple(each.signal for _, each in mine),
            safe=self._safe,
            serial_number=device.serial_number,
        )
        instrument = find_instrument_driver(device.driver).make(settings)
        self.session = InstrumentSession(
            device.name, instrument, settings, read_every_s=device.read_every_s, shared=shared
        )
        self._channels = [_channel(index, each, instrument.signals) for index, each in mine]
        self._actuators = [each for each in self._channels if each.signal in self._safe]
        self._worked = False

    @property
    def carries(self) -> bool:
        return bool(self._channels)

    @property
    def ready(self) -> bool:
        return self.session.state is BoardState.READY and isfinite(self.session.read_s)

    @property
    def hinders(self) -> bool:
        """Whether the reactor must wait for it: it acts, and is not ready."""
        return self.session.acts and not self.ready

    @property
    def lost(self) -> bool:
        """Whether it worked and does not now."""
        return self._worked and self.session.state is not BoardState.READY

    @property
    def health(self) -> LinkHealth:
        session, known = self.session, self.session.identity
        told = "" if known is None else identity_text(known.model, known.serial_number, known.firmware)
        return health_of(
            self.name, session.state.value, session.statistics, problem=session.problem, identity=told
        )

    def read(self, now_s: float, values: list[float], qualities: list[int]) -> None:
        self._worked = self._worked or self.ready
        read, age_s = self.session.values, now_s - self.session.read_s
        for each in self._channels:
            raw = read[each.signal]
            if isfinite(raw):
                values[each.place] = (raw - each.offset) / each.scale
                qualities[each.place] = _GOOD if age_s <= each.stale_after_s else _STALE

    def write(self, outputs: Sequence[float]) -> None:
        """Say what is wanted; a value that is none becomes the safe one."""
        if self._actuators:
            self.session.write({each.signal: self._wanted(each, outputs) for each in self._actuators})

    def _wanted(self, channel: _Channel, outputs: Sequence[float]) -> float:
        value = channel.scale * outputs[channel.place] + channel.offset
        # Rounding in the conversion of units must not lift a value above what the device takes.
        return min(max(value, channel.low), channel.high) if isfinite(value) else self._safe[channel.signal]


class Instruments:
    """All instruments of one rig, on their lines. Never waits, and never raises for a device that is gone."""

    def __init__(self, plan: RigPlan, opener: Callable[[LinkPlan], Callable[[], Link | None]]) -> None:
        """Make every driver; `opener` gives what opens a link. DeviceError names a setting that can't be."""
        self._fitted: list[_Fitted] = []
        self._lines: list[Line] = []
        devices = [each for each in plan.devices if isinstance(DRIVERS.get(each.driver), InstrumentDriver)]
        for link in plan.links:
            here = [each for each in devices if each.link == link.name]
            fitted = [_Fitted(plan, each, shared=len(here) > 1) for each in here]
            if fitted:
                self._fitted += fitted
                sessions = [each.session for each in fitted]
                self._lines.append(Line(link.name, opener(link), sessions, echo=link.echo))

    def __bool__(self) -> bool:
        return bool(self._fitted)

    @property
    def ready(self) -> bool:
        """Whether all that act are ready; one that only senses costs no more than its channels."""
        return not any(each.hinders for each in self._fitted)

    @property
    def lost(self) -> Mapping[str, bool]:
        """Of each that carries channels, whether it worked and does not now."""
        return {each.name: each.lost for each in self._fitted if each.carries}

    @property
    def settled(self) -> bool:
        """Whether all that can be reached have their outputs at their safe values."""
        return all(
            each.session.is_safe or each.session.state not in (BoardState.READY, BoardState.CONFIGURING)
            for each in self._fitted
            if each.session.acts
        )

    def listen(self, now_s: float) -> None:
        """Take what has come."""
        for line in self._lines:
            line.listen(now_s)

    def read(self, now_s: float, values: list[float], qualities: list[int]) -> None:
        """Take what has come into the rig's values; what was never read stays as it is."""
        self.listen(now_s)
        for each in self._fitted:
            each.read(now_s, values, qualities)

    def write(self, outputs: Sequence[float], now_s: float, *, stopped: bool) -> None:
        """Say what is wanted of each, and talk; `stopped` overtakes and holds."""
        for each in self._fitted:
            if stopped:
                each.session.stop()
            else:
                each.session.release()
                each.write(outputs)
        for line in self._lines:
            line.talk(now_s)

    def health(self) -> tuple[LinkHealth, ...]:
        """Say how each instrument and each line is."""
        lines = [
            health_of(
                f"link {line.name}",
                "ready" if line.is_open else "lost",
                line.statistics,
                problem=line.problem,
            )
            for line in self._lines
        ]
        return (*(each.health for each in self._fitted), *lines)

    def close(self) -> None:
        for line in self._lines:
            line.close()


def _channel(index: int, channel: ChannelPlan, signals: Mapping[str, SignalFacts]) -> _Channel:
    facts = signals[channel.signal]
    return _Channel(
        index, channel.signal, channel.scale, channel.offset, channel.stale_after_s, facts.low, facts.high
    )


def _to_device(channel: ChannelPlan, value: float | None) -> float:
    return channel.scale * (value or 0.0) + channel.offset
