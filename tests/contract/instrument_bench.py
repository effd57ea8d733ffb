"""Instruments and their twins on one in-process line, on injected time, for the contract suite.

`CASES` is the table of what is held to the contract: one entry an instrument.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_bridge.devices.instrument_session import InstrumentSession
from firmware_bridge.devices.instruments.base import InstrumentSettings
from firmware_bridge.devices.interfaces import BoardState
from firmware_bridge.devices.line import Line
from firmware_bridge.devices.registry import find_instrument_driver
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.link.loopback import loopback_pair
from firmware_bridge.simulator.endpoint import LoopbackEndpoint
from firmware_bridge.simulator.instruments.bench import SharedPort
from firmware_bridge.simulator.instruments.interfaces import InstrumentTwin, Surroundings, TwinSettings
from firmware_bridge.simulator.instruments.registry import make_twin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_bridge.devices.instruments.base import Instrument, Script
    from firmware_bridge.link.interfaces import Link

STEP_S = 0.02
AT_REST = Surroundings(temperature_c=25.0, pressure_kpa=0.0, flow_ul_s=0.0)


@dataclass(frozen=True)
class Case:
    """One instrument as the suite uses it.

    `work` are values of its actuators at which it visibly does something, `safe` those it must fall back to.
    `other` is a second address on the same line; empty: it is alone there. `settle_s` is how long a reading
    takes to follow what was written, within `tolerance` of a signal's range. `checked`: its protocol finds
    damaged bytes, so that no wrong command may ever be carried out.
    """

    driver: str
    address: str = ""
    other: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    work: Mapping[str, float] = field(default_factory=dict)
    safe: Mapping[str, float] = field(default_factory=dict)
    surroundings: Surroundings = AT_REST
    settle_s: float = 1.0
    tolerance: float = 1e-3
    checked: bool = False

    def __str__(self) -> str:
        return self.driver

    def settings(self, address: str | None = None, serial_number: str = "") -> InstrumentSettings:
        return InstrumentSettings(
            self.address if address is None else address, self.options, self.used, self.safe, serial_number
        )

    def make_driver(self, address: str | None = None) -> Instrument:
        return find_instrument_driver(self.driver).make(self.settings(address))

    def make_twin(self, address: str | None = None) -> InstrumentTwin:
        address = self.address if address is None else address
        return make_twin(self.driver, TwinSettings(address, self.options, "SN-1"))


CASES = (
    Case(
        "new-era",
        address="03",
        other="04",
        options={"syringe": "BD Plastic 10 mL"},
        used=("flow", "infused", "withdrawn"),
        work={"flow": 500.0},
        safe={"flow": 0.0},
        checked=True,
    ),
    Case(
        "cavro",
        address="1",
        other="2",
        options={"syringe": "1 mL", "refill": "6 s"},
        used=("flow", "dispensed"),
        work={"flow": 200.0},
        safe={"flow": 0.0},
        settle_s=15.0,
        checked=True,
    ),
    Case(
        "cavro",
        address="1",
        other="15",
        options={"syringe": "1 mL", "refill": "6 s", "protocol": "DT", "increments": "24000"},
        used=("flow", "dispensed"),
        work={"flow": 200.0},
        safe={"flow": 0.0},
        settle_s=15.0,
    ),
    Case(
        "chemyx",
        address="1",
        other="2",
        options={"syringe": "BD Plastic 10 mL"},
        used=("flow", "volume", "infused", "withdrawn"),
        work={"flow": 500.0},
        safe={"flow": 0.0},
    ),
    Case(
        "harvard",
        address="01",
        other="02",
        options={"syringe": "BD Plastic 10 mL"},
        used=("flow", "volume", "infused", "withdrawn"),
        work={"flow": 500.0},
        safe={"flow": 0.0},
    ),
    Case(
        "syringe-pair",
        address="01+02",
        other="03+04",
        options={"syringe": "BD Plastic 10 mL", "pump": "harvard"},
        used=("flow", "volume"),
        work={"flow": 500.0},
        safe={"flow": 0.0},
    ),
    Case(
        "eurotherm-3200",
        address="1",
        other="2",
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
        checked=True,
    ),
    Case(
        "omega-cn7500",
        address="1",
        other="2",
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
    ),
    Case(
        "omega-cn7500",
        address="1",
        other="2",
        options={"frame": "rtu"},
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
        checked=True,
    ),
    Case(
        "watlow-ez-zone-pm",
        address="1",
        other="2",
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
        checked=True,
    ),
    Case(
        "modbus-map",
        address="7",
        other="8",
        options={
            "registers": """
            temperature: input 0x10 int16 unit=degC range=-50..400 decimals=0x30 broken=0x8000..0x8007
            setpoint: holding 0x20 float32 order=low-first unit=degC range=0..300 writable
            output_power: input 0x12 uint16 scale=0.1 unit=percent range=0..100
            alarm: discrete 3
            """,
            "expect": "holding 0x7A = 0x3216",
            "prepare": "coil 0x0810 = 1",
        },
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
        checked=True,
    ),
    Case(
        "vici",
        address="3",
        other="4",
        options={"positions": "10"},
        used=("position",),
        work={"position": 6.0},
        safe={"position": 1.0},
    ),
    Case(
        "vici",
        options={"positions": "two"},
        used=("position",),
        work={"position": 2.0},
        safe={"position": 1.0},
    ),
    Case(
        "sensirion-flow",
        address="0",
        other="1",
        options={"sensor": "SLF3S-0600F"},
        used=("flow", "temperature", "air"),
        checked=True,
    ),
    Case(
        "sensirion-flow",
        address="0",
        other="1",
        options={"sensor": "SLI-1000"},
        used=("flow",),
        checked=True,
    ),
    Case(
        "julabo",
        address="32",
        other="33",
        used=("temperature", "setpoint", "output_power", "alarm"),
        work={"setpoint": 60.0},
        safe={"setpoint": 20.0},
        settle_s=3.0,
    ),
    Case(
        "huber",
        used=("temperature", "setpoint", "running", "power", "alarm"),
        work={"setpoint": 60.0, "running": 1.0},
        safe={"setpoint": 20.0, "running": 0.0},
    ),
    Case(
        "ika",
        used=("temperature", "setpoint", "stirring", "speed"),
        work={"setpoint": 60.0, "stirring": 400.0},
        safe={"setpoint": 0.0, "stirring": 0.0},
        settle_s=2.0,
    ),
)


class _World:
    """What happens to bytes between host and instruments; each of these may be set at any time."""

    def __init__(self, port: SharedPort) -> None:
        self.port = port
        self.time_s = 0.0
        self.mute: Callable[[bytes], bool] = lambda _request: False
        self.damage: Callable[[bytes], bytes] = bytes
        self.delay_s = 0.0
        self.heard: list[bytes] = []
        self._late: list[tuple[float, bytes]] = []

    def feed(self, chunk: bytes) -> bytes:
        if chunk:
            self.heard.append(chunk)
        answer = b"" if chunk and self.mute(chunk) else self.damage(self.port.feed(self.damage(chunk)))
        if answer:
            self._late.append((self.time_s + self.delay_s, answer))
        due = [data for due_s, data in self._late if due_s <= self.time_s]
        self._late = [each for each in self._late if each[0] > self.time_s]
        return b"".join(due)


class InstrumentBench:
    """A line with one instrument, or two: sessions, twins, and the world between them."""

    def __init__(
        self, case: Case, *, addresses: tuple[str, ...] | None = None, serial_number: str = ""
    ) -> None:
        self.case = case
        self.time_s = 0.0
        self.plugged = True
        addresses = (case.address,) if addresses is None else addresses
        self.twins = [case.make_twin(address) for address in addresses]
        self.sessions = [
            InstrumentSession(
                f"{case.driver} {address}",
                case.make_driver(address),
                case.settings(address, serial_number),
                shared=len(addresses) > 1,
            )
            for address in addresses
        ]
        self.world = _World(SharedPort(self.twins))
        self.line = Line("line", self._open, self.sessions)
        self._far: Link | None = None
        self._endpoint: LoopbackEndpoint | None = None

    @property
    def session(self) -> InstrumentSession:
        return self.sessions[0]

    @property
    def twin(self) -> InstrumentTwin:
        return self.twins[0]

    @property
    def ready(self) -> bool:
        return all(each.state is BoardState.READY and each.read_s > 0.0 for each in self.sessions)

    def step(self) -> None:
        self.time_s += STEP_S
        self.world.time_s = self.time_s
        if self._endpoint is not None:
            self._endpoint.pump()
        for twin in self.twins:
            twin.advance(STEP_S)
            twin.sense(self.case.surroundings)
        self.line.poll(self.time_s)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.step()

    def until(self, condition: Callable[[], bool], within_s: float) -> float:
        """Step until the condition holds; return how long that took."""
        begin_s = self.time_s
        while not condition():
            assert self.time_s - begin_s <= within_s, f"not so within {within_s} s: {self.said()}"
            self.step()
        return self.time_s - begin_s

    def at_work(self) -> None:
        """Bring the first instrument to do what the case has it do."""
        self.until(lambda: self.ready, 10.0)
        self.session.write(self.case.work)
        self.until(lambda: self.reads(self.case.work), self.case.settle_s + 3.0)

    def reads(self, wanted: Mapping[str, float], place: int = 0) -> bool:
        """Whether an instrument says that its actuators are so."""
        signals = self.case.make_driver().signals
        found = self.sessions[place].values
        return all(
            abs(found[name] - value) <= self.case.tolerance * (signals[name].high - signals[name].low)
            for name, value in wanted.items()
        )

    def said(self) -> str:
        return "; ".join(f"{each.state.name} {each.problem} {each.values}" for each in self.sessions)

    def kill(self, place: int) -> None:
        """Cut one instrument off the line."""
        twin = self.twins.pop(place)
        self.world.port = SharedPort(self.twins)
        twin.power_cycle()

    def unplug(self) -> None:
        self.plugged = False
        assert self._far is not None
        self._far.close()
        self._endpoint = None

    def plug(self) -> None:
        self.plugged = True

    def _open(self) -> Link:
        if not self.plugged:
            raise LinkError("line: no such port: check the cable")
        near, self._far = loopback_pair("line")
        self._endpoint = LoopbackEndpoint(self._far, self.world)
        return near


def noise(seed: int, flips_per_byte: float) -> Callable[[bytes], bytes]:
    """Turn over a bit of some bytes."""
    chance = random.Random(seed)

    def damage(data: bytes) -> bytes:
        return bytes(
            byte ^ (1 << chance.randrange(8)) if chance.random() < flips_per_byte else byte for byte in data
        )

    return damage


def converse(script: Script[object], twin: InstrumentTwin, asks: int | None = None) -> object:
    """Run a script against a twin without a line; after `asks` requests, leave it where it stands."""
    try:
        ask = next(script)
        while asks is None or asks > 0:
            asks = None if asks is None else asks - 1
            answer = twin.feed(ask.data)
            if ask.ends is None:
                answer = b""
            else:
                assert answer, f"the twin does not answer {ask.data!r}"
                answer = answer[: ask.ends(answer)]
            ask = script.send(answer)
        script.close()
    except StopIteration as ended:
        result: object = ended.value
        return result
    return None
