"""The rig as plain, checked data: what configuration hands to every process.

Stdlib only, so that the control process reads it without pulling in a schema library. Every number is in the
unit that its name says, or, where it belongs to a channel, in that channel's unit.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A wire: a pyserial URL, or `twin:PORT` for the far end that is simulated."""

    name: str
    url: str
    baud: int = 115200


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """A device on a link. `driver` is a key of `firmware_bridge.devices.registry`."""

    name: str
    driver: str
    link: str
    deadman_ms: int = 500
    # Board only: hard limit of each of its temperatures in degC; it trips on its own above.
    temperature_limits_c: tuple[float, ...] = ()
    # Board only: fastest change of a pump's rate.
    acceleration_steps_s2: float = 20_000.0


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """One signal of a device.

    `signal` names it there: `pump.0`, `heater.1`, `lamp`, `temperature.0`, `pressure.0` or `stop`.
    """

    name: str
    device: str
    signal: str
    unit: str
    low: float
    high: float
    # Actuators only; None marks a sensor.
    safe_value: float | None = None
    # Largest change in the channel's unit per second; 0: none.
    rate_limit_per_s: float = 0.0
    # device value = scale * channel value + offset: steps/s per uL/min, duty per %.
    scale: float = 1.0
    offset: float = 0.0
    stale_after_s: float = 1.0

    @property
    def is_actuator(self) -> bool:
        return self.safe_value is not None


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """A PID controller, ISA form; the gain is in actuator units per unit of the sensor."""

    name: str
    sensor: str
    actuator: str
    gain: float
    integral_s: float
    derivative_s: float
    ramp_per_s: float
    derivative_filter: float = 10.0


@dataclass(frozen=True, slots=True)
class InterlockPlan:
    """Trips after `delay_s` outside [low, high] or without a good reading: all outputs safe, latched."""

    name: str
    channel: str
    low: float
    high: float
    delay_s: float


@dataclass(frozen=True, slots=True)
class ReagentPlan:
    """A stock and the pump that delivers it."""

    name: str
    pump: str
    stock: str


@dataclass(frozen=True, slots=True)
class SpectrometerPlan:
    """The in-line spectrometer: where it is, how it exposes, what gives it light."""

    device: str
    lamp: str
    lamp_level: float
    integration_s: float
    scans: int
    low_nm: float
    high_nm: float


@dataclass(frozen=True, slots=True)
class ReactorPlan:
    """Volumes from which residence and washout times follow."""

    volume_ul: float
    dead_volume_ul: float

    @property
    def washout_volume_ul(self) -> float:
        return self.volume_ul + self.dead_volume_ul


@dataclass(frozen=True, slots=True)
class TwinPlan:
    """The synthesis behind `twin:` links."""

    synthesis: str
    seed: int


@dataclass(frozen=True, slots=True)
class RigPlan:
    """Everything that the processes need to know of a rig, checked."""

    name: str
    rate_hz: float
    orphan_hold_s: float
    reactor: ReactorPlan
    links: tuple[LinkPlan, ...]
    devices: tuple[DevicePlan, ...]
    channels: tuple[ChannelPlan, ...]
    loops: tuple[LoopPlan, ...] = ()
    interlocks: tuple[InterlockPlan, ...] = ()
    reagents: tuple[ReagentPlan, ...] = ()
    spectrometer: SpectrometerPlan | None = None
    twin: TwinPlan | None = None
    trusted_keys: tuple[str, ...] = field(default=())

    def channel(self, name: str) -> ChannelPlan | None:
        return next((channel for channel in self.channels if channel.name == name), None)

    def loop_on(self, sensor: str) -> LoopPlan | None:
        """Return the loop that makes `sensor` follow a setpoint."""
        return next((loop for loop in self.loops if loop.sensor == sensor), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RigPlan:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            name=raw["name"],
            rate_hz=raw["rate_hz"],
            orphan_hold_s=raw["orphan_hold_s"],
            reactor=ReactorPlan(**raw["reactor"]),
            links=tuple(LinkPlan(**item) for item in raw["links"]),
            devices=tuple(_device(item) for item in raw["devices"]),
            channels=tuple(ChannelPlan(**item) for item in raw["channels"]),
            loops=tuple(LoopPlan(**item) for item in raw["loops"]),
            interlocks=tuple(InterlockPlan(**item) for item in raw["interlocks"]),
            reagents=tuple(ReagentPlan(**item) for item in raw["reagents"]),
            spectrometer=SpectrometerPlan(**raw["spectrometer"]) if raw["spectrometer"] else None,
            twin=TwinPlan(**raw["twin"]) if raw["twin"] else None,
            trusted_keys=tuple(raw["trusted_keys"]),
        )


def _device(raw: dict[str, object]) -> DevicePlan:
    limits = raw.pop("temperature_limits_c")
    assert isinstance(limits, list)
    return DevicePlan(**raw, temperature_limits_c=tuple(limits))  # type: ignore[arg-type]
