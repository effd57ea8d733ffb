"""A spectrometer's text protocol, as the options of a rig file declare it: what to ask, what is answered.

Pure: options in, requests out, answers in, values out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final

from firmware_bridge.devices.instruments.options import read_quantity
from firmware_bridge.devices.interfaces import DeviceError
from firmware_bridge.devices.spectrometer import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS: Final[Mapping[str, str]] = {
    "send_end": r'what ends a request: "\r\n" (default); \r, \n and \t are understood',
    "answer_end": r'what ends an answer: "\n" (default), or a prompt such as "\n>"',
    "identify_ask": 'the request for what it is, "*IDN?"; left out: it is not asked',
    "identify_answer": 'a regular expression with the group "model", and "serial" where it tells it',
    "wavelengths_ask": 'the request for the wavelengths in nm, one for each pixel: "WAVE?"',
    "wavelengths_answer": 'a regular expression with the group "numbers"; left out: the whole answer',
    "wavelengths": 'in place of wavelengths_ask: c0 to c3 of the pixels\' polynomial, "340.1 0.38 -1e-5 0"',
    "pixels": 'how many there are, "2048"; needed with "wavelengths"',
    "integration_ask": 'how the integration time is set, with {s}, {ms} or {us} in it: "INT {us}"',
    "integration_answer": 'a regular expression for the answer, "OK"; left out: nothing is answered',
    "shortest": 'the shortest integration time: "1 ms"',
    "longest": 'the longest integration time: "10 s"',
    "read_ask": 'the request that exposes once and is answered by the counts: "READ?"',
    "read_answer": 'a regular expression with the group "numbers"; left out: the whole answer',
    "max_counts": 'what a saturated pixel reads: "65535"',
    "patience": 'how long an answer may take beside the light: "2 s"',
}
_NEEDED: Final = ("integration_ask", "read_ask")
_NUMBERS: Final = "(?P<numbers>.*)"
_LONGEST_PATTERN: Final = 200
_ESCAPES: Final = {"\\r": "\r", "\\n": "\n", "\\t": "\t"}
_TIME: Final = re.compile(r"\{(s|ms|us)\}")
_PER_S: Final = {"s": 1.0, "ms": 1e3, "us": 1e6}
_SEPARATORS: Final = re.compile(r"[,;\s]+")
_SHOWN: Final = 40
"""Characters of an answer that an error quotes."""


@dataclass(frozen=True, slots=True)
class TextProtocol:
    """One spectrometer's language. Empty requests are not made; None as an answer: none comes."""

    send_end: str
    answer_end: bytes
    identify_ask: str
    identify_answer: re.Pattern[str]
    wavelengths_ask: str
    wavelengths_answer: re.Pattern[str]
    wavelengths_nm: tuple[float, ...]
    """Where they are declared and not asked for."""
    integration_ask: str
    integration_answer: re.Pattern[str] | None
    read_ask: str
    read_answer: re.Pattern[str]
    shortest_s: float
    longest_s: float
    max_counts: int
    patience_s: float

    def request(self, text: str) -> bytes:
        return (text + self.send_end).encode("ascii")

    def integration_request(self, integration_s: float) -> bytes:
        """Write the time in the unit that the request names: whole microseconds, milliseconds to the us."""

        def number(found: re.Match[str]) -> str:
            value = round(integration_s * 1e6) / 1e6 * _PER_S[found[1]]
            return f"{value:.6f}".rstrip("0").rstrip(".")

        return self.request(_TIME.sub(number, self.integration_ask))

    def numbers(self, what: str, answer: str, form: re.Pattern[str]) -> list[float]:
        """Read numbers that stand between commas, semicolons, blanks or new lines."""
        found = form.fullmatch(answer)
        if found is None:
            raise DeviceError(f"{what}: {answer[:_SHOWN]!r} is not what is declared as its answer")
        words = [word for word in _SEPARATORS.split(found["numbers"]) if word]
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise DeviceError(f"{what}: {error}") from error
        if not all(map(isfinite, values)):
            raise DeviceError(f"{what}: numbers without a value")
        return values


