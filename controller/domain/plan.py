"""The rig as plain, checked data: what configuration hands to every process.

Stdlib only, so that the control process reads it without pulling in a schema library. Every number is in the
unit that its name says, or, where it belongs to a channel, in that channel's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.domain import plain
from controller.domain.alarms import AlarmPlan
from controller.domain.conditions import Condition
from controller.domain.pins import PinsPlan, WatchdogPlan


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A wire: a pyserial URL, or `twin:PORT` for the far end that is simulated."""

    name: str
    url: str
    baud: int = 115200
    # Data bits, parity and stop bits, as people write them.
    framing: str = "8N1"
    # "none", "rts/cts" or "xon/xoff".
    handshake: str = "none"
    # All that is sent comes back first, as from a two-wire adapter that hears itself.
    echo: bool = False


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """A device on a link. `driver` is a key of `firmware_bridge.devices.registry`.

    `address` is an instrument's place on a shared line, `options` are its driver's own keys.
    """

    name: str
    driver: str
    link: str
    deadman_ms: int = 500
    # Board only: hard limit of each of its temperatures in degC; it trips on its own above.
    temperature_limits_c: tuple[float, ...] = ()
    # Board only: fastest change of a pump's rate.
    acceleration_steps_s2: float = 20_000.0
    address: str = ""
    # The one device that is meant; empty: whichever is there.
    serial_number: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    # Instrument only.
    read_every_s: float = 0.25


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """One signal of a device.

    `signal` names it there: `pump.0`, `heater.1`, `lamp`, `temperature.0`, `pressure.0` or `stop`. A channel
    without a device is computed by control: a flow group's total and fractions, what is left of a reagent.
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

    @property
    def is_computed(self) -> bool:
        return not self.device


@dataclass(frozen=True, slots=True)
class FeedForward:
    """Adds `gain * (value - reference)` to a loop's output.

    `channel` "setpoint" is the loop's own ramped setpoint.
    """

    channel: str
    gain: float
    reference: float = 0.0


@dataclass(frozen=True, slots=True)
class ScheduledTuning:
    """The tuning that holds at this value of the scheduling channel; between two, it is interpolated."""

    at: float
    gain: float
    integral_s: float
    derivative_s: float


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """A PID controller, ISA form; the gain is in actuator units per unit of the sensor.

    An `actuator` that is the sensor of another loop makes this the outer loop of a cascade: its output is the
    inner loop's setpoint. With a `cooler` the range is split: the output runs from -100 to 100 % of span, its
    positive part drives the actuator, its negative part, times `cooler_ratio`, the cooler, with `split_gap`
    (of 1) of nothing between them.
    """

    name: str
    sensor: str
    actuator: str
    gain: float
    integral_s: float
    derivative_s: float
    ramp_per_s: float
    derivative_filter: float = 10.0
    setpoint_weight: float = 1.0
    cooler: str = ""
    cooler_ratio: float = 1.0
    split_gap: float = 0.0
    feed_forward: tuple[FeedForward, ...] = ()
    schedule_on: str = ""
    schedule: tuple[ScheduledTuning, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowMember:
    """A pump of a flow group. `fraction` is the computed channel of its share of the total, 0 to 1."""

    pump: str
    fraction: str


@dataclass(frozen=True, slots=True)
class FlowGroupPlan:
    """Pumps that move together: `total` and the fractions are computed channels that take setpoints.

    On a change all pumps arrive at once, in a straight line, so that an unchanged ratio holds on the way.
    `ramp_per_s` bounds the change of the total flow; 0: only the pumps' own limits do.
    """

    name: str
    total: str
    members: tuple[FlowMember, ...]
    ramp_per_s: float = 0.0

    @property
    def channels(self) -> tuple[str, ...]:
        """The computed channels that take the group's setpoints."""
        return (self.total, *(member.fraction for member in self.members))


@dataclass(frozen=True, slots=True)
class InterlockPlan:
    """Trips when its condition has stood for `delay_s`; a condition that can't be judged counts as standing.

    `forces` names the actuators that go to their safe values; empty: all of them, and the reactor is TRIPPED.
    Latching: until Reset. Else the outputs are held, or the reactor is TRIPPED, while the condition stands;
    what was held then stays safe until it is asked for something again.
    """

    name: str
    condition: Condition
    delay_s: float = 0.0
    latching: bool = True
    forces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReagentPlan:
    """A stock and the pump that delivers it.

    Where the volume is kept, `level` is the computed channel of what is left, in uL; `flow_ul_s` is the flow
    that one unit of the pump's channel stands for.
    """

    name: str
    pump: str
    stock: str
    volume_ul: float = 0.0
    level: str = ""
    flow_ul_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LeasePlan:
    """How long a lease may be held without a renewal."""

    longest_s: float = 300.0


@dataclass(frozen=True, slots=True)
class RealtimePlan:
    """What control asks of the kernel: a SCHED_FIFO priority, and a core to stay on."""

    priority: int = 80
    cpu: int | None = None


@dataclass(frozen=True, slots=True)
class EmissionPlan:
    """How the spectrometer looks at light that the product gives off: `excitation` is the channel of a diode.

    It is off but for an emission spectrum. `yield_factor` turns the emission within the window, in counts/s
    times nm, over the share of light absorbed at `excitation_nm` into a quantum yield; 0: there is none.
    """

    excitation: str
    level: float
    integration_s: float
    scans: int
    low_nm: float
    high_nm: float
    settle_s: float = 1.0
    excitation_nm: float = 0.0
    yield_factor: float = 0.0


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
    emission: EmissionPlan | None = None


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
    board: str = "twin"
    """What stands in for the board: its twin, or `simavr:NAME` for the firmware of that board."""
    piping: Mapping[str, str] = field(default_factory=dict)
    """Where in the plant each simulated instrument is fitted: device to `pump.N`, `zone.N` and the like."""


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
    flows: tuple[FlowGroupPlan, ...] = ()
    interlocks: tuple[InterlockPlan, ...] = ()
    alarms: tuple[AlarmPlan, ...] = ()
    reagents: tuple[ReagentPlan, ...] = ()
    spectrometer: SpectrometerPlan | None = None
    twin: TwinPlan | None = None
    trusted_keys: tuple[str, ...] = field(default=())
    realtime: RealtimePlan = field(default_factory=RealtimePlan)
    lease: LeasePlan = field(default_factory=LeasePlan)
    pins: PinsPlan | None = None
    watchdog: WatchdogPlan | None = None

    def channel(self, name: str) -> ChannelPlan | None:
        return next((channel for channel in self.channels if channel.name == name), None)

    def loop_on(self, sensor: str) -> LoopPlan | None:
        """Return the loop that makes `sensor` follow a setpoint."""
        return next((loop for loop in self.loops if loop.sensor == sensor), None)

    def takes_setpoints(self, channel: ChannelPlan) -> bool:
        """Whether a value may be asked of the channel: an actuator, a loop's sensor, a group's flow."""
        return (
            channel.is_actuator
            or self.loop_on(channel.name) is not None
            or any(channel.name in group.channels for group in self.flows)
        )

    def to_json(self) -> str:
        return plain.to_json(self)

    @classmethod
    def from_json(cls, text: str) -> RigPlan:
        """Read what `to_json` wrote."""
        return plain.from_json(cls, text)
