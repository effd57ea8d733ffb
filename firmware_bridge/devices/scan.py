"""Finds out what hangs on a serial port: asks in protocol after protocol who is there, and changes nothing.

For a person at a bench, not for control: calls wait for answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from firmware_bridge.devices.instruments.base import Identity, InstrumentSettings
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError
from firmware_bridge.devices.registry import (
    DRIVERS,
    BoardDriver,
    SpectrometerDriver,
    find_instrument_driver,
    find_spectrometer_driver,
)
from firmware_bridge.errors import BridgeError
from firmware_bridge.link.interfaces import LinkError
from firmware_bridge.wire import messages as m
from firmware_bridge.wire.framing import DELIMITER, FrameStream
from firmware_bridge.wire.layout import MessageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from firmware_bridge.devices.instruments.base import Ask, Script
    from firmware_bridge.link.interfaces import Link

T = TypeVar("T")

POLL_S: Final = 0.005
BOARD_WAKES_S: Final = 2.5
"""An Arduino boots when its port is opened, and its loader waits for two seconds."""
_HELLO_EVERY_S: Final = 0.25
_LONGEST_ANSWER: Final = 2048


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port, as the operating system tells of it. `stable` is a path that stays the same."""

    path: str
    stable: str = ""
    description: str = ""
    usb_serial_number: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to ask: a driver, the line as its maker delivers it, and an address."""

    driver: str
    baud: int
    framing: str = "8N1"
    address: str = ""
    # What the driver can't be made without; it changes nothing in who it asks for.
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered as its driver expects."""

    probe: Probe
    identity: Identity


_SYRINGE: Final = {"syringe": "BD Plastic 10 mL"}
# The surest first: an answer to one of the early ones ends the search on a port.
PROBES: Final = (
    Probe("ostwald-board", 115_200),
    Probe("ostwald-spectrometer", 115_200),
    *(Probe("new-era", 19_200, address=f"{address:02}", options=_SYRINGE) for address in range(4)),
    Probe("eurotherm-3200", 9600, address="1"),
    Probe("watlow-ez-zone-pm", 9600, address="1"),
    Probe("omega-cn7500", 9600, "7E1", address="1"),
)


class Asker:
    """Asks on open lines and waits. `clock` and `pause` are those of the world."""

    def __init__(self, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
        self._clock = clock
        self._pause = pause

    def identify(self, link: Link, probe: Probe) -> Identity | None:
        """Ask who is there; None: nobody who speaks this protocol. LinkError: the line is gone."""
        driver = DRIVERS[probe.driver]
        if isinstance(driver, BoardDriver):
            return self._hello(link)
        try:
            if isinstance(driver, SpectrometerDriver):
                return _identify_spectrometer(link, probe)
            settings = InstrumentSettings(probe.address, probe.options)
            return self.run(find_instrument_driver(probe.driver).make(settings).identify(), link)
        except LinkError:
            raise
        except DeviceError:
            return None

    def run(self, script: Script[T], link: Link) -> T:
        """Run a script to its end; its errors, and LinkError."""
        try:
            ask = next(script)
            while True:
                tries = (self._exchange(link, ask) for _ in range(1 + ask.repeats))
                answer = next((each for each in tries if each is not None), None)
                ask = script.throw(NoAnswerError("no answer")) if answer is None else script.send(answer)
        except StopIteration as ended:
            result: T = ended.value
            return result

    def _exchange(self, link: Link, ask: Ask) -> bytes | None:
        self._pause(max(ask.quiet_s, POLL_S))
        link.read()
        if not link.write(ask.data):
            return None
        if ask.ends is None:
            return b""
        received, until_s = b"", self._clock() + ask.timeout_s
        while self._clock() < until_s and len(received) <= _LONGEST_ANSWER:
            self._pause(POLL_S)
            received += link.read()
            try:
                length = ask.ends(received) if received else 0
            except ValueError:
                return None
            if length > 0:
                return received[:length]
        return None

    def _hello(self, link: Link) -> Identity | None:
        """Greet a board until it has had the time to boot; what it is configured for stays."""
        frames, until_s = FrameStream(), self._clock() + BOARD_WAKES_S
        next_s = self._clock()
        while self._clock() < until_s:
            if self._clock() >= next_s:
                next_s = self._clock() + _HELLO_EVERY_S
                link.write(DELIMITER + m.encode(0, m.Hello(m.PROTOCOL_VERSION)))
            self._pause(POLL_S)
            for frame in frames.feed(link.read()):
                try:
                    reply = m.decode(frame, m.BOARD_REPLIES)
                except MessageError:
                    continue
                if isinstance(reply, m.HelloReply):
                    return Identity("Ostwald board", reply.serial_number, reply.firmware)
        return None


def scan(
    port: Port, open_link: Callable[[str, Probe], Link], asker: Asker, probes: Iterable[Probe] = PROBES
) -> tuple[list[Found], str]:
    """Ask on one port; return who answered, and in one line why the port could not be used, or nothing.

    Once a device has answered, only its own protocol goes on, at other addresses.
    """
    found: list[Found] = []
    for probe in probes:
        if found and found[0].probe.driver != probe.driver:
            break
        try:
            link = open_link(port.path, probe)
        except LinkError as error:
            return found, str(error)
        try:
            identity = asker.identify(link, probe)
        except BridgeError as error:
            return found, str(error)
        finally:
            link.close()
        if identity is not None:
            found.append(Found(probe, identity))
    return found, ""


def _identify_spectrometer(link: Link, probe: Probe) -> Identity:
    found: Any = find_spectrometer_driver(probe.driver).make(lambda: link).identify()
    return Identity(found.model, found.serial_number)
