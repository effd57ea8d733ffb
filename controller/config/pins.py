"""`[pins]` and `[watchdog]` of a rig file: which pin does what, checked before any of them is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from controller.config.documents import Table, unknown
from controller.config.schema import Name, Text, measured
from controller.domain.pins import DRIVERS, LAST_PIN, InputPin, NamedInput, OutputPin, PinsPlan, WatchdogPlan
from controller.domain.plan import ChannelPlan

if TYPE_CHECKING:
    from collections.abc import Collection

    from controller.config.documents import Document
    from controller.config.lines import Path

PINS_DEVICE: Final = "pins"
"""The device of the channels that are pins: no board may have this name."""
_FIXED_PULL_UP: Final = (2, 3)
"""Wired to 3.3 V by 1.8 kohm on every Raspberry Pi, for its I2C bus."""
_LAST_PULLED_UP: Final = 8
"""From power-up until a program sets them up, GPIO 0 to 8 are pulled up and the others down."""
_LONGEST_NAME: Final = 64
_TICKS_A_TIMEOUT: Final = 8

Number = Annotated[int, Field(ge=0, le=LAST_PIN)]
Debounce = Annotated[float, measured("s", 0.0, 1.0)]
Level = Literal["high", "low"]


class InputTable(Table):
    pin: Number
    active: Level
    pull: Literal["up", "down", "none"]
    debounce: Debounce = 0.02


class StopTable(Table):
    """A button that is normally closed to ground: released low, pressed or broken high."""

    pin: Number
    active: Level = "high"
    pull: Literal["up", "down", "none"] = "up"
    debounce: Debounce = 0.01


class OutputTable(Table):
    pin: Number
    active: Level = "high"


class PinsTable(Table):
    """The tables within are read one by one, so that each names its own faults."""

    driver: Name
    stop: Any = None
    heater_relay: Any = None
    watchdog: Any = None
    red: Any = None
    amber: Any = None
    green: Any = None
    buzzer: Any = None
    inputs: dict[str, Any] = Field(default_factory=dict)


class WatchdogTable(Table):
    device: Text = "/dev/watchdog"
    timeout: Annotated[float, measured("s", 1.0, 3600.0)] = 10.0


def pins_plan(document: Document, declared: Collection[str]) -> PinsPlan | None:
    """Read `[pins]`; None without it, or when faults, which are kept, leave nothing to go on with.

    `declared` are the names of the other channels.
    """
    if "pins" not in document.raw:
        return None
    table = document.read(("pins",), document.raw["pins"], PinsTable)
    if table is None:
        return None
    if table.driver not in DRIVERS:
        document.fault(("pins", "driver"), unknown("driver", table.driver, DRIVERS))
    plan = PinsPlan(
        driver=table.driver,
        stop=_stop(document, table.stop),
        heater_relay=_relay(document, table.heater_relay),
        watchdog=_output(document, "watchdog", table.watchdog),
        red=_output(document, "red", table.red),
        amber=_output(document, "amber", table.amber),
        green=_output(document, "green", table.green),
        buzzer=_output(document, "buzzer", table.buzzer),
        inputs=_inputs(document, table.inputs, declared),
    )
    _check_use(document, plan, table)
    return plan


def pin_channels(plan: PinsPlan) -> tuple[ChannelPlan, ...]:
    """Make a sensor channel, 0 or 1, of each further input, in the order of the plan's inputs."""
    return tuple(
        ChannelPlan(each.name, PINS_DEVICE, f"input.{each.input.pin}", "1", low=0.0, high=1.0)
        for each in plan.inputs
    )


