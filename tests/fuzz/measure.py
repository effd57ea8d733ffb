"""Millions of bytes through one decoder: whether it lives, and what it keeps of them."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.material import Chance

if TYPE_CHECKING:
    from tests.fuzz.target import Decoder, Target

GROWTH_LIMIT_KB: Final = 2048
"""Of resident memory over the measured half: half of what is fed there, and above what an allocator moves."""
BLOCKS_LIMIT: Final = 5000
"""Of the interpreter's allocated blocks, over the same."""
_SHOWN: Final = 160
_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Where the C library can: GNU's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one decoder. `crash` is empty, or says what it raised and at which bytes."""

    name: str
    size_bytes: int
    pieces: int
    refused: int
    seconds: float
    growth_kb: int
    growth_blocks: int
    crash: str = ""

    @property
    def holds(self) -> bool:
        return not self.crash and self.growth_kb <= GROWTH_LIMIT_KB and self.growth_blocks <= BLOCKS_LIMIT

    def __str__(self) -> str:
        verdict = self.crash or ("" if self.holds else "IT GROWS")
        return (
            f"{self.name:<28} {self.size_bytes:>9} bytes in {self.pieces:>7} pieces, "
            f"{self.refused:>7} refused, {self.seconds:6.1f} s, "
            f"{self.growth_kb:+5d} KiB, {self.growth_blocks:+5d} blocks  {verdict}"
        ).rstrip()


def fuzz(target: Target, size_bytes: int, seed: int) -> Outcome:
    """Feed a decoder; its growth is that of the second half, when its caches are full."""
    begin_s = time.monotonic()
    chance = Chance(seed, target.samples())
    run = _Run(target.open(chance))
    crash, growth = "", (0, 0)
    try:
        run.feed(size_bytes // 2)
        before = _occupied()
        run.feed(size_bytes)
        after = _occupied()
        growth = (after[0] - before[0], after[1] - before[1])
    except Exception as error:  # noqa: BLE001 - what a decoder must not raise is what is looked for
        crash = _describe(error, chance.last)
    seconds = time.monotonic() - begin_s
    return Outcome(target.name, run.fed, run.pieces, run.refused, seconds, *growth, crash)


class _Run:
    """How far one decoder has come."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.fed = 0
        self.pieces = 0
        self.refused = 0

    def feed(self, until_bytes: int) -> None:
        while self.fed < until_bytes:
            size_bytes, refused = self._decoder()
            self.fed += size_bytes
            self.refused += refused
            self.pieces += 1


def _occupied() -> tuple[int, int]:
    """Return resident memory in KiB, and the interpreter's blocks.

    What is free goes back to the system first: holes that one large piece left in the heap are not kept.
    """
    gc.collect()
    if _TRIM is not None:
        _TRIM(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024, sys.getallocatedblocks()


def _describe(error: Exception, piece: bytes) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    shown = piece[:_SHOWN].hex(" ") + (" ..." if len(piece) > _SHOWN else "")
    return f"CRASH {type(error).__name__} at {place}: {str(error)[:_SHOWN]!r}; of {len(piece)} bytes: {shown}"
