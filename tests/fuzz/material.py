"""What decoders are fed with: valid material with damage, and noise. Equal seeds give equal bytes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_NOISE: Final = 4096
"""Bytes: as many as one read of a line may bring."""
_LONGEST_RUN: Final = 3000
_MOST_JOINED: Final = 8
_ODD: Final = (
    *(
        b"\0",
        b"\xff",
        b"\r",
        b"\n",
        b"\x03",
        b"-",
        b"_1",
        b" ",
        b".",
        b",",
        b"\xb2",
        b"\xd9\xa3",
        b"\xe2\x82",
    ),
    *(b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0x", b"9" * 25, b"null", b"true", b'""', b"[]", b"{}"),
)
"""What text of a line or a file can hold where a number or a word belongs."""
_DEEP: Final = (b"[", b"{", b'{"a":', b"9", b"a.", b"[[", b"a = {")
"""What is repeated without an end by what tries a parser's stack, or the digits of an integer."""


class Chance:
    """Draws material from samples; `last` is the newest piece, for whoever reports what broke a decoder."""

    def __init__(self, seed: int, samples: Sequence[bytes]) -> None:
        if not samples:
            raise ValueError("no samples to damage")
        self._random = random.Random(seed)
        self.samples = tuple(samples)
        self._alphabet = bytes(sorted(set(b"".join(self.samples))))
        self.last = b""

    def below(self, end: int) -> int:
        """Draw a whole number from 0 to `end` - 1."""
        return int(self._random.random() * end)

    def happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def pick(self, choices: Sequence[bytes]) -> bytes:
        return choices[self.below(len(choices))]

    def stream(self) -> bytes:
        """Draw what a line may bring: messages whole and damaged one after another, or noise."""
        if self.happens(0.15):
            return self._keep(self.noise())
        count = 1 + self.below(_MOST_JOINED)
        return self._keep(b"".join(self._maybe_damaged(self.pick(self.samples)) for _ in range(count)))

    def piece(self, base: bytes | None = None) -> bytes:
        """Draw one message or document, damaged: `base`, or any sample; sometimes noise in its place."""
        if self.happens(0.05):
            return self._keep(self.noise())
        return self._keep(self.damaged(self.pick(self.samples) if base is None else base))

    def noise(self) -> bytes:
        """Draw any bytes, or bytes that the samples are made of, or one byte again and again."""
        size = 1 + self.below(LONGEST_NOISE)
        kind = self.below(3)
        if kind == 0:
            return self._random.randbytes(size)
        if kind == 1:
            return bytes(self._random.choices(self._alphabet, k=size))
        return self.pick(self.samples)[:1] * size

    def damaged(self, data: bytes) -> bytes:
        """Damage bytes in one to three places."""
        for _ in range(1 + self.below(3)):
            data = _DAMAGES[self.below(len(_DAMAGES))](self, data, self.below(len(data) + 1))
        return data

    def any_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def _maybe_damaged(self, data: bytes) -> bytes:
        return self.damaged(data) if self.happens(0.5) else data

    def _keep(self, piece: bytes) -> bytes:
        self.last = piece
        return piece


def _turn_a_bit(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + bytes(byte ^ 1 << chance.below(8) for byte in data[at : at + 1]) + data[at + 1 :]


def _overwrite(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + bytes((chance.below(256),)) + data[at + 1 :]


def _cut_out(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 1 + chance.below(8) :]


def _cut_off(_chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at]


def _put_in_noise(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + chance.any_bytes(1 + chance.below(8)) + data[at:]


def _put_in_odd(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + chance.pick(_ODD) + data[at:]


def _replace_by_odd(chance: Chance, data: bytes, at: int) -> bytes:
    return data[:at] + chance.pick(_ODD) + data[at + 1 + chance.below(4) :]


def _repeat(chance: Chance, data: bytes, at: int) -> bytes:
    """Say a part again; one time in fifty very often."""
    if chance.happens(0.02):
        return data[:at] + chance.pick(_DEEP) * (1 + chance.below(_LONGEST_RUN)) + data[at:]
    return data[:at] + data[at : at + 1 + chance.below(16)] * (2 + chance.below(3)) + data[at:]


def _cross(chance: Chance, data: bytes, at: int) -> bytes:
    other = chance.pick(chance.samples)
    return data[:at] + other[chance.below(len(other) + 1) :]


_DAMAGES: Final[tuple[Callable[[Chance, bytes, int], bytes], ...]] = (
    _turn_a_bit,
    _overwrite,
    _cut_out,
    _cut_off,
    _put_in_noise,
    _put_in_odd,
    _replace_by_odd,
    _repeat,
    _cross,
)
