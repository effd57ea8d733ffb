"""What the tests of judges and interlocks share: a small rig, what a tick sees of it, and a heated zone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import exp, nan
from typing import TYPE_CHECKING

from controller.control.conditions import Judge, compile_condition
from controller.control.seen import Names, Seen
from controller.domain.plan import ChannelPlan, DevicePlan, InterlockPlan, LoopPlan, ReactorPlan, RigPlan
from controller.domain.readings import Quality

if TYPE_CHECKING:
    from controller.domain.conditions import Condition

GOOD, STALE, BAD = (int(each) for each in (Quality.GOOD, Quality.STALE, Quality.BAD))
CHANNELS = (
    ChannelPlan("zone", "board", "temperature.0", "degC", 0.0, 120.0),
    ChannelPlan("wall", "board", "temperature.1", "degC", 0.0, 120.0),
    ChannelPlan("pressure", "board", "pressure.0", "kPa", 0.0, 600.0),
    ChannelPlan("leak", "board", "input.0", "1", 0.0, 1.0),
    # Its device gives nothing at 10 % and less.
    ChannelPlan("heater", "board", "heater.0", "%", 0.0, 100.0, safe_value=0.0, scale=0.01, offset=-0.1),
    ChannelPlan("silver", "board", "pump.0", "uL/min", 0.0, 500.0, safe_value=0.0),
    ChannelPlan("seed", "board", "pump.1", "uL/min", 0.0, 500.0, safe_value=0.0),
)
INDEX = {channel.name: place for place, channel in enumerate(CHANNELS)}
LOOPS = (
    LoopPlan("zone", "zone", "wall", gain=2.0, integral_s=60.0, derivative_s=0.0, ramp_per_s=0.5),
    LoopPlan("wall", "wall", "heater", gain=4.0, integral_s=20.0, derivative_s=0.0, ramp_per_s=5.0),
)
READINGS = {"zone": 25.0, "wall": 25.0, "pressure": 110.0, "leak": 0.0}


def rig(*interlocks: InterlockPlan) -> RigPlan:
    devices = (DevicePlan("board", "ostwald-board", "usb"), DevicePlan("spare", "ostwald-board", "usb"))
    reactor = ReactorPlan(volume_ul=60.0, dead_volume_ul=20.0)
    return RigPlan("bench", 10.0, 10.0, reactor, (), devices, CHANNELS, loops=LOOPS, interlocks=interlocks)


def seen(
    *,
    bad: tuple[str, ...] = (),
    setpoint: float = nan,
    lost: bool = False,
    stop: bool = False,
    service: bool = True,
    lease_lost: bool = False,
    trips: int = 0,
    **readings: float,
) -> Seen:
    """Return a sight of the rig: readings and outputs by channel; the setpoint is that of the outer loop."""
    known = READINGS | readings
    return Seen(
        time_s=0.0,
        values=tuple(known.get(each.name, nan) for each in CHANNELS),
        qualities=tuple(BAD if each.name in bad else GOOD for each in CHANNELS),
        outputs=tuple(readings.get(each.name, 0.0) if each.is_actuator else nan for each in CHANNELS),
        setpoints=(setpoint, nan),
        boards_lost=(lost,),
        stop_pressed=stop,
        service_alive=service,
        lease_lost=lease_lost,
        trips=trips,
    )


@dataclass
class Watch:
    """One judge from tick to tick, with the memory of its verdicts that its owner keeps for it."""

    condition: Condition
    plan: RigPlan = field(default_factory=rig)

    def __post_init__(self) -> None:
        self.judge: Judge = compile_condition(self.condition, Names.of(self.plan), self.plan)
        self.memory = self.judge.initial()
        self.stands = False

    def look(self, sight: Seen, dt_s: float = 0.1) -> bool | None:
        self.memory, verdict = self.judge.judge(self.memory, sight, dt_s, standing=self.stands)
        if verdict is not None:
            self.stands = verdict
        return verdict

    def explain(self, sight: Seen) -> str:
        return self.judge.explain(self.memory, sight)

    def remedy(self, sight: Seen) -> str:
        return self.judge.remedy(sight)


class Zone:
    """A heated block of first order, 90 degC above room at full power, with a noisy sensor behind it."""

    def __init__(
        self, *, noise_c: float = 0.05, lag_s: float = 60.0, sensor_lag_s: float = 2.0, seed: int = 1
    ) -> None:
        self.temperature_c = self._sensor_c = 25.0
        self.noise_c, self.lag_s, self.sensor_lag_s = noise_c, lag_s, sensor_lag_s
        self._random = random.Random(seed)

    def advance(self, power: float, dt_s: float) -> float:
        """Let time pass; return what the sensor reads then."""
        to_c = 25.0 + 90.0 * power
        self.temperature_c += (to_c - self.temperature_c) * (1.0 - exp(-dt_s / self.lag_s))
        self._sensor_c += (self.temperature_c - self._sensor_c) * (1.0 - exp(-dt_s / self.sensor_lag_s))
        return self._sensor_c + self._random.gauss(0.0, self.noise_c)
