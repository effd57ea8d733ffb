"""A driver and its twin without a line between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.registry import find_instrument_driver
from firmware_bridge.simulator.instruments.interfaces import TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin

if TYPE_CHECKING:
    from collections.abc import Mapping

USED = ("temperature", "setpoint", "output_power", "alarm")


class Pair:
    """What a driver asks goes straight to its twin; `asked` is what it was."""

    def __init__(
        self,
        name: str,
        *,
        options: Mapping[str, str] | None = None,
        used: tuple[str, ...] = USED,
        safe: Mapping[str, float] | None = None,
        serial_number: str = "",
    ) -> None:
        safe = {"setpoint": 20.0} if safe is None else safe
        settings = InstrumentSettings("1", options or {}, used, safe)
        self.driver: Any = find_instrument_driver(name).make(settings)
        self.twin: Any = make_twin(name, TwinSettings("1", options or {}, serial_number))
        self.asked: list[bytes] = []

    def run(self, script: Any) -> Any:
        try:
            ask = next(script)
            while True:
                self.asked.append(ask.data)
                answer = self.twin.feed(ask.data)
                assert ask.ends(answer) == len(answer)
                ask = script.send(answer)
        except StopIteration as ended:
            return ended.value

    def start(self) -> Pair:
        self.run(self.driver.identify())
        self.run(self.driver.configure())
        return self

    def write(self, **wanted: float) -> None:
        self.run(self.driver.write(wanted))

    def read(self) -> dict[str, float]:
        values = self.run(self.driver.read())
        assert isinstance(values, dict)
        return values

    def advance(self, seconds: float, step_s: float = 0.1) -> None:
        for _ in range(round(seconds / step_s)):
            self.twin.advance(step_s)

    def another(self, **changes: Any) -> Any:
        """Make the driver again, with other settings."""
        settings = replace(InstrumentSettings("1"), **changes)
        return type(self.driver)(settings)
