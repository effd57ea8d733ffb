"""A spectrometer on a serial line or TCP that is asked in text, in words that the rig file declares."""

from __future__ import annotations

import time
from array import array
from math import inf
from typing import TYPE_CHECKING, ClassVar, Final

from firmware_bridge.devices.background import BackgroundSpectrometer
from firmware_bridge.devices.interfaces import DeviceError, NoAnswerError, SpectrometerIdentity
from firmware_bridge.devices.spectrometer import MAX_PIXELS
from firmware_bridge.devices.text_commands import OPTIONS, read_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from firmware_bridge.devices.instruments.base import InstrumentSettings
    from firmware_bridge.link.interfaces import Link

_LONGEST_ANSWER: Final = 32 * MAX_PIXELS
"""Bytes: numbers of more than 31 characters each are no spectrum but a babbling line."""
_POLL_S: Final = 0.001
_QUIET_READS: Final = 64
"""How often what a device still says is thrown away before it is asked: 64 times 4096 bytes."""
_LONGEST_NAME: Final = 64


class TextSpectrometer(BackgroundSpectrometer):
    """One spectrometer. `pause` lets the wire's time pass, in s."""

    OPTIONS: ClassVar[Mapping[str, str]] = OPTIONS

    def __init__(
        self,
        open_link: Callable[[], Link],
        settings: InstrumentSettings,
        *,
        worker: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(worker=worker, clock=clock)
        self._protocol = read_protocol(settings.options)
        self._serial_number = settings.serial_number
        self._open_link = open_link
        self._pause = pause
        self._link: Link | None = None

    def _connect(self) -> SpectrometerIdentity:
        self._link = self._open_link()
        model, serial_number = self._ask_who()
        if self._serial_number not in ("", serial_number):
            raise DeviceError(
                f"this is {serial_number!r}, the rig names {self._serial_number!r}: check the cables"
            )
        protocol = self._protocol
        wavelengths_nm: Sequence[float] = protocol.wavelengths_nm
        if protocol.wavelengths_ask:
            asked_s = self._clock()
            answer = self._ask(protocol.request(protocol.wavelengths_ask))
            self._wire_s = self._clock() - asked_s  # as many numbers as a spectrum has
            wavelengths_nm = protocol.numbers("wavelengths_ask", answer, protocol.wavelengths_answer)
        return SpectrometerIdentity(
            model=model,
            serial_number=serial_number,
            wavelengths_nm=array("d", wavelengths_nm),
            max_counts=protocol.max_counts,
            min_integration_s=protocol.shortest_s,
            max_integration_s=protocol.longest_s,
        )

    def _expose_for(self, integration_s: float) -> None:
        protocol = self._protocol
        request = protocol.integration_request(integration_s)
        if protocol.integration_answer is None:
            self._send(self._held(), request)
            return
        answer = self._ask(request)
        if protocol.integration_answer.fullmatch(answer) is None:
            raise DeviceError(f"{request.decode('ascii').strip()}: it says {answer[:40]!r}")

    def _scan(self, integration_s: float) -> Sequence[float]:
        protocol = self._protocol
        answer = self._ask(protocol.request(protocol.read_ask), integration_s)
        counts = protocol.numbers("read_ask", answer, protocol.read_answer)
        return [inf if value >= protocol.max_counts else value for value in counts]

    def _release(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _ask_who(self) -> tuple[str, str]:
        """Return model and serial number, empty where it can't tell."""
        protocol = self._protocol
        if not protocol.identify_ask:
            return "text spectrometer", ""
        answer = self._ask(protocol.request(protocol.identify_ask))
        found = protocol.identify_answer.fullmatch(answer)
        if found is None:
            raise DeviceError(f"identify_ask: {answer[:40]!r} is not what is declared as its answer")
        groups = found.groupdict(default="")
        model, serial_number = groups["model"].strip(), groups.get("serial", "").strip()
        return model[:_LONGEST_NAME], serial_number[:_LONGEST_NAME]

    def _ask(self, request: bytes, light_s: float = 0.0) -> str:
        """Ask, and wait for the whole answer: `light_s`, and the wire's patience."""
        link = self._held()
        self._hush(link)
        self._send(link, request)
        until_s = self._clock() + light_s + self._protocol.patience_s
        received, end = bytearray(), self._protocol.answer_end
        while True:
            received += link.read()
            # What precedes the answer may be the rest of the line before.
            text = bytes(received).lstrip()
            # With an end of white space alone, an answer must hold more than that.
            length = text.find(end)
            if length > 0:
                break
            if len(received) > _LONGEST_ANSWER:
                raise DeviceError(f"more than {_LONGEST_ANSWER} bytes without an end: check answer_end")
            if self._clock() >= until_s:
                asked = request.decode("ascii").strip()
                raise NoAnswerError(f"no answer to {asked!r}: check its power, its cable and answer_end")
            self._pause(_POLL_S)
        try:
            return text[:length].decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise DeviceError("an answer that is no text: check the baud rate") from error

    def _send(self, link: Link, request: bytes) -> None:
        until_s = self._clock() + self._protocol.patience_s
        while not link.write(request):
            if self._clock() >= until_s:
                raise NoAnswerError(f"{link.name} takes nothing: check its handshake")
            self._pause(_POLL_S)

    def _hush(self, link: Link) -> None:
        """Throw away what it still says; DeviceError when that does not end."""
        for _ in range(_QUIET_READS):
            if not link.read():
                return
        raise DeviceError(f"{link.name} is never quiet: check the baud rate")

    def _held(self) -> Link:
        assert self._link is not None, "identified before it is exposed"
        return self._link