def watchdog_plan(document: Document, rate_hz: float) -> WatchdogPlan | None:
    """Read `[watchdog]`; None without it or with faults, which are kept. `rate_hz` is that of the ticks."""
    if "watchdog" not in document.raw:
        return None
    table = document.read(("watchdog",), document.raw["watchdog"], WatchdogTable)
    if table is None:
        return None
    place: Path = ("watchdog", "timeout")
    if not table.timeout.is_integer():
        document.fault(place, f"{table.timeout:g} s: a watchdog counts whole seconds")
    if not table.device.startswith("/"):
        document.fault(("watchdog", "device"), f"{table.device!r} is not a full path, like /dev/watchdog")
    if table.timeout * rate_hz < _TICKS_A_TIMEOUT:
        least_s = _TICKS_A_TIMEOUT / rate_hz
        document.fault(
            place, f"{table.timeout:g} s is too short at {rate_hz:g} Hz: take {least_s:g} s or more"
        )
    return WatchdogPlan(table.device, round(table.timeout))


def _stop(document: Document, raw: object) -> InputPin | None:
    """Read the stop button; a broken wire must read as pressed."""
    path: Path = ("pins", "stop")
    table = None if raw is None else document.read(path, raw, StopTable)
    if table is None:
        return None
    if table.pull == "none" or (table.pull == "up") is not (table.active == "high"):
        document.fault(
            path,
            "a broken wire would read as released: wire the button normally closed, with "
            'pull = "up" and active = "high" (to ground), or "down" and "low" (to 3.3 V)',
        )
    _check_pull(document, path, table.pin, table.pull)
    return InputPin(table.pin, table.active == "high", table.pull, table.debounce)


def _inputs(document: Document, raw: dict[str, object], declared: Collection[str]) -> tuple[NamedInput, ...]:
    inputs = []
    for name, item in raw.items():
        path: Path = ("pins", "inputs", name)
        if name in declared:
            document.fault(path, f"there already is a channel {name}")
        if not 1 <= len(name) <= _LONGEST_NAME:
            document.fault(path, f"a name has 1 to {_LONGEST_NAME} characters")
        table = document.read(path, item, InputTable)
        if table is None:
            continue
        _check_pull(document, path, table.pin, table.pull)
        pin = InputPin(table.pin, table.active == "high", table.pull, table.debounce)
        inputs.append(NamedInput(name, pin))
    return tuple(inputs)


def _output(document: Document, key: str, raw: object) -> OutputPin | None:
    table = None if raw is None else document.read(("pins", key), raw, OutputTable)
    return None if table is None else OutputPin(table.pin, table.active == "high")


def _relay(document: Document, raw: object) -> OutputPin | None:
    """Read the heater relay; it must stay open while the computer boots."""
    relay = _output(document, "heater_relay", raw)
    if relay is not None and relay.active_high is (relay.pin <= _LAST_PULLED_UP):
        high = relay.active_high
        level, pins, active = ("high", "9 to 27", "low") if high else ("low", "0 to 8", "high")
        remedy = f'take one of {pins}, or active = "{active}"'
        document.fault(
            ("pins", "heater_relay", "pin"),
            f"GPIO {relay.pin} is pulled {level} from power-up on: {remedy}",
        )
    return relay


def _check_pull(document: Document, path: Path, pin: int, pull: str) -> None:
    if pin in _FIXED_PULL_UP and pull != "up":
        document.fault((*path, "pull"), f'GPIO {pin} has a fixed pull-up: take "up", or another pin')


def _check_use(document: Document, plan: PinsPlan, table: PinsTable) -> None:
    """Allow each pin one use, and demand that there is one."""
    single = ("stop", "heater_relay", "watchdog", "red", "amber", "green", "buzzer")
    used: list[tuple[Path, InputPin | OutputPin]] = [
        (("pins", key), pin) for key in single if (pin := getattr(plan, key)) is not None
    ]
    used += [(("pins", "inputs", each.name), each.input) for each in plan.inputs]
    taken: dict[int, str] = {}
    for path, pin in used:
        name = ".".join(str(key) for key in path)
        first = taken.setdefault(pin.pin, name)
        if first != name:
            document.fault((*path, "pin"), f"GPIO {pin.pin} already is {first}")
    if not table.inputs and all(getattr(table, key) is None for key in single):
        document.fault(("pins",), f"uses no pin: add one of {', '.join(single)} or inputs, or remove it")
