"""The shape of a rig file, before its references and safety are checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# "45 degC", or a bare number in the place's own unit.
Quantity = str | float
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=64)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rig(_Table):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
    rate: Quantity = "50 Hz"
    orphan_hold: Quantity = "30 s"


class Reactor(_Table):
    volume: Quantity
    dead_volume: Quantity = 0.0


class Twin(_Table):
    synthesis: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Reagent(_Table):
    pump: str
    stock: str = ""


class Link(_Table):
    url: Annotated[str, Field(min_length=1, max_length=1000)]
    baud: Annotated[int, Field(gt=0)] = 115200


class Device(_Table):
    driver: str
    link: str
    deadman: Quantity = "500 ms"
    temperature_limits: Annotated[list[Quantity], Field(max_length=4)] = []
    acceleration: Annotated[float, Field(gt=0)] = 20000.0


class Channel(_Table):
    device: str
    signal: Annotated[
        str, Field(pattern=r"^(pump\.[0-5]|heater\.[01]|temperature\.[0-3]|pressure\.[01]|lamp|stop)$")
    ]
    unit: str
    range: Annotated[list[Quantity], Field(min_length=2, max_length=2)]
    safe: Quantity | None = None
    rate_limit: Annotated[str, Field(description="change per second, in the channel's unit")] | float = 0.0
    scale: float | None = None
    offset: float = 0.0
    steps_per_ul: Annotated[float, Field(gt=0)] | None = None
    stale_after: Quantity = "1 s"


class Loop(_Table):
    sensor: str
    actuator: str
    gain: float
    integral: Quantity = 0.0
    derivative: Quantity = 0.0
    ramp: Annotated[float, Field(ge=0, description="change of the setpoint per second")] = 0.0


class Interlock(_Table):
    channel: str
    low: Quantity | None = None
    high: Quantity | None = None
    delay: Quantity = 0.0


class Spectrometer(_Table):
    device: str
    lamp: str
    lamp_level: Quantity
    integration: Quantity
    scans: Annotated[int, Field(ge=1, le=1000)] = 16
    window: Annotated[list[Quantity], Field(min_length=2, max_length=2)]


class Security(_Table):
    trusted_keys: Annotated[list[str], Field(max_length=32)] = []


class RigFile(_Table):
    rig: Rig
    reactor: Reactor
    links: dict[Name, Link]
    devices: dict[Name, Device]
    channels: dict[Name, Channel]
    twin: Twin | None = None
    reagents: dict[Name, Reagent] = {}
    loops: dict[Name, Loop] = {}
    interlocks: dict[Name, Interlock] = {}
    spectrometer: Spectrometer | None = None
    security: Security = Security()
