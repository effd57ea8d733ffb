"""The twin of a spectrometer that is asked in text, in simulated time; and the options that describe it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OPTIONS: Final[Mapping[str, str]] = {
    "identify_ask": "*IDN?",
    "identify_answer": "(?P<model>[^,]*),(?P<serial>[^,]*)",
    "wavelengths_ask": "WAVE?",
    "integration_ask": "INT {us}",
    "integration_answer": "OK",
    "read_ask": "READ?",
    "shortest": "1 ms",
    "longest": "10 s",
}
"""What a rig file says of it."""
_LONGEST: Final = 64
"""Characters of a request that are kept."""
_MOST_WAITING: Final = 16
"""Requests kept while it exposes; what comes on top is not heard."""
_INT: Final = re.compile(r"INT (\d{1,9})")
_LOW_US, _HIGH_US = 1000, 10_000_000
_MOST: Final = 65535


class TextSpectrometerTwin:
    """One spectrometer; `expose` gives the light of one scan of so many seconds, in counts, a value a pixel.

    `mute` and `garble` are what may happen to it.
    """

    def __init__(self, wavelengths_nm: Sequence[float], expose: Callable[[float], Sequence[float]]) -> None:
        self._wavelengths_nm = tuple(wavelengths_nm)
        self._expose = expose
        self._integration_us = 100_000
        self._received = b""
        self._waiting: list[str] = []
        self._left_s = 0.0
        self._exposing = False
        self.mute = False
        self.garble: Callable[[bytes], bytes] = bytes
        self.scans = 0
        """How many exposures it has made."""

    def feed(self, chunk: bytes) -> bytes:
        self._received += chunk
        while b"\n" in self._received:
            line, self._received = self._received.split(b"\n", 1)
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(line[-_LONGEST:].decode("latin-1").strip())
        self._received = self._received[-_LONGEST:]
        return self._answers()

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` of light come in."""
        self._left_s = max(self._left_s - dt_s, 0.0)

    def _answers(self) -> bytes:
        """Answer in turn; nothing is heard while an exposure lasts."""
        sent = b""
        while self._waiting and self._left_s <= 1e-12:
            request = self._waiting[0]
            if request == "READ?" and not self._exposing:
                self._exposing = True
                self._left_s = self._integration_us / 1e6
                continue
            self._waiting.pop(0)
            sent += f"{self._answer(request)}\r\n".encode()
        return b"" if self.mute else self.garble(sent)

    def _answer(self, request: str) -> str:
        match request:
            case "*IDN?":
                return "OST-TEXT,T-0042"
            case "WAVE?":
                return ",".join(f"{value:.3f}" for value in self._wavelengths_nm)
            case "READ?":
                self._exposing = False
                self.scans += 1
                light = self._expose(self._integration_us / 1e6)
                return " ".join(str(min(max(round(value), 0), _MOST)) for value in light)
        found = _INT.fullmatch(request)
        if found is None:
            return "ERR 1 unknown"
        if not _LOW_US <= int(found[1]) <= _HIGH_US:
            return "ERR 2 range"
        self._integration_us = int(found[1])
        return "OK"
