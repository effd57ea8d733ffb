"""The rig that is measured: N boards, on each two heated zones, their loops, five interlocks, pumps, lamp."""

from __future__ import annotations

from typing import Final

from controller.domain.conditions import HeaterImplausible, Limits, RateOfChange
from controller.domain.plan import (
    ChannelPlan,
    DevicePlan,
    InterlockPlan,
    LinkPlan,
    LoopPlan,
    ReactorPlan,
    RigPlan,
)

# Four boards of these make 50 channels, 8 loops and 20 interlocks.
PUMPS: Final = (4, 4, 3, 3)
ZONES: Final = 2
FULL_BOARDS: Final = len(PUMPS)
SETPOINT_C: Final = 40.0


def build_rig(boards: int, rate_hz: float, urls: tuple[str, ...]) -> RigPlan:
    """Plan a rig of `boards` boards, at most FULL_BOARDS, behind `urls`."""
    names = [f"board{number}" for number in range(boards)]
    return RigPlan(
        name="benchmark",
        rate_hz=rate_hz,
        orphan_hold_s=3600.0,
        reactor=ReactorPlan(volume_ul=60.0, dead_volume_ul=25.0),
        links=tuple(LinkPlan(name=name, url=url) for name, url in zip(names, urls, strict=True)),
        devices=tuple(
            DevicePlan(
                name=name,
                driver="ostwald-board",
                link=name,
                # Nothing is heated here: a twin that waits for a loaded core must not end the measurement.
                deadman_ms=10_000,
                temperature_limits_c=(120.0,) * 4,
            )
            for name in names
        ),
        channels=tuple(
            channel
            for name, pumps in zip(names, PUMPS[:boards], strict=True)
            for channel in _channels(name, pumps)
        ),
        loops=tuple(_loop(name, zone) for name in names for zone in range(ZONES)),
        interlocks=tuple(rule for name in names for rule in _interlocks(name)),
    )


def loop_targets(plan: RigPlan) -> dict[str, float]:
    """Name a setpoint for every loop, so that all of them work."""
    return {loop.sensor: SETPOINT_C for loop in plan.loops}


def _channels(board: str, pumps: int) -> list[ChannelPlan]:
    actuators = [
        ChannelPlan(
            name=f"{board}.pump{number}",
            device=board,
            signal=f"pump.{number}",
            unit="uL/min",
            low=0.0,
            high=1000.0,
            safe_value=0.0,
            rate_limit_per_s=500.0,
            scale=10.0,
        )
        for number in range(pumps)
    ]
    actuators += [
        ChannelPlan(
            name=f"{board}.{signal.replace('.', '')}",
            device=board,
            signal=signal,
            unit="%",
            low=0.0,
            high=100.0,
            safe_value=0.0,
            scale=0.01,
        )
        for signal in (*(f"heater.{zone}" for zone in range(ZONES)), "lamp")
    ]
    sensed = (
        *((f"temperature.{number}", "degC", 150.0) for number in range(4)),
        *((f"pressure.{number}", "kPa", 600.0) for number in range(2)),
    )
    sensors = [
        ChannelPlan(
            name=f"{board}.{signal.replace('.', '')}",
            device=board,
            signal=signal,
            unit=unit,
            low=0.0,
            high=high,
            # Reactor time runs in lockstep here, and the twin answers when it gets a core.
            stale_after_s=60.0,
        )
        for signal, unit, high in sensed
    ]
    return actuators + sensors


def _loop(board: str, zone: int) -> LoopPlan:
    return LoopPlan(
        name=f"{board}.zone{zone}",
        sensor=f"{board}.temperature{zone}",
        actuator=f"{board}.heater{zone}",
        gain=8.0,
        integral_s=30.0,
        derivative_s=2.0,
        ramp_per_s=0.5,
    )


def _interlocks(board: str) -> tuple[InterlockPlan, ...]:
    return (
        *(
            InterlockPlan(
                name=f"{board}.hot{zone}",
                condition=Limits(channel=f"{board}.temperature{zone}", high=85.0),
                delay_s=0.5,
            )
            for zone in range(ZONES)
        ),
        InterlockPlan(
            name=f"{board}.pressure",
            condition=Limits(channel=f"{board}.pressure0", high=400.0),
            delay_s=0.5,
        ),
        InterlockPlan(
            name=f"{board}.runaway",
            condition=RateOfChange(channel=f"{board}.temperature2", limit_per_s=50.0, window_s=1.0),
            delay_s=0.5,
        ),
        InterlockPlan(
            name=f"{board}.implausible",
            condition=HeaterImplausible(
                loop=f"{board}.zone0", hysteresis=5.0, heating_gain=1.0, gain_time_s=60.0, max_error_s=1e6
            ),
        ),
    )
