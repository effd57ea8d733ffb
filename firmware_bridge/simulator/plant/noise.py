"""Seeded randomness: one independent stream for each source, so that a new source changes no other."""

from __future__ import annotations

from binascii import crc32
from typing import Final

import numpy as np

_BLOCK: Final = 2048


def generator(seed: int, source: str) -> np.random.Generator:
    """Start the stream of one named source."""
    return np.random.default_rng([seed, crc32(source.encode())])


class NormalStream:
    """Standard normal numbers one at a time, drawn in blocks: a single draw costs a list access."""

    def __init__(self, seed: int, source: str) -> None:
        self._generator = generator(seed, source)
        self._block: list[float] = []

    def draw(self) -> float:
        if not self._block:
            self._block = self._generator.standard_normal(_BLOCK).tolist()
        return self._block.pop()