def read_protocol(options: Mapping[str, str]) -> TextProtocol:
    """Read the options; DeviceError names the one that is missing or can't be."""
    for key in _NEEDED:
        if key not in options:
            raise DeviceError(f"{key} is missing: {OPTIONS[key]}")
    if not _TIME.search(options["integration_ask"]):
        raise DeviceError(
            f"integration_ask {options['integration_ask']!r}: write {{s}}, {{ms}} or {{us}} in it"
        )
    shortest_s, longest_s = (
        read_quantity(options, key, default, {"ms": 1e-3, "us": 1e-6, "s": 1.0}, 1e-6, 3600.0)
        for key, default in (("shortest", "1 ms"), ("longest", "10 s"))
    )
    if shortest_s >= longest_s:
        raise DeviceError("shortest must be below longest")
    end = _unescaped(options.get("answer_end", r"\n"))
    if not end:
        raise DeviceError(f"answer_end is empty: {OPTIONS['answer_end']}")
    has_integration_answer = "integration_answer" in options
    return TextProtocol(
        send_end=_unescaped(options.get("send_end", r"\r\n")),
        answer_end=end.encode("ascii"),
        identify_ask=_ascii(options, "identify_ask"),
        identify_answer=_pattern(options, "identify_answer", "(?P<model>.*)", ("model",)),
        wavelengths_ask=_ascii(options, "wavelengths_ask"),
        wavelengths_answer=_pattern(options, "wavelengths_answer", _NUMBERS, ("numbers",)),
        wavelengths_nm=_declared_wavelengths_nm(options),
        integration_ask=_ascii(options, "integration_ask"),
        integration_answer=_pattern(options, "integration_answer", "", ())
        if has_integration_answer
        else None,
        read_ask=_ascii(options, "read_ask"),
        read_answer=_pattern(options, "read_answer", _NUMBERS, ("numbers",)),
        shortest_s=shortest_s,
        longest_s=longest_s,
        max_counts=_whole(options, "max_counts", "65535", 1, 2**24),
        patience_s=read_quantity(options, "patience", "2 s", {"s": 1.0}, 0.05, 60.0),
    )


def _declared_wavelengths_nm(options: Mapping[str, str]) -> tuple[float, ...]:
    if ("wavelengths" in options) == ("wavelengths_ask" in options):
        raise DeviceError("write either wavelengths_ask, or wavelengths and pixels")
    if "wavelengths" not in options:
        return ()
    try:
        coefficients = [float(word) for word in options["wavelengths"].split()]
    except ValueError as error:
        raise DeviceError(f"wavelengths: {error}") from error
    if not 2 <= len(coefficients) <= 4:
        raise DeviceError(f"wavelengths {options['wavelengths']!r}: write two to four coefficients")
    pixels = _whole(options, "pixels", "", 2, MAX_PIXELS)
    return tuple(sum(c * pixel**power for power, c in enumerate(coefficients)) for pixel in range(pixels))


def _whole(options: Mapping[str, str], key: str, default: str, low: int, high: int) -> int:
    text = options.get(key, default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high):
        raise DeviceError(f"{key} {text!r}: a whole number from {low} to {high}")
    return int(text)


def _pattern(options: Mapping[str, str], key: str, default: str, groups: tuple[str, ...]) -> re.Pattern[str]:
    text = options.get(key, default)
    if len(text) > _LONGEST_PATTERN:
        raise DeviceError(f"{key}: at most {_LONGEST_PATTERN} characters")
    try:
        pattern = re.compile(text, re.DOTALL)
    except re.error as error:
        raise DeviceError(f"{key} {text!r} is no regular expression: {error}") from error
    for group in groups:
        if group not in pattern.groupindex:
            raise DeviceError(f"{key} {text!r}: name a group, (?P<{group}>...)")
    return pattern


def _ascii(options: Mapping[str, str], key: str) -> str:
    text = options.get(key, "")
    if not text.isascii():
        raise DeviceError(f"{key} {text!r}: plain ASCII only")
    return text


def _unescaped(text: str) -> str:
    for written, meant in _ESCAPES.items():
        text = text.replace(written, meant)
    if not text.isascii():
        raise DeviceError(f"{text!r}: plain ASCII only")
    return text
